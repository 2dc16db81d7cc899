// The moderation endpoint behind the openai SDK: one attempt, with one deadline over all of it.
import type OpenAI from 'openai';
import { z } from 'zod';
import { failureOf } from './failure.ts';
import { ModelError, type Moderated, type ModerationRequest, type Moderator } from './model.ts';
import { clientOf, withDeadline, type Endpoint } from './openai-client.ts';

/** Endpoints other than OpenAI's have other categories; null where a model does not know one. */
const answer = z.object({
  results: z.array(z.object({ flagged: z.boolean(), categories: z.record(z.string(), z.boolean().nullable()) })),
});

const moderatedOf = ({ flagged, categories }: z.output<typeof answer>['results'][number]): Moderated => ({
  flagged,
  categories: Object.keys(categories).filter((category) => categories[category] === true),
});

export class OpenAiModerator implements Moderator {
  readonly #client: OpenAI;
  readonly #timeoutMs: number;

  constructor(endpoint: Endpoint) {
    this.#timeoutMs = endpoint.timeoutS * 1000;
    this.#client = clientOf(endpoint);
  }

  moderate(request: ModerationRequest): Promise<readonly Moderated[]> {
    const attempt = (either: AbortSignal, late: () => boolean) => this.#attempt(request, either, late);
    return withDeadline(request.signal, this.#timeoutMs, attempt);
  }

  async #attempt(
    { model, texts, signal }: ModerationRequest,
    either: AbortSignal,
    late: () => boolean,
  ): Promise<readonly Moderated[]> {
    try {
      const body = await this.#client.moderations.create({ model, input: [...texts] }, { signal: either });
      const { data } = answer.safeParse(body);
      // A verdict that is missing, or of which nobody knows whose it is, is none.
      if (data?.results.length !== texts.length) {
        const detail = 'the moderation endpoint sent no verdict for each text';
        throw new ModelError('model_malformed_reply', detail, { retryable: true });
      }
      return data.results.map(moderatedOf);
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error, late(), Date.now());
    }
  }
}
