// The requests of an MCP connection: the address rule, the headers of the operator, deadlines and limits, in the form that
// the SDK calls.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Attempt } from '../domain/tools/attempts.ts';
import type { McpServer } from '../domain/tools/tool.ts';
import { send, type AddressRule } from '../outbound/request.ts';
import { traceparent } from '../telemetry/tracing.ts';
import type { Exchange } from './exchange.ts';
import { attemptOfResponse } from './http-call.ts';

/** Time for requests that belong to no call, and for the head of an event stream. */
export const REQUEST_MS = 5_000;
/** A longer response is broken off: the SDK keeps a response in memory until it has read it. */
const MOST_BYTES = 4 * 1024 * 1024;
/** The SDK opens an event stream again when it ends, as soon as the server asks for. */
const STREAM_PAUSE_MS = 1_000;
/** Responses with these statuses have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);
/** An event with an id: the SDK resumes a stream that breaks after it. */
const EVENT_ID = /(?:^|\n)id:/;

/** A call on its way through the SDK, and what became of its request. */
export class McpRequest {
  readonly exchange: Exchange;
  /** Text in the body of the request that stands for the arguments, and their text. The SDK would parse and write them again. */
  readonly arguments: { readonly mark: string; readonly text: string };
  /** How the request ended, if its status was not 2xx. */
  refusal: { readonly status: number; readonly attempt: Attempt } | null = null;
  /** Aborts when the call has ended: nobody reads its response any more. */
  readonly finished = new AbortController();
  /** Rejects when the response has ended or broken off, and cannot be resumed. */
  readonly ended: Promise<never>;
  #reject: (error: unknown) => void = () => {};

  constructor(exchange: Exchange, args: McpRequest['arguments']) {
    this.exchange = exchange;
    this.arguments = args;
    this.ended = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Nobody waits for it if the call has a result.
    this.ended.catch(() => {});
  }

  end(error: unknown): void {
    this.#reject(error);
  }
}

/** The call whose request is being sent. The SDK has no other way to tell its transport. */
export const currentRequest = new AsyncLocalStorage<McpRequest>();

/** The parts of the response, as many as are allowed. `onEnd`: the response has ended or broken off. */
async function* partsOf(response: IncomingMessage, onEnd?: (error: unknown, hasIds: boolean) => void) {
  let [read, hasIds, failure]: [number, boolean, unknown] = [0, false, new Error('the response has ended')];
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      read += part.length;
      if (read > MOST_BYTES) throw new Error(`the response has more than ${MOST_BYTES} bytes`);
      hasIds ||= onEnd !== undefined && EVENT_ID.test(part.toString('latin1'));
      yield part;
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    onEnd?.(failure, hasIds);
  }
}

/** The header `location` is left out: the SDK would follow a redirect. */
function headersOf({ headers: { location: _, ...headers } }: IncomingMessage): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers))
    for (const each of [value ?? []].flat()) result.append(name, each);
  return result;
}

/** The time that the SDK gets to deliver a result whose response has ended. */
const DELIVERY_MS = 100;

/** The response in the form of the SDK. `call`: the call that it answers. */
async function responseOf(response: IncomingMessage, call: McpRequest | undefined): Promise<Response> {
  const status = response.statusCode!;
  const headers = headersOf(response);
  if (call && (status < 200 || status >= 300)) {
    call.refusal = { status, attempt: await attemptOfResponse(response) };
    return new Response(null, { status, headers });
  }
  if (WITHOUT_BODY.has(status)) {
    response.on('error', () => {}).resume();
    return new Response(null, { status, headers });
  }
  const onEnd = (error: unknown, hasIds: boolean): void => {
    if (!hasIds) setTimeout(() => call!.end(error), DELIVERY_MS).unref();
  };
  const parts = Readable.from(partsOf(response, call && onEnd));
  // A stream that is cancelled before its first part does not start the generator.
  parts.once('close', () => response.destroy());
  return new Response(Readable.toWeb(parts) as ReadableStream<Uint8Array>, { status, headers });
}

/** Waits before each event stream but the first, so that they begin at least STREAM_PAUSE_MS apart. */
function streamPause(): (signal: AbortSignal | null | undefined) => Promise<void> {
  let nextAt = -Infinity;
  return async (signal) => {
    const now = performance.now();
    const waitMs = nextAt - now;
    nextAt = Math.max(nextAt, now) + STREAM_PAUSE_MS;
    if (waitMs > 0) await sleep(waitMs, undefined, { ...(signal && { signal }) });
  };
}

/** The function that sends the requests of one connection. */
export function mcpFetch({ url, headers: ofOperator }: McpServer, rule: AddressRule): FetchLike {
  const pause = streamPause();
  return async (_url, { method = 'GET', headers, body, signal: ofTransport } = {}) => {
    if (method === 'GET') await pause(ofTransport);
    const request = currentRequest.getStore();
    const text = typeof body === 'string' ? body : undefined;
    const mark = JSON.stringify(request?.arguments.mark ?? null);
    // Not a stream that resumes the response of the call.
    const call = text?.includes(mark) ? request : undefined;
    const parent = traceparent();
    const outgoing = {
      method,
      url,
      headers: {
        ...ofOperator,
        'user-agent': 'turnkeeper',
        'accept-encoding': 'identity',
        ...(parent !== null && { traceparent: parent }),
        ...Object.fromEntries(new Headers(headers)),
      },
      body: call ? text!.replace(mark, () => call.arguments.text) : text,
    };
    const late = new AbortController();
    const timer = call ? undefined : setTimeout(() => late.abort(new Error('no answer in time')), REQUEST_MS);
    const signals = [late.signal, ofTransport, request?.exchange.signal, request?.finished.signal];
    try {
      const response = await send(outgoing, rule, {
        signal: AbortSignal.any(signals.filter((each) => each instanceof AbortSignal)),
        onConnected: () => call?.exchange.sent(),
      });
      // An event stream has no end.
      if (method === 'GET') clearTimeout(timer);
      else response.once('close', () => clearTimeout(timer));
      return await responseOf(response, call);
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  };
}
