// The moderator port over the openai SDK: one attempt with one timeout for all of it, without retries.
import type OpenAI from 'openai';
import { z } from 'zod';
import { storableText } from '../domain/text.ts';
import { failureOf } from './failure.ts';
import { ModelError, type Moderated, type ModerationRequest, type Moderator } from './model.ts';
import { withDeadline, type Client } from './openai-client.ts';

/** Other endpoints have other categories than OpenAI. Null: the model does not know the category. */
const response = z.object({
  results: z.array(z.object({ flagged: z.boolean(), categories: z.record(z.string(), z.boolean().nullable()) })),
});

const moderatedOf = ({ flagged, categories }: z.output<typeof response>['results'][number]): Moderated => ({
  flagged,
  categories: Object.keys(categories)
    .filter((category) => categories[category] === true)
    .map(storableText),
});

export class OpenAiModerator implements Moderator {
  readonly #client: OpenAI;
  readonly #timeoutMs: number;

  constructor(client: Client, timeoutS: number) {
    this.#timeoutMs = timeoutS * 1000;
    this.#client = client.sdk;
  }

  moderate(request: ModerationRequest): Promise<readonly Moderated[]> {
    const attempt = (combined: AbortSignal, timedOut: () => boolean) => this.#attempt(request, combined, timedOut);
    return withDeadline(request.signal, this.#timeoutMs, attempt);
  }

  async #attempt(
    { model, texts, signal }: ModerationRequest,
    combined: AbortSignal,
    timedOut: () => boolean,
  ): Promise<readonly Moderated[]> {
    try {
      const body = await this.#client.moderations.create({ model, input: [...texts] }, { signal: combined });
      const { data } = response.safeParse(body);
      // With another number of verdicts it is unknown which verdict belongs to which text.
      if (data?.results.length !== texts.length) {
        const detail = 'the moderation endpoint did not send one verdict for each text';
        throw new ModelError('model_malformed_reply', detail, { retryable: true });
      }
      return data.results.map(moderatedOf);
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error, timedOut(), Date.now());
    }
  }
}
