// Who calls: API keys as bearer tokens.
import { hash, timingSafeEqual } from 'node:crypto';
import { ANONYMOUS, identityOf, type Identity } from './access.ts';
import { Problem } from './problem.ts';

export interface KeyEntry {
  readonly name: string;
  readonly role: string;
  /** Hexadecimal SHA-256 of the key. */
  readonly sha256: string;
}

/** Tells who sent an `Authorization` header. @throws Problem unauthorized */
export type Authenticate = (authorization: string | undefined) => Identity;

const BEARER = /^Bearer +([\x21-\x7e]{1,1024}) *$/i;

const unauthorized = (detail: string, challenge: string): Problem =>
  new Problem('unauthorized', detail, { headers: { 'www-authenticate': `Bearer realm="turnkeeper"${challenge}` } });

/** Without authentication everybody is admin; the settings allow that only on a loopback address. */
export const authenticateNobody: Authenticate = () => ANONYMOUS;

/** Compares with every key, whichever matches, in constant time: neither which key came close nor how close shows. */
export function authenticateByKey(keys: readonly KeyEntry[]): Authenticate {
  const known = keys.map(({ name, role, sha256 }) => ({
    digest: Buffer.from(sha256, 'hex'),
    identity: identityOf(name, role),
  }));
  return (authorization) => {
    if (authorization === undefined) throw unauthorized('Send `Authorization: Bearer <key>`.', '');
    const key = BEARER.exec(authorization)?.[1];
    const digest = hash('sha256', key ?? '', 'buffer');
    let found: Identity | undefined;
    for (const candidate of known) if (timingSafeEqual(digest, candidate.digest)) found = candidate.identity;
    if (key === undefined || !found) throw unauthorized('This key is not known.', ', error="invalid_token"');
    return found;
  };
}
