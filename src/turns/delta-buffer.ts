// The records that were received for one reader and not sent yet. The buffer is bounded, because a slow reader can read
// the records again from the stream.
import { compareGenerations, type DeltaListener, type DeltaRecord, type Generation } from '../domain/delta.ts';

/** Limits of one buffer. */
export interface DeltaLimits {
  readonly records: number;
  /** UTF-16 units. */
  readonly characters: number;
}

export const DELTA_LIMITS: DeltaLimits = { records: 64, characters: 8_192 };

export class DeltaBuffer implements DeltaListener {
  readonly #limits: DeltaLimits;
  readonly #wake: () => void;
  #records: DeltaRecord[] = [];
  #characters = 0;
  #missed = true;
  /** A generation whose stream lacks records for good. */
  #lost: Generation | null = null;

  constructor(limits: DeltaLimits, wake: () => void) {
    this.#limits = limits;
    this.#wake = wake;
  }

  /** Whether `next` returns something. */
  get hasNext(): boolean {
    return this.#missed || this.#records.length > 0;
  }

  record(record: DeltaRecord): void {
    if (!this.#missed) {
      this.#records.push(record);
      this.#characters += record.text.length;
      if (this.#records.length > this.#limits.records || this.#characters > this.#limits.characters) this.missed();
    }
    this.#wake();
  }

  missed(): void {
    this.#missed = true;
    this.#records = [];
    this.#characters = 0;
    this.#wake();
  }

  /** Removes and returns the next record; `missed`: records were dropped, and the caller must read the stream; null:
   *  the buffer is empty. */
  next(): DeltaRecord | 'missed' | null {
    if (this.#missed) {
      this.#missed = false;
      return 'missed';
    }
    const record = this.#records.shift() ?? null;
    this.#characters -= record?.text.length ?? 0;
    return record;
  }

  /** To be called if records are missing before this one. The stream has them, unless `lostBefore` was called for the
   *  generation. */
  gapBefore(record: DeltaRecord): void {
    if (this.#lost && compareGenerations(record, this.#lost) === 0) return;
    this.missed();
  }

  /** To be called if the stream itself lacks the records before this one. The reader gets the full text with the final
   *  turn. Until then, reading the stream for further records of the generation would be useless. */
  lostBefore({ epoch, attempt }: DeltaRecord): void {
    this.#lost = { epoch, attempt };
  }
}
