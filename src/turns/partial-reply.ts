// Records the text that a turn's model has written so far, so that a cancelled turn can keep its partial reply.
import { storableText } from '../domain/text.ts';
import type { Completion, CompletionRequest, Model } from '../model/model.ts';

/** Wraps a model and records the text of the current attempt. One instance for each run of a turn. */
export class PartialReply implements Model {
  readonly #model: Model;
  #text = '';
  #called = false;

  constructor(model: Model) {
    this.#model = model;
  }

  async complete(request: CompletionRequest): Promise<Completion> {
    this.#text = '';
    this.#called = true;
    const onDelta = (text: string) => {
      this.#text += text;
      request.onDelta?.(text);
    };
    const onVoid = () => {
      this.#text = '';
      request.onVoid?.();
    };
    try {
      return await this.#model.complete({ ...request, onDelta, onVoid });
    } catch (error) {
      // The text of a failed attempt is discarded. The text of an aborted attempt is kept.
      if (!request.signal.aborted) this.#text = '';
      throw error;
    }
  }

  /** Whether a model call has begun. */
  get called(): boolean {
    return this.#called;
  }

  /** The text in a form that can be stored. The abort may have split a surrogate pair. Null: nothing was written. */
  get text(): string | null {
    const text = storableText(this.#text.replace(/[\uD800-\uDBFF]$/, ''));
    return text === '' ? null : text;
  }
}
