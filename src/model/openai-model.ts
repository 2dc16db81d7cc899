// The model port over the openai SDK: one streamed attempt with one timeout for all of it, without retries.
import { APIError } from 'openai';
import type OpenAI from 'openai';
import { inSpan } from '../telemetry/tracing.ts';
import { eventReader } from './event-stream.ts';
import { failureOf } from './failure.ts';
import { clientOf, withDeadline, type Client, type Endpoint } from './openai-client.ts';
import { streamedCall, type ErrorResponse, type OpenReader } from './streamed-call.ts';
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
  readonly #client: Client;
  /** The address and the headers of every call, as the SDK builds them. */
  #template: Promise<{ readonly url: URL; readonly headers: Record<string, string> }> | undefined;
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
      const onValue = (value: unknown): void => {
        const before = gathered.text.length;
        addChunk(gathered, value as Chunk);
        if (gathered.text.length > before) onDelta?.(gathered.text.slice(before));
      };
      await this.#call(messages, combined, (headers) => eventReader(onValue, headers));
      // The last chunks may have arrived together, before the connection noticed the abort.
      combined.throwIfAborted();
      return completionOf(gathered);
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error, timedOut(), Date.now());
    }
  }

  /** @throws APIError as the SDK throws it */
  async #call(messages: CompletionRequest['messages'], signal: AbortSignal, open: OpenReader): Promise<void> {
    this.#template ??= this.#newTemplate().catch((error: unknown) => {
      this.#template = undefined;
      throw error;
    });
    const { url, headers } = await this.#template;
    const call = { model: this.#model, messages, stream: true, stream_options: { include_usage: true } };
    const failed = await streamedCall(
      this.#client.dispatcher,
      { url, headers, body: JSON.stringify(call), signal },
      open,
    );
    if (failed) throw apiErrorOf(failed);
  }

  async #newTemplate() {
    const { req, url } = await this.#client.sdk.buildRequest({ method: 'post', path: '/chat/completions', body: {} });
    // Bodies are not decompressed here.
    return { url: new URL(url), headers: { ...Object.fromEntries(req.headers), 'accept-encoding': 'identity' } };
  }
}

/** The error of the SDK for this response. */
function apiErrorOf({ status, headers, text }: ErrorResponse): APIError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return APIError.generate(status, undefined, text, headers);
  }
  const hasError = typeof body === 'object' && body !== null && 'error' in body;
  return APIError.generate(status, (hasError ? body : { error: body }) as object, undefined, headers);
}
