// The reply while it is being written: its deltas, and the ports that write and read them.

/** One run of writing a reply. Every retry and every takeover begins a new generation. Later generations are greater:
 *  an epoch is never reused, and the attempt number grows within an epoch. */
export interface Generation {
  readonly epoch: number;
  readonly attempt: number;
}

/** A delta of a generation. Its position is counted in UTF-16 units of the text, so that a reader can cut overlapping
 *  deltas and detect a missing one, however they were batched and wherever they come from. */
export interface DeltaRecord extends Generation {
  /** Position in the text where the delta begins. A generation begins with an empty record at 0. */
  readonly start: number;
  readonly text: string;
}

/** Less than 0: `a` is the older generation. */
export const compareGenerations = (a: Generation, b: Generation): number => a.epoch - b.epoch || a.attempt - b.attempt;

/** Accepts the deltas of one claimed turn. No method waits, rejects or throws: the row is the source of truth, and
 *  readers get from the final row what did not reach them. */
export interface DeltaSink {
  write(text: string): void;
  /** Another attempt begins: the text written so far is void. */
  restart(attempt: number): void;
  /** No more deltas follow. */
  end(): void;
}

export interface DeltaWriter {
  open(turnId: string, generation: Generation): DeltaSink;
}

/** Receives the deltas of a turn for one reader. Both methods may be called at any time and must return at once. */
export interface DeltaListener {
  record(record: DeltaRecord): void;
  /** Records may have been missed: read again. */
  missed(): void;
}

export interface DeltaFeed {
  /** False: no records arrive now, so readers have to poll. */
  readonly listening: boolean;
  /** Calls `listener` with the turn's records as they are written, until the returned function is called. */
  follow(turnId: string, listener: DeltaListener): () => void;
  /** A page of the stored records that end after this position, in order; empty: there are no more. Rejects while
   *  Redis is unavailable. */
  read(turnId: string, after: Generation & { readonly offset: number }): Promise<DeltaRecord[]>;
}

/** For a turn whose reply may not be shown while it is written. */
export const NO_DELTAS: DeltaSink = { write: () => {}, restart: () => {}, end: () => {} };
