// What one reader has heard and not taken yet: bounded, since a slow reader can read again from the stream.
import { compareGenerations, type DeltaListener, type DeltaRecord, type Generation } from '../domain/delta.ts';

export interface DeltaLimits {
  readonly records: number;
  /** UTF-16 units. */
  readonly characters: number;
}

export const DELTA_LIMITS: DeltaLimits = { records: 64, characters: 8_192 };

export class DeltaBuffer implements DeltaListener {
  readonly #bounds: DeltaLimits;
  readonly #wake: () => void;
  #records: DeltaRecord[] = [];
  #characters = 0;
  #missed = true;
  /** A generation of which pieces are lost for good. */
  #lost: Generation | null = null;

  constructor(bounds: DeltaLimits, wake: () => void) {
    this.#bounds = bounds;
    this.#wake = wake;
  }

  get any(): boolean {
    return this.#missed || this.#records.length > 0;
  }

  record(record: DeltaRecord): void {
    if (!this.#missed) {
      this.#records.push(record);
      this.#characters += record.text.length;
      if (this.#records.length > this.#bounds.records || this.#characters > this.#bounds.characters) this.missed();
    }
    this.#wake();
  }

  missed(): void {
    this.#missed = true;
    this.#records = [];
    this.#characters = 0;
    this.#wake();
  }

  /** The next to tell of; `missed`: read the stream now. */
  next(): DeltaRecord | 'missed' | null {
    if (this.#missed) {
      this.#missed = false;
      return 'missed';
    }
    const record = this.#records.shift() ?? null;
    this.#characters -= record?.text.length ?? 0;
    return record;
  }

  /** A heard record does not follow on what was told: the stream has what is between, unless that was lost. */
  gapBefore(record: DeltaRecord): void {
    if (this.#lost && compareGenerations(record, this.#lost) === 0) return;
    this.missed();
  }

  /** The stream itself lacks what comes before this record. The end of the turn tells it; until then every further
   *  record of the generation would read the stream in vain. */
  lostBefore({ epoch, attempt }: DeltaRecord): void {
    this.#lost = { epoch, attempt };
  }
}
