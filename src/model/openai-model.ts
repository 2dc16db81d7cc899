// The model port over the openai SDK: one streamed attempt with one timeout for all of it, without retries.
import { inSpan } from '../telemetry/tracing.ts';
import { failureOf, reportedError } from './failure.ts';
import { callBody, type CallBody, type CallSettings } from './call-body.ts';
import { withDeadline, type Client } from './openai-client.ts';
import { ModelError, type Completion, type CompletionRequest, type Model } from './model.ts';
import { refusedOf, type EndpointProfile, type Refused } from './profile.ts';
import { jsonOf, ReplyReader } from './reply-reader.ts';
import { ResponseBody } from './response-body.ts';
import { streamedCall, type OpenReader } from './streamed-call.ts';
import { retryAfterMs, waitOf } from './waits.ts';

export interface OpenAiModelOptions extends CallSettings {
  readonly client: Client;
  /** Timeout of a whole attempt, including its stream, in seconds. */
  readonly timeoutS: number;
  readonly profile: EndpointProfile;
}

/** The names of the tools that the model may ask for. */
function callableTools({ tools = [], toolChoice }: CompletionRequest): ReadonlySet<string> | undefined {
  return tools.length === 0 || toolChoice === 'none' ? undefined : new Set(tools.map(({ name }) => name));
}

/** Whether the endpoint refused what an answer must not do without: another model may take it. */
const isOfTools = (refused: Refused, body: CallBody): boolean =>
  refused !== 'system messages' &&
  (refused.parameter === 'tools' || (refused.parameter === 'tool_choice' && body['tool_choice'] !== 'auto'));

export class OpenAiModel implements Model {
  readonly #client: Client;
  /** The address and the headers of every call, as the SDK builds them. */
  #template: Promise<{ readonly url: URL; readonly headers: Record<string, string> }> | undefined;
  readonly #settings: CallSettings;
  readonly #timeoutMs: number;
  readonly #profile: EndpointProfile;

  constructor({ client, timeoutS, profile, ...settings }: OpenAiModelOptions) {
    this.#client = client;
    this.#settings = settings;
    this.#profile = profile;
    this.#timeoutMs = timeoutS * 1000;
  }

  /** Runs the attempt in a span that follows OpenTelemetry's conventions for generative AI, without text. */
  complete(request: CompletionRequest): Promise<Completion> {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': this.#settings.model,
    };
    return inSpan(`chat ${this.#settings.model}`, { kind: 'client', attributes }, async (span) => {
      const attempt = (combined: AbortSignal, timedOut: () => boolean) => this.#attempt(request, combined, timedOut);
      const completion = await withDeadline(request.signal, this.#timeoutMs, attempt);
      const { model, usage, finishReason } = completion;
      span.setAttributes({
        'gen_ai.response.model': model,
        'gen_ai.response.finish_reasons': [finishReason],
        ...(usage && {
          'gen_ai.usage.input_tokens': usage.inputTokens,
          'gen_ai.usage.output_tokens': usage.outputTokens,
        }),
      });
      return completion;
    });
  }

  async #attempt(request: CompletionRequest, combined: AbortSignal, timedOut: () => boolean): Promise<Completion> {
    const { signal, onDelta, onVoid } = request;
    let headers: (() => Headers) | undefined;
    const reply = new ReplyReader({
      model: this.#settings.model,
      onDelta,
      onVoid,
      tools: callableTools(request),
      holdDeltas: this.#profile.reasonsFirst,
      retryAfterMs: () => retryAfterMs(headers?.(), Date.now()),
    });
    const body = callBody(request, this.#settings, this.#profile);
    try {
      await this.#call(body, combined, (contentType, headersOf) => {
        headers = headersOf;
        return new ResponseBody(reply, contentType);
      });
      // The last chunks may have arrived together, before the connection noticed the abort.
      combined.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      // If the time is up in the grace period, the reply is whole.
      if (!(timedOut() && reply.isWhole)) throw this.#adaptTo(failureOf(error, timedOut(), Date.now()), body);
    }
    if (reply.startedWithReasoning) this.#profile.learnReasonsFirst();
    return reply.completion();
  }

  /** If the endpoint refused something that calls can do without, the next attempt does. Each refusal leaves less. */
  #adaptTo(error: ModelError, body: CallBody): ModelError {
    const refused = error.refusal && refusedOf(body, error.refusal);
    if (!refused) return error;
    if (isOfTools(refused, body)) {
      const detail = 'the model endpoint refused the tools, or how they have to be used';
      return new ModelError('tools_not_accepted', detail, { retryable: false, cause: error });
    }
    this.#profile.learn(refused);
    return new ModelError(error.code, error.message, { retryable: true, adapted: true, unbilled: error.unbilled });
  }

  /** @throws ModelError, or an error of the connection */
  async #call(body: CallBody, signal: AbortSignal, open: OpenReader): Promise<void> {
    this.#template ??= this.#newTemplate().catch((error: unknown) => {
      this.#template = undefined;
      if (!(error instanceof TypeError)) throw error;
      const detail = 'the key or the address of the model endpoint has characters that cannot be sent';
      throw new ModelError('model_unauthorized', detail, { retryable: false, cause: error });
    });
    const { url, headers } = await this.#template;
    const request = { url, headers, body: JSON.stringify(body), signal };
    const failed = await streamedCall(this.#client.dispatcher, request, open);
    if (!failed) return;
    const { status, text } = failed;
    const afterMs = waitOf(status, failed.headers, Date.now());
    // Some endpoints send the error of a stream as an event.
    const reported = jsonOf(text) ?? jsonOf(text.replace(/^(?:event:.*\n)?data:/, '')) ?? text;
    throw reportedError({ status, body: reported, retryAfterMs: afterMs });
  }

  async #newTemplate() {
    const { req, url } = await this.#client.sdk.buildRequest({ method: 'post', path: '/chat/completions', body: {} });
    // Bodies are not decompressed here.
    return { url: new URL(url), headers: { ...Object.fromEntries(req.headers), 'accept-encoding': 'identity' } };
  }
}
