// AUTH=keys: API keys as bearer tokens, and cookie sessions that were started with a key.
import { hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { ApiKey } from '../../config/settings.ts';
import { roleOf, type Identity } from './access.ts';
import { invalidToken, unauthorized, type Authenticator } from './authenticate.ts';

interface KnownKey {
  readonly digest: Buffer;
  readonly identity: Identity;
  /** Identifies the key in a cookie without revealing it. */
  readonly id: string;
  readonly sessionKey: Uint8Array;
}

const SESSION_S = 12 * 3_600;
const ALGORITHM = 'HS256';
const AUDIENCE = 'turnkeeper session';
const KEY_BYTES = 32;

/** Derives a key from the shared secret and the API key's digest. Neither the settings alone nor the secret alone allow
 *  to sign a session, and removing or replacing an API key ends its sessions. */
const deriveKey = (secret: Uint8Array, digest: Buffer, name: string, use: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, digest, `turnkeeper ${use} ${name}`, KEY_BYTES));

function knownKey({ name, role, sha256 }: ApiKey, secret: Uint8Array): KnownKey {
  const rights = roleOf(role);
  if (!rights) throw new Error(`API key ${name} has the unknown role ${role}`);
  const digest = Buffer.from(sha256, 'hex');
  return {
    digest,
    identity: { name, ...rights, until: null },
    // The role is part of the derivation, so that changing it in the settings ends the sessions too.
    id: Buffer.from(deriveKey(secret, digest, `${name} ${role}`, 'session id')).toString('base64url'),
    sessionKey: deriveKey(secret, digest, `${name} ${role}`, 'session key'),
  };
}

/** The key id in the cookie's header. It selects the key that verifies the cookie and is not verified yet. */
function keyIdOf(cookie: string): string | undefined {
  try {
    return decodeProtectedHeader(cookie).kid;
  } catch {
    return undefined;
  }
}

/** Authenticates with API keys. A credential is compared with every key in constant time, so that the timing reveals
 *  nothing about the keys. `secret`: at least 32 random bytes, the same at every ingress. */
export function authenticateByKey(
  keys: readonly ApiKey[],
  secret: Uint8Array,
  now: () => Date = () => new Date(),
): Authenticator {
  const known = keys.map((key) => knownKey(key, secret));
  const byId = new Map(known.map((key) => [key.id, key]));

  const keyOf = (credential: string): KnownKey => {
    const digest = hash('sha256', credential, 'buffer');
    let found: KnownKey | undefined;
    for (const candidate of known) if (timingSafeEqual(digest, candidate.digest)) found = candidate;
    if (!found) throw invalidToken('The key is not valid.');
    return found;
  };

  return {
    auth: 'keys',
    anonymous: null,
    bearer: async (credential) => keyOf(credential).identity,
    async signIn(credential) {
      const { id, sessionKey } = keyOf(credential);
      const issuedAt = now();
      // A token contains times in whole seconds.
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
      const ended = unauthorized('The session has ended. Sign in again.');
      if (!key) throw ended;
      const checks = { algorithms: [ALGORITHM], audience: AUDIENCE, requiredClaims: ['exp'], currentDate: now() };
      const { payload } = await jwtVerify(value, key.sessionKey, checks).catch(() => {
        throw ended;
      });
      return { ...key.identity, until: new Date(payload.exp! * 1_000) };
    },
  };
}
