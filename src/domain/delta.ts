// The reply as it is being written: the pieces of it, who takes them and who hands them out.

/** Which writing of the reply a piece belongs to. Every retry and every takeover begins a new one; later ones are
 *  greater: an epoch is never reused, and attempts grow within it. */
export interface Generation {
  readonly epoch: number;
  readonly attempt: number;
}

/** A piece of a generation's text. Its place is told in UTF-16 units of the text, so pieces that overlap are cut and a
 *  missing one is noticed, however they were batched and wherever they come from. */
export interface DeltaRecord extends Generation {
  /** Where it begins in the text; a generation begins with an empty record at 0. */
  readonly start: number;
  readonly text: string;
}

/** Less than 0: `a` is the older writing. */
export const compareGenerations = (a: Generation, b: Generation): number => a.epoch - b.epoch || a.attempt - b.attempt;

/** Takes the pieces of one claimed turn. Nothing here waits, rejects or throws: the row is the truth, and what could
 *  not be told of is told from the row at the end. */
export interface DeltaSink {
  write(text: string): void;
  /** What was written is void: another attempt begins. */
  restart(attempt: number): void;
  /** No more comes. */
  end(): void;
}

export interface DeltaWriter {
  open(turnId: string, generation: Generation): DeltaSink;
}

/** What a reader hears of a turn; both are called from the outside at any time and must return at once. */
export interface DeltaListener {
  record(record: DeltaRecord): void;
  /** Records may have been missed: read again. */
  missed(): void;
}

export interface DeltaFeed {
  /** False: nothing can be heard now, so one has to look. */
  readonly listening: boolean;
  /** Hears the turn's records as they are written, until the returned function is called. */
  follow(turnId: string, listener: DeltaListener): () => void;
  /** A page of the kept records that end behind this place, in order; empty: there are no more. Rejects while Redis is
   *  away. */
  read(turnId: string, after: Generation & { readonly offset: number }): Promise<DeltaRecord[]>;
}

/** For a turn whose reply may not be shown while it is written. */
export const NO_DELTAS: DeltaSink = { write: () => {}, restart: () => {}, end: () => {} };
