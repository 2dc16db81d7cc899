// Is the request meant for us? A web page the user happens to visit must not drive a server on their own machine.
//
// DNS rebinding: the page's name is made to resolve to 127.0.0.1, so that the browser takes us for the page's own
// server. Then `Host` still says the page's name. So on a loopback address only names that no stranger can own count:
// localhost, addresses 127.* and [::1], and names that were configured. Their port is not compared: it differs behind
// an SSH tunnel or a mapped port, and a page cannot forge it together with such a name.
//
// On a public address every call needs a key, which a browser does not send by itself, and the names under which we
// are reached are not known to us: any Host counts.
//
// `Origin`, where a browser sends one, must be the Host that was asked, port included: a page of another server on the
// same machine (localhost:3000) is a stranger too. The scheme is not compared: TLS may end in front of us.
import { isLoopback } from '../../domain/limits.ts';

const nameOf = (authority: string): string => authority.replace(/:\d*$/, '').toLowerCase();

const inBrackets = (host: string): string =>
  (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host).toLowerCase();

/** Says what is foreign about a request, or null. */
export type ForeignOrigin = (host: string, origin: string | undefined) => 'Host' | 'Origin' | null;

/** The check for an ingress that listens on `listenHost`; `names`: further names it is reached under. */
export function foreignOriginCheck(listenHost: string, names: readonly string[] = []): ForeignOrigin {
  const strict = isLoopback(listenHost);
  const ours = new Set([inBrackets(listenHost), ...names.map((name) => name.toLowerCase())]);
  return (host, origin) => {
    const name = nameOf(host);
    if (strict && !isLoopback(name) && !ours.has(name)) return 'Host';
    if (origin === undefined) return null;
    const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
    return authority?.toLowerCase() === host.toLowerCase() ? null : 'Origin';
  };
}
