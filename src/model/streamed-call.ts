// One request whose response is read as it arrives, with undici's lowest interface: no stream and no response object for
// each call (docs/decisions/0029-model-transport.md).
import { APIConnectionError } from 'openai';
import type { Dispatcher } from 'undici';

/** Maximum length of the body of an error, in bytes. */
const ERROR_LIMIT = 4 * 1024 * 1024;
/** Milliseconds to wait for the end of a response after its last event, so that its connection is used again. */
const END_MS = 1_000;
/** Milliseconds to wait for what may follow a reply that is whole, such as its usage. */
const GRACE_MS = 1_000;

export interface StreamedRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** `more`: the response continues. `whole`: what is needed has arrived; a little more may follow. `idle`: the same, and
 *  these bytes added nothing. `done`: nothing follows. */
export type Progress = 'more' | 'whole' | 'idle' | 'done';

/** Reads the bytes of a response. */
export interface BytesReader {
  read(bytes: Buffer): Progress;
  /** The response has ended. */
  end(): void;
}

/** Creates the reader of a 2xx response with this content type. `headers` builds the headers of the response, which only
 *  errors need. */
export type OpenReader = (contentType: string, headers: () => Headers) => BytesReader;

/** A response with another status than 2xx. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Controller = Dispatcher.DispatchController;

class Handler implements Dispatcher.DispatchHandler {
  readonly result = Promise.withResolvers<ErrorResponse | null>();
  readonly #open: OpenReader;
  #reader: BytesReader | undefined;
  #controller: Controller | undefined;
  #aborted: Error | undefined;
  /** Null: the response has not started. */
  #headers: Readonly<Record<string, string>> | null = null;
  #error: { readonly status: number; readonly chunks: Buffer[]; length: number } | undefined;
  #done = false;
  /** What is needed has arrived. */
  #whole = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(open: OpenReader) {
    this.#open = open;
  }

  abort(reason: Error): void {
    this.result.reject(reason);
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(this.#aborted);
  }

  onResponseStart(
    _controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Informational: the response follows.
    if (status < 200) return;
    this.#headers = headers as Record<string, string>;
    if (status >= 300) this.#error = { status, chunks: [], length: 0 };
    else this.#reader = this.#open(String(headers['content-type'] ?? ''), () => this.#newHeaders());
  }

  #newHeaders(): Headers {
    return new Headers(this.#headers!);
  }

  onResponseData(controller: Controller, bytes: Buffer): void {
    if (this.#done) return;
    if (this.#error) return this.#readError(bytes);
    try {
      this.#progress(controller, this.#reader!.read(bytes));
    } catch (error) {
      this.abort(error as Error);
    }
  }

  #progress(controller: Controller, progress: Progress): void {
    if (progress === 'idle') return;
    clearTimeout(this.#timer);
    this.#whole = progress !== 'more';
    if (progress === 'done') this.#finish(controller);
    if (progress !== 'whole') return;
    this.#timer = setTimeout(() => {
      this.#done = true;
      this.result.resolve(null);
      controller.abort(new Error('the response does not end'));
    }, GRACE_MS);
  }

  #readError(bytes: Buffer): void {
    const error = this.#error!;
    error.chunks.push(bytes);
    error.length += bytes.length;
    if (error.length <= ERROR_LIMIT) return;
    this.#fail();
    this.#controller!.abort(new Error('the rest of the response is not needed'));
  }

  #fail(): void {
    const { status, chunks } = this.#error!;
    this.result.resolve({ status, headers: this.#newHeaders(), text: Buffer.concat(chunks).toString() });
    this.#done = true;
  }

  /** The last event was read. The response should end soon; otherwise its connection is closed. */
  #finish(controller: Controller): void {
    this.#done = true;
    this.result.resolve(null);
    this.#timer = setTimeout(() => controller.abort(new Error('the response does not end')), END_MS);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    if (this.#done) return;
    if (this.#error) return this.#fail();
    try {
      this.#reader!.end();
      this.result.resolve(null);
    } catch (error) {
      this.result.reject(error);
    }
  }

  onResponseError(_controller: Controller, error: Error): void {
    clearTimeout(this.#timer);
    if (this.#whole) return this.result.resolve(null);
    this.result.reject(this.#headers ? error : new APIConnectionError({ cause: error }));
  }
}

/** Posts the request and passes the bytes of a 2xx response to a reader. Returns when the reader needs no more, even if
 *  the connection breaks then or stays open, or the error response; null: none. Rejects with the signal's reason, with what the reader throws, or with an error of the
 *  connection. A response that was not read to its end loses its connection. */
export async function streamedCall(
  dispatcher: Dispatcher,
  { url, headers, body, signal }: StreamedRequest,
  open: OpenReader,
): Promise<ErrorResponse | null> {
  signal.throwIfAborted();
  const handler = new Handler(open);
  const abort = () => handler.abort(signal.reason as Error);
  signal.addEventListener('abort', abort);
  try {
    const path = url.pathname + url.search;
    dispatcher.dispatch({ origin: url.origin, path, method: 'POST', headers, body }, handler);
    return await handler.result.promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
