// Sends one HTTP request to an address that others chose: resolves and checks the host, and connects to the checked
// addresses. Redirects are not followed.
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { ResolveNames } from './names.ts';
import { unlessAborted } from '../concurrency/within.ts';
import { faultOfAddresses, faultOfUrl, hostOf } from '../domain/outbound/target.ts';

/** Which addresses may be called. */
export interface AddressRule {
  /** Allows addresses that are not public, and http without TLS. */
  readonly allowPrivate: boolean;
  readonly resolve: ResolveNames;
}

export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: none. */
  readonly body?: string | undefined;
}

export interface Sending {
  /** Ends the request and the response. */
  readonly signal: AbortSignal;
  /** Called when the connection exists, with TLS: and is encrypted. Before it, nothing was sent. */
  readonly onConnected?: () => void;
}

/** The rule forbids the address, so nothing was sent. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
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

/** Sends the request. Resolves with the head of the response; its body is the stream. Rejects with ForbiddenAddress, with the
 *  signal's reason, or with an error of the network. */
export async function send(
  { method, url: text, headers, body }: OutboundRequest,
  { allowPrivate, resolve }: AddressRule,
  { signal, onConnected }: Sending,
): Promise<IncomingMessage> {
  const fault = faultOfUrl(text, allowPrivate);
  if (fault !== null) throw new ForbiddenAddress(fault);
  const url = new URL(text);
  const addresses = await unlessAborted(signal, resolve(hostOf(url)));
  const forbidden = faultOfAddresses(addresses, allowPrivate);
  if (forbidden !== null) throw new ForbiddenAddress(forbidden);
  signal.throwIfAborted();
  const isEncrypted = url.protocol === 'https:';
  const options: RequestOptions = {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup: pinned(addresses),
    agent: false,
    signal,
  };
  return new Promise((done, failed) => {
    const request = (isEncrypted ? httpsRequest : httpRequest)(url, options);
    request.once('socket', (socket: Socket) =>
      socket.once(isEncrypted ? 'secureConnect' : 'connect', () => onConnected?.()),
    );
    // After the head of the response, failures belong to the response.
    request.on('error', (error) => failed(signal.aborted ? (signal.reason as Error) : error));
    request.once('response', done);
    request.end(body);
  });
}
