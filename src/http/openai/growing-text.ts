// The text that a client puts together from pieces. What was sent cannot be taken back in OpenAI's protocols.

export class GrowingText {
  /** The pieces that came of what the client has. */
  #known = '';
  /** Of the present writing, in UTF-16 units. */
  #length = 0;
  /** So much the client has from an earlier stream. */
  readonly #had: number;

  constructor(had = 0) {
    this.#had = had;
  }

  /** Where the present writing has come to. */
  get length(): number {
    return this.#length;
  }

  /** The reply is written anew. False: the client has text that is not known here, which can no longer be compared. */
  restart(): boolean {
    this.#length = 0;
    return this.#known.length >= this.#had;
  }

  /** What the client lacks of this next piece; null: it contradicts what the client has. */
  add(piece: string): string | null {
    const before = this.#known.length;
    const known = this.#known.slice(this.#length, this.#length + piece.length);
    if (!piece.startsWith(known)) return null;
    this.#length += piece.length;
    const fresh = piece.slice(known.length);
    this.#known += fresh;
    return fresh.slice(Math.max(0, this.#had - before));
  }

  /** What the client lacks of the whole reply; null: it contradicts what the client has. */
  finish(reply: string): string | null {
    if (reply.length < this.#known.length) return null;
    this.#length = 0;
    return this.add(reply);
  }
}
