// Host and Origin check: a web page that a user visits must not be able to call a server on the user's own machine.
//
// DNS rebinding: an attacker makes the name of the page resolve to 127.0.0.1, so that the browser sends the page's
// requests to this server. `Host` still contains the name of the page. On a loopback address this check therefore accepts
// only names that an attacker cannot own: localhost, addresses 127.* and [::1], and configured names. It does not compare
// the port, which differs behind an SSH tunnel or a mapped port and which a page cannot forge together with such a name.
//
// On a public address every call needs a key, which a browser does not send automatically, and the names of the server
// are not known. The check accepts any Host.
//
// If a browser sends `Origin`, it must be equal to the Host including the port: a page of another server on the same
// machine (localhost:3000) is foreign too. The scheme is not compared, because a proxy may terminate TLS.
import { isLoopback } from '../../domain/limits.ts';

const nameOf = (authority: string): string => authority.replace(/:\d*$/, '').toLowerCase();

const inBrackets = (host: string): string =>
  (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host).toLowerCase();

/** The header of a request that is not allowed, or null. */
export type ForeignOrigin = (host: string, origin: string | undefined) => 'Host' | 'Origin' | null;

/** The check for an ingress that listens on `listenHost`. `names`: further allowed host names. */
export function foreignOriginCheck(listenHost: string, names: readonly string[] = []): ForeignOrigin {
  const strict = isLoopback(listenHost);
  const allowed = new Set([inBrackets(listenHost), ...names.map((name) => name.toLowerCase())]);
  return (host, origin) => {
    const name = nameOf(host);
    if (strict && !isLoopback(name) && !allowed.has(name)) return 'Host';
    if (origin === undefined) return null;
    const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
    return authority?.toLowerCase() === host.toLowerCase() ? null : 'Origin';
  };
}
