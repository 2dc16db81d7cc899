// The model port over the openai SDK: one streamed attempt with one timeout for all of it, without retries.
import type OpenAI from 'openai';
import { inSpan } from '../telemetry/tracing.ts';
import { readValues } from './event-stream.ts';
import { failureOf } from './failure.ts';
import { clientOf, withDeadline, type Endpoint } from './openai-client.ts';
import { ModelError, type Completion, type CompletionRequest, type Model } from './model.ts';

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;

/** Maximum length of a reply in UTF-16 units. A longer one is not a chat message. */
const REPLY_LIMIT = 200_000;

export interface OpenAiModelOptions extends Endpoint {
  readonly model: string;
}

interface Gathered {
  text: string;
  refusal: string;
  model: string;
  finish: string | null;
  inputTokens: number;
  outputTokens: number;
}

function addChunk(gathered: Gathered, chunk: Chunk): void {
  gathered.model = chunk.model || gathered.model;
  gathered.inputTokens = chunk.usage?.prompt_tokens ?? gathered.inputTokens;
  gathered.outputTokens = chunk.usage?.completion_tokens ?? gathered.outputTokens;
  const choice = chunk.choices?.[0];
  gathered.text += choice?.delta?.content ?? '';
  gathered.refusal += choice?.delta?.refusal ?? '';
  gathered.finish = choice?.finish_reason ?? gathered.finish;
  if (gathered.text.length > REPLY_LIMIT) {
    throw new ModelError('model_reply_too_long', `the reply has more than ${REPLY_LIMIT} characters`, {
      retryable: false,
    });
  }
}

/** The completion of a gathered reply. @throws ModelError if the reply is not complete */
function completionOf({ text, refusal, model, finish, inputTokens, outputTokens }: Gathered): Completion {
  if (refusal !== '' || finish === 'content_filter') {
    throw new ModelError('model_refused', 'the model refused to answer', { retryable: false });
  }
  if (finish === null) throw new ModelError('model_unavailable', 'the reply is incomplete', { retryable: true });
  if (text.trim() === '') throw new ModelError('model_malformed_reply', 'the reply is empty', { retryable: true });
  // PostgreSQL stores neither NUL nor lone surrogates.
  const stored = text.replaceAll('\0', '').toWellFormed();
  return { text: stored, model, usage: { inputTokens, outputTokens } };
}

export class OpenAiModel implements Model {
  readonly #client: OpenAI;
  readonly #model: string;
  readonly #timeoutMs: number;

  constructor({ model, ...endpoint }: OpenAiModelOptions) {
    this.#model = model;
    this.#timeoutMs = endpoint.timeoutS * 1000;
    this.#client = clientOf(endpoint);
  }

  /** Runs the attempt in a span that follows OpenTelemetry's conventions for generative AI, without text. */
  complete(request: CompletionRequest): Promise<Completion> {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': this.#model,
    };
    return inSpan(`chat ${this.#model}`, { kind: 'client', attributes }, async (span) => {
      const attempt = (combined: AbortSignal, timedOut: () => boolean) => this.#attempt(request, combined, timedOut);
      const completion = await withDeadline(request.signal, this.#timeoutMs, attempt);
      const { model, usage } = completion;
      span.setAttributes({
        'gen_ai.response.model': model,
        'gen_ai.usage.input_tokens': usage.inputTokens,
        'gen_ai.usage.output_tokens': usage.outputTokens,
      });
      return completion;
    });
  }

  async #attempt(
    { messages, signal, onDelta }: CompletionRequest,
    combined: AbortSignal,
    timedOut: () => boolean,
  ): Promise<Completion> {
    const gathered: Gathered = {
      text: '',
      refusal: '',
      model: this.#model,
      finish: null,
      inputTokens: 0,
      outputTokens: 0,
    };
    try {
      const response = await this.#client.chat.completions
        .create(
          { model: this.#model, messages: [...messages], stream: true, stream_options: { include_usage: true } },
          { signal: combined },
        )
        .asResponse();
      await readValues(response, (value) => {
        const before = gathered.text.length;
        addChunk(gathered, value as Chunk);
        if (gathered.text.length > before) onDelta?.(gathered.text.slice(before));
      });
      // The last chunks may have arrived together, before the connection noticed the abort.
      combined.throwIfAborted();
      return completionOf(gathered);
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error, timedOut(), Date.now());
    }
  }
}
