// Sends one attempt of a webhook delivery, and evaluates the status.
import type { IncomingMessage } from 'node:http';
import type { Attempt } from '../domain/delivery-schedule.ts';
import { retryAfterMs } from '../domain/retry-after.ts';
import { ForbiddenAddress, send, type AddressRule } from '../outbound/request.ts';

/** Timeout of one attempt, from the name resolution to the end of the response. */
export const TIMEOUT_MS = 15_000;
/** Only the head of a response matters. This much of its body is read, so that the receiver can finish sending it. */
const BODY_BYTES = 4 * 1024;

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostDeps extends AddressRule {
  readonly timeoutMs?: number;
}

/** Resolves when the response has ended or BODY_BYTES of it were read. The status is known: a failure in the rest of the
 *  response does not change the result. */
const ended = (response: IncomingMessage): Promise<void> =>
  new Promise((done) => {
    let read = 0;
    response.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read > BODY_BYTES) response.destroy();
    });
    response.on('error', () => done());
    response.on('close', done);
  });

/** Describes a network error in a sentence that contains no address. */
function reasonOf(error: unknown, signal: AbortSignal, timeoutMs: number): string {
  if (signal.aborted) return `The receiver did not respond within ${timeoutMs / 1000} s.`;
  const { code } = error as NodeJS.ErrnoException;
  return `The receiver could not be reached${code ? ` (${code})` : ''}.`;
}

function errorOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `The receiver answered ${status}; redirects are not followed.`;
  return `The receiver answered ${status}.`;
}

/** Sends one attempt. Never rejects: the returned attempt contains the error. */
export async function post({ url, headers, body }: Message, deps: PostDeps): Promise<Attempt> {
  const { timeoutMs = TIMEOUT_MS } = deps;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await send({ method: 'POST', url, headers, body }, deps, { signal });
    await ended(response);
    const status = response.statusCode!;
    const waitMs = retryAfterMs(response.headers['retry-after'], Date.now());
    return { status, error: errorOf(status), ...(waitMs !== null && { retryAfterS: waitMs / 1000 }) };
  } catch (error) {
    if (error instanceof ForbiddenAddress)
      return { status: null, error: `Nothing was sent: the URL ${error.message}.` };
    return { status: null, error: reasonOf(error, signal, timeoutMs) };
  }
}
