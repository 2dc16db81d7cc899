// Where a webhook may lead: the rule of its address. Pure; names are resolved elsewhere, and every address they have comes here.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The IPv6 addresses that have been given out at all; what is not among them is none of the internet's. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** Azure's platform services, the one cloud that has them at a public address. */
const METADATA = new Set(['168.63.129.16']);

/** Whether an IP address belongs to the internet at large: no private, loopback, link-local, shared, multicast,
 *  reserved or translated one, and no cloud's metadata service. */
export function isPublic(address: string): boolean {
  // The library also reads forms that no resolver answers.
  if (isIP(address) === 0 || METADATA.has(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
}

/** The host of a URL as a resolver or a socket takes it: without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** What is wrong with the URL of a webhook before any name is looked up, or null. */
export function faultOfUrl(text: string, allowPrivate: boolean): string | null {
  if (!URL.canParse(text)) return 'must be an absolute URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  if (url.hash !== '') return 'must not have a fragment';
  return null;
}

/** What is wrong with the addresses of a host, or null. One that may not be reached spoils all: which of them a connection
 *  takes is not ours to say. */
export function faultOfAddresses(addresses: readonly string[], allowPrivate: boolean): string | null {
  if (addresses.length === 0) return 'its host has no address';
  if (!allowPrivate && !addresses.every(isPublic)) return 'leads to an address that is not public';
  return null;
}
