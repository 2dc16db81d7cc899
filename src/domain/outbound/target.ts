// The rules for the URLs and IP addresses that turnkeeper calls: those of webhooks and tools. No I/O: the caller resolves
// host names and passes all their addresses.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The IPv6 range that is assigned for the public internet. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** The metadata service of Azure. It is the only cloud that uses a public address for it. */
const METADATA = new Set(['168.63.129.16']);

/** Whether an IP address is on the public internet: not private, loopback, link-local, shared, multicast, reserved or
 *  translated, and not a metadata service of a cloud. */
export function isPublic(address: string): boolean {
  // ipaddr.js also parses notations that a resolver never returns.
  if (isIP(address) === 0 || METADATA.has(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

/** The host of a URL for a resolver or a socket: an IPv6 address has no brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Checks a URL without resolving its host. Returns what is wrong, or null. */
export function faultOfUrl(text: string, allowPrivate: boolean): string | null {
  if (!URL.canParse(text)) return 'must be an absolute URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or a password';
  if (url.hash !== '') return 'must not have a fragment';
  return null;
}

/** Checks all addresses of a host. Returns what is wrong, or null. One forbidden address is enough to refuse the host,
 *  because the caller cannot control which address a connection uses. */
export function faultOfAddresses(addresses: readonly string[], allowPrivate: boolean): string | null {
  if (addresses.length === 0) return 'has a host without an address';
  if (!allowPrivate && !addresses.every(isPublic)) return 'points to an address that is not public';
  return null;
}
