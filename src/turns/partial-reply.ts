// What a turn's model has written so far, for the case that nobody waits for the end of it.
import type { Completion, CompletionRequest, Model } from '../model/model.ts';

/** A model that remembers what it told of its present attempt; one for each run of a turn. */
export class PartialReply implements Model {
  readonly #model: Model;
  #written = '';

  constructor(model: Model) {
    this.#model = model;
  }

  async complete(request: CompletionRequest): Promise<Completion> {
    this.#written = '';
    const onDelta = (text: string) => {
      this.#written += text;
      request.onDelta?.(text);
    };
    try {
      return await this.#model.complete({ ...request, onDelta });
    } catch (error) {
      // An attempt that failed is void; one that was cut off is what we are here for.
      if (!request.signal.aborted) this.#written = '';
      throw error;
    }
  }

  /** As it can be stored: PostgreSQL takes no NUL, and a cut may leave half of a character. Null: nothing was written. */
  get text(): string | null {
    const text = this.#written
      .replaceAll('\0', '')
      .replace(/[\uD800-\uDBFF]$/, '')
      .toWellFormed();
    return text === '' ? null : text;
  }
}
