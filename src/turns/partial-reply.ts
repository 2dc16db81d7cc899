// Records the text that a turn's model has written so far, so that a cancelled turn can keep its partial reply.
import { storableText } from '../domain/text.ts';
import type { Completion, CompletionRequest, Model } from '../model/model.ts';

/** For how long deltas are held back after the text was requested. A cancellation needs less: it waits up to a second for
 *  the text. If the turn is not cancelled, the deltas follow. */
const HOLD_MS = 3_000;

/** Records the text of the current attempt of the models that a turn calls. One instance for each run of a turn. */
export class PartialReply {
  readonly #isShown: () => boolean;
  #text = '';
  #called = false;
  /** By `performance.now()`. */
  #heldUntil = 0;
  /** Deltas that were held back. */
  #held = '';

  /** `isShown`: whether readers may see the text while it is being written. Otherwise it is never given out. */
  constructor(isShown: () => boolean) {
    this.#isShown = isShown;
  }

  /** The same model, with its text recorded. */
  of(model: Model): Model {
    return { complete: (request) => this.#complete(model, request) };
  }

  async #complete(model: Model, request: CompletionRequest): Promise<Completion> {
    this.void();
    this.#called = true;
    const onDelta = (text: string) => {
      this.#text += text;
      this.#held += text;
      // Deltas that are still held back when the reply ends are left out: readers get them with the final turn.
      if (performance.now() < this.#heldUntil) return;
      request.onDelta?.(this.#held);
      this.#held = '';
    };
    const onVoid = () => {
      this.void();
      request.onVoid?.();
    };
    try {
      return await model.complete({ ...request, onDelta, onVoid });
    } catch (error) {
      // The text of a failed attempt is discarded. The text of an aborted attempt is kept.
      if (!request.signal.aborted) this.#text = '';
      throw error;
    }
  }

  /** The text so far is no part of the reply: it came before a call of a tool. */
  void(): void {
    this.#text = '';
    this.#held = '';
  }

  /** Whether a model call has begun. */
  get called(): boolean {
    return this.#called;
  }

  /** The text so far, for a turn that is about to be cancelled. Deltas are held back from now on, so that no reader sees
   *  more than this text. Null: nothing was written, or it must not be shown. */
  hold(): string | null {
    this.#heldUntil = performance.now() + HOLD_MS;
    return this.#isShown() ? this.#storable : null;
  }

  /** A delta may end within a surrogate pair. */
  get #storable(): string | null {
    const text = storableText(this.#text.replace(/[\uD800-\uDBFF]$/, ''));
    return text === '' ? null : text;
  }
}
