// Counts the model calls of a turn, and numbers the texts that readers get.

export class CallCount {
  /** Of the row: the claim has counted the first call that is made under it. */
  readonly #counted: number;
  #begun: number;
  #restarts = 0;

  constructor(counted: number) {
    this.#counted = counted;
    this.#begun = counted - 1;
  }

  /** The model calls of the turn that have begun, under all claims. */
  get begun(): number {
    return this.#begun;
  }

  /** What a turn that fails shows: at least the call that its claim has counted. */
  get forFailure(): number {
    return Math.max(this.#begun, this.#counted);
  }

  /** Another call begins. True: it is not the first one under this claim. */
  next(): boolean {
    this.#begun += 1;
    return this.#begun > this.#counted;
  }

  /** The number of the text that begins now. It grows with each restart, and never falls behind the calls of the row. */
  restart(): number {
    this.#restarts += 1;
    return this.#counted + this.#restarts;
  }
}
