// From the name of a receiver to its addresses.
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** All addresses of a host name. Rejects where it has none or nobody could be asked. */
export type ResolveNames = (host: string) => Promise<readonly string[]>;

/** One server is asked twice at most. */
const TIMEOUT_MS = 2_500;
const TRIES = 2;

/** Asks DNS itself. The system's resolver would hold a thread that other lookups of this process need for as long as the
 *  name's owner likes, and knows private names besides. */
const publicNames: ResolveNames = async (host) => {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const asked = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = asked.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0) throw Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
  return found;
};

/** Asks the system, with its hosts file and search domains. */
const anyNames: ResolveNames = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** How names are resolved; an address stands for itself. */
export const resolverFor =
  (allowPrivate: boolean, names: ResolveNames = allowPrivate ? anyNames : publicNames): ResolveNames =>
  async (host) =>
    isIP(host) === 0 ? names(host) : [host];
