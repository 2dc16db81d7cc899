// Sends one attempt of a webhook delivery: signs it, resolves and checks the host, connects to the checked addresses,
// and evaluates the status.
import { request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { randomBytes } from 'node:crypto';
import { isIP, type LookupFunction } from 'node:net';
import { Webhook as Signer } from 'standardwebhooks';
import { TimedOut, within } from '../concurrency/within.ts';
import type { ResolveNames } from './names.ts';
import type { Attempt } from '../domain/delivery-schedule.ts';
import { retryAfterMs } from '../domain/retry-after.ts';
import { faultOfAddresses, faultOfUrl, hostOf } from '../domain/outbound/target.ts';

const SECRET_BYTES = 32;

/** A new secret, in the format that Standard Webhooks libraries accept. */
export const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** The headers of one attempt, with a signature for every valid secret. A receiver needs to know one of the secrets. */
export const signedHeaders = (id: string, at: Date, body: string, secrets: readonly string[]) => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, at, body)).join(' '),
});

/** Timeout of one attempt, from the name resolution to the end of the response. */
export const TIMEOUT_MS = 15_000;
/** Only the head of a response matters. This much of its body is read, so that the receiver can finish sending it. */
const BODY_BYTES = 4 * 1024;

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostDeps {
  /** Allows addresses that are not public, and http without TLS. */
  readonly allowPrivate: boolean;
  readonly resolve: ResolveNames;
  readonly timeoutMs?: number;
}

/** A lookup function for sockets that returns the checked addresses, because the host name may resolve to others by
 *  now. */
const pinned =
  (addresses: readonly string[]): LookupFunction =>
  (_host, { all }, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    if (all) callback(null, found);
    else callback(null, found[0]!.address, found[0]!.family);
  };

interface Answer {
  readonly status: number;
  /** The header; undefined: none. */
  readonly retryAfter: string | undefined;
}

/** Sends the body. Resolves when the response has ended or BODY_BYTES of it were read. */
function exchange(open: () => ClientRequest, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = open();
    request.on('error', reject);
    request.on('response', (response) => {
      // The status is known. A failure in the rest of the response does not change the result.
      const done = () => resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'] });
      request.off('error', reject).on('error', done);
      let read = 0;
      response.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read > BODY_BYTES) response.destroy();
      });
      response.on('error', done);
      response.on('close', done);
    });
    request.end(body);
  });
}

/** Describes a network error in a sentence that contains no address. */
function reasonOf(error: unknown, signal: AbortSignal, timeoutMs: number): string {
  if (signal.aborted || error instanceof TimedOut) return `The receiver did not respond within ${timeoutMs / 1000} s.`;
  const { code } = error as NodeJS.ErrnoException;
  return `The receiver could not be reached${code ? ` (${code})` : ''}.`;
}

function errorOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `The receiver answered ${status}; redirects are not followed.`;
  return `The receiver answered ${status}.`;
}

/** Sends one attempt. Never rejects: the returned attempt contains the error. */
export async function post({ url: text, headers, body }: Message, deps: PostDeps): Promise<Attempt> {
  const { allowPrivate, resolve, timeoutMs = TIMEOUT_MS } = deps;
  const refused = (fault: string): Attempt => ({ status: null, error: `Nothing was sent: the URL ${fault}.` });
  const fault = faultOfUrl(text, allowPrivate);
  if (fault) return refused(fault);
  const url = new URL(text);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const addresses = await within(timeoutMs, resolve(hostOf(url)));
    const forbidden = faultOfAddresses(addresses, allowPrivate);
    if (forbidden) return refused(forbidden);
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: pinned(addresses),
      agent: false,
      signal,
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { status, retryAfter } = await exchange(() => send(url, options), body);
    const waitMs = retryAfterMs(retryAfter, Date.now());
    return { status, error: errorOf(status), ...(waitMs !== null && { retryAfterS: waitMs / 1000 }) };
  } catch (error) {
    return { status: null, error: reasonOf(error, signal, timeoutMs) };
  }
}
