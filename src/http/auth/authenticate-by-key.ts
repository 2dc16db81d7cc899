// AUTH=keys: API keys as bearer tokens, and sessions that are signed in with one.
import { hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { roleOf, type Identity } from './access.ts';
import { invalidToken, unauthorized, type Authenticator } from './authenticate.ts';

export interface KeyEntry {
  readonly name: string;
  readonly role: string;
  /** Hexadecimal SHA-256 of the key. */
  readonly sha256: string;
}

interface KnownKey {
  readonly digest: Buffer;
  readonly identity: Identity;
  /** Names the key in a cookie, and tells nothing of it. */
  readonly id: string;
  readonly sessionKey: Uint8Array;
}

const SESSION_S = 12 * 3_600;
const ALGORITHM = 'HS256';
const AUDIENCE = 'turnkeeper session';
const KEY_BYTES = 32;

/** Of the shared secret and of the API key: neither who reads the settings nor who reads the secret can sign for a key,
 *  and a key that is removed or replaced takes its sessions along. */
const derived = (secret: Uint8Array, digest: Buffer, name: string, use: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, digest, `turnkeeper ${use} ${name}`, KEY_BYTES));

function knownKey({ name, role, sha256 }: KeyEntry, secret: Uint8Array): KnownKey {
  const rights = roleOf(role);
  if (!rights) throw new Error(`API key ${name} has the unknown role ${role}`);
  const digest = Buffer.from(sha256, 'hex');
  return {
    digest,
    identity: { name, ...rights, until: null },
    // With the role: who changes it in the settings ends the sessions too.
    id: Buffer.from(derived(secret, digest, `${name} ${role}`, 'session id')).toString('base64url'),
    sessionKey: derived(secret, digest, `${name} ${role}`, 'session key'),
  };
}

/** The key of the cookie's header, which is looked up before it is believed. */
function keyIdOf(cookie: string): string | undefined {
  try {
    return decodeProtectedHeader(cookie).kid;
  } catch {
    return undefined;
  }
}

/** Compares with every key, whichever matches, in constant time: neither which key came close nor how close shows.
 *  `secret`: at least 32 random bytes, the same at every ingress. */
export function authenticateByKey(
  keys: readonly KeyEntry[],
  secret: Uint8Array,
  now: () => Date = () => new Date(),
): Authenticator {
  const known = keys.map((key) => knownKey(key, secret));
  const byId = new Map(known.map((key) => [key.id, key]));

  const keyOf = (credential: string): KnownKey => {
    const digest = hash('sha256', credential, 'buffer');
    let found: KnownKey | undefined;
    for (const candidate of known) if (timingSafeEqual(digest, candidate.digest)) found = candidate;
    if (!found) throw invalidToken('This key is not known.');
    return found;
  };

  return {
    auth: 'keys',
    nobody: null,
    bearer: async (credential) => keyOf(credential).identity,
    async signIn(credential) {
      const { id, sessionKey } = keyOf(credential);
      const issuedAt = now();
      // Whole seconds are what a token holds.
      const until = new Date((Math.floor(issuedAt.getTime() / 1_000) + SESSION_S) * 1_000);
      const cookie = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, kid: id })
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(until)
        .sign(sessionKey);
      return { cookie, until };
    },
    async cookie(value) {
      const key = byId.get(keyIdOf(value) ?? '');
      const ended = unauthorized('This session has ended; sign in again.');
      if (!key) throw ended;
      const checks = { algorithms: [ALGORITHM], audience: AUDIENCE, requiredClaims: ['exp'], currentDate: now() };
      const { payload } = await jwtVerify(value, key.sessionKey, checks).catch(() => {
        throw ended;
      });
      return { ...key.identity, until: new Date(payload.exp! * 1_000) };
    },
  };
}
