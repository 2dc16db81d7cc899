// Resolves the host names of webhook receivers and tools to their IP addresses.
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Returns all addresses of a host name. Rejects if it has none or cannot be resolved. */
export type ResolveNames = (host: string) => Promise<readonly string[]>;

/** Timeout in milliseconds and maximum number of queries for each DNS server. */
const TIMEOUT_MS = 2_500;
const TRIES = 2;

/** Queries DNS directly. The system's resolver would block a thread that other lookups of this process need, for as
 *  long as the owner of the name wants. It also resolves private names. */
const publicNames: ResolveNames = async (host) => {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0) throw Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
  return found;
};

/** Uses the system's resolver, with its hosts file and search domains. */
const anyNames: ResolveNames = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** Returns the function that resolves host names. It returns an IP address unchanged. */
export const resolverFor =
  (allowPrivate: boolean, names: ResolveNames = allowPrivate ? anyNames : publicNames): ResolveNames =>
  async (host) =>
    isIP(host) === 0 ? names(host) : [host];
