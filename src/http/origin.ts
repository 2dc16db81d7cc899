// Refusing requests that a browser was tricked into: a page whose name was rebound to our address, or another origin.

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const hostnameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** Whether Host and Origin are ours. On loopback there may be no key, so only loopback names count: a rebound name is
 *  none. Elsewhere keys are asked for, which no browser adds by itself, and proxies give us any Host; there only an
 *  Origin must be the Host's own. */
export function isOurOrigin(listenHost: string, host: string, origin: string): boolean {
  const hostname = hostnameOf(host);
  const onLoopback = LOOPBACK.has(listenHost) || listenHost === '::1' || listenHost.startsWith('127.');
  if (onLoopback && !LOOPBACK.has(hostname) && hostname !== listenHost) return false;
  if (origin === '') return true;
  return URL.canParse(origin) && new URL(origin).host.toLowerCase() === host.toLowerCase();
}
