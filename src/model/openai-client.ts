// The client of the openai SDK: without retries and logging of the SDK, and with one timeout for a whole attempt.
import OpenAI from 'openai';
import type { Dispatcher } from 'undici';
import type { Endpoint } from '../domain/assistants/assistant.ts';
import { connections, fetchOver } from './transport.ts';

export interface ClientOptions extends Endpoint {
  /** Timeout of a whole attempt, including its stream, in seconds. */
  readonly timeoutS: number;
}

/** A client of the SDK and its connections. */
export interface Client {
  readonly sdk: OpenAI;
  readonly dispatcher: Dispatcher;
}

export function clientOf({ baseUrl, apiKey, timeoutS }: ClientOptions): Client {
  const dispatcher = connections();
  const sdk = new OpenAI({
    // The SDK requires a key, even if the endpoint needs none and gets none.
    apiKey: apiKey ?? 'none',
    defaultHeaders: apiKey === undefined ? { Authorization: null } : {},
    baseURL: baseUrl ?? null,
    maxRetries: 0,
    timeout: timeoutS * 1000,
    logLevel: 'off',
    fetch: fetchOver(dispatcher),
  });
  return { sdk, dispatcher };
}

/** Runs `work` with a signal that aborts with `signal` or after `ms` milliseconds. `timedOut()`: the time is up.
 *  AbortSignal.timeout is not used, because its timer would stay alive long after the attempt, and AbortSignal.any is
 *  not, because it costs more than one listener. */
export async function withDeadline<T>(
  signal: AbortSignal,
  ms: number,
  work: (combined: AbortSignal, timedOut: () => boolean) => Promise<T>,
): Promise<T> {
  const combined = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    combined.abort();
  }, ms);
  const abort = () => combined.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await work(combined.signal, () => timedOut);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
