// The model port over the openai SDK: one streamed attempt with one timeout for all of it, without retries.
import { inSpan } from '../telemetry/tracing.ts';
import { failureOf, reportedError, retryAfterMs } from './failure.ts';
import { clientOf, withDeadline, type Client, type Endpoint } from './openai-client.ts';
import { ModelError, type Completion, type CompletionRequest, type Model } from './model.ts';
import { EndpointProfile } from './profile.ts';
import { jsonOf, ReplyReader } from './reply-reader.ts';
import { ResponseBody } from './response-body.ts';
import { streamedCall, type OpenReader } from './streamed-call.ts';

/** The body of a call. */
interface Body {
  readonly model: string;
  readonly messages: CompletionRequest['messages'];
  readonly stream: true;
  readonly stream_options?: { readonly include_usage: true };
}

export interface OpenAiModelOptions extends Endpoint {
  readonly model: string;
  /** Called once for each peculiarity of the endpoint that its answers show. */
  readonly onLearned: (what: string) => void;
}

export class OpenAiModel implements Model {
  readonly #client: Client;
  /** The address and the headers of every call, as the SDK builds them. */
  #template: Promise<{ readonly url: URL; readonly headers: Record<string, string> }> | undefined;
  readonly #model: string;
  readonly #timeoutMs: number;
  readonly #profile: EndpointProfile;

  constructor({ model, onLearned, ...endpoint }: OpenAiModelOptions) {
    this.#model = model;
    this.#profile = new EndpointProfile(onLearned);
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

  async #attempt(
    { messages, signal, onDelta, onVoid }: CompletionRequest,
    combined: AbortSignal,
    timedOut: () => boolean,
  ): Promise<Completion> {
    let headers: (() => Headers) | undefined;
    const reply = new ReplyReader({
      model: this.#model,
      onDelta,
      onVoid,
      holdDeltas: this.#profile.reasonsFirst,
      retryAfterMs: () => retryAfterMs(headers?.(), Date.now()),
    });
    const body = this.#bodyOf(messages);
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

  #bodyOf(messages: CompletionRequest['messages']): Body {
    const body = { model: this.#model, messages, stream: true } as const;
    return this.#profile.omits('stream_options') ? body : { ...body, stream_options: { include_usage: true } };
  }

  /** If the endpoint refused a parameter that the call had, the next attempt omits it. It happens once for a parameter. */
  #adaptTo(error: ModelError, body: Body): ModelError {
    const { refusedParameter: name, code, message } = error;
    if (name === null || !(name in body)) return error;
    this.#profile.omit(name);
    return new ModelError(code, message, { retryable: true, adapted: true });
  }

  /** @throws ModelError, or an error of the connection */
  async #call(body: Body, signal: AbortSignal, open: OpenReader): Promise<void> {
    this.#template ??= this.#newTemplate().catch((error: unknown) => {
      this.#template = undefined;
      throw error;
    });
    const { url, headers } = await this.#template;
    const request = { url, headers, body: JSON.stringify(body), signal };
    const failed = await streamedCall(this.#client.dispatcher, request, open);
    if (!failed) return;
    const { status, text } = failed;
    const afterMs = retryAfterMs(failed.headers, Date.now());
    throw reportedError({ status, body: jsonOf(text) ?? text, retryAfterMs: afterMs });
  }

  async #newTemplate() {
    const { req, url } = await this.#client.sdk.buildRequest({ method: 'post', path: '/chat/completions', body: {} });
    // Bodies are not decompressed here.
    return { url: new URL(url), headers: { ...Object.fromEntries(req.headers), 'accept-encoding': 'identity' } };
  }
}
