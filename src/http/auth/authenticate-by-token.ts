// AUTH=jwt: tokens signed by an external issuer, verified with the keys that the issuer publishes.
import { hash } from 'node:crypto';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { isUserId } from '../../domain/limits.ts';
import { roleOf, type Identity } from './access.ts';
import { invalidToken, type Authenticator } from './authenticate.ts';
import { Problem } from '../problem.ts';
import { textFault } from '../storable-json.ts';

export interface TokenRules {
  /** The required value of `iss`. */
  readonly issuer: string;
  /** The required value of `aud`, or a member of it. */
  readonly audience: string;
  /** The URL of the issuer's JSON Web Key Set. */
  readonly jwksUrl: string;
  /** The name of the claim that contains the role. */
  readonly roleClaim: string;
  /** Milliseconds between two reads of the key set that are caused by tokens with an unknown key id. */
  readonly cooldownMs?: number;
}

/** Only asymmetric signatures. With an HMAC algorithm an attacker could sign with the public key as the secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
/** Tolerated difference between clocks. */
const TOLERANCE_S = 5;
const COOLDOWN_MS = 30_000;
/** The key set is read again after this time, so a withdrawn key is accepted no longer than that. */
const KEYS_MAX_AGE_MS = 600_000;
const KEYS_TIMEOUT_MS = 5_000;
/** Browsers limit a cookie to 4,096 bytes including its name and attributes. */
const MAX_COOKIE_LENGTH = 3_800;
const MAX_NAME_LENGTH = 200;
/** Maximum lifetime of the cookie, also if the token lives longer. */
const SESSION_MS = 12 * 3_600_000;
const RETRY_AFTER = { 'retry-after': '5' };

const TOKEN_ERRORS: readonly (readonly [new (...given: never[]) => Error, string])[] = [
  [errors.JWTExpired, 'The token has expired.'],
  [errors.JWTClaimValidationFailed, 'A claim of the token has an invalid value'],
  [errors.JWSSignatureVerificationFailed, 'The signature of the token is not valid.'],
  [errors.JOSEAlgNotAllowed, `The token must be signed with one of ${ALGORITHMS.join(', ')}.`],
  [errors.JOSENotSupported, 'The token uses a feature that is not supported.'],
  [errors.JWKSNoMatchingKey, 'The issuer publishes no key that matches the token.'],
  [errors.JWKSMultipleMatchingKeys, 'The token does not identify the key that signed it.'],
  [errors.JWTInvalid, 'The credential is not a JSON Web Token.'],
  [errors.JWSInvalid, 'The credential is not a JSON Web Token.'],
];

/** Why the token is rejected, or `issuer_unavailable` if the issuer's keys could not be read. */
function problemOf(error: unknown): Problem {
  const known = TOKEN_ERRORS.find(([kind]) => error instanceof kind);
  if (!known)
    return new Problem('issuer_unavailable', 'The keys of the token issuer could not be read. Retry the request.', {
      headers: RETRY_AFTER,
    });
  const [kind, detail] = known;
  const claim =
    kind === errors.JWTClaimValidationFailed ? ` (${(error as errors.JWTClaimValidationFailed).claim}).` : '';
  return invalidToken(detail + claim);
}

const isName = (text: string): boolean => text.length <= MAX_NAME_LENGTH && textFault(text) === null;

/** The user id of a subject that is not a valid user id, such as `auth0|77`. */
const mappedUserId = (sub: string): string => `sub_${hash('sha256', sub, 'base64url')}`;
const MAPPED = /^sub_[A-Za-z0-9_-]{43}$/;

/** The user id of a subject with the role `user`. @throws Problem unauthorized */
function userIdOf(sub: string): string {
  // Otherwise one subject could be given the user id of another one.
  if (MAPPED.test(sub)) throw invalidToken('The claim sub of the token must not have the form of a mapped user id.');
  return isUserId(sub) ? sub : mappedUserId(sub);
}

function identityOf(payload: JWTPayload, roleClaim: string): Identity {
  const { sub = '', exp = 0, [roleClaim]: claimed } = payload;
  if (sub === '' || !sub.isWellFormed()) throw invalidToken('The claim sub of the token must be a text.');
  // `user`: the user id is the subject. `user:<user_id>`: the issuer knows the user under another id.
  const isSubject = claimed === 'user';
  const role = typeof claimed === 'string' ? roleOf(isSubject ? `user:${userIdOf(sub)}` : claimed) : null;
  if (!role)
    throw new Problem(
      'forbidden',
      `The claim ${roleClaim} of the token must be user, user:<user_id>, service, reviewer or admin.`,
    );
  // The name is stored, for example as `decided_by`.
  const name = isName(sub) ? sub : isSubject ? role.userId : null;
  if (name === null)
    throw invalidToken(`The claim sub of the token must have at most ${MAX_NAME_LENGTH} characters and no U+0000.`);
  return { name, ...role, until: new Date(exp * 1_000) };
}

/** Authenticates with tokens of one issuer. Its keys are read on first use, and again if a token has an unknown key id. */
export function authenticateByToken(rules: TokenRules): Authenticator {
  const { issuer, audience, jwksUrl, roleClaim, cooldownMs = COOLDOWN_MS } = rules;
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    timeoutDuration: KEYS_TIMEOUT_MS,
  });
  const checks = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: TOLERANCE_S,
    requiredClaims: ['exp', 'sub'],
  };

  const verify = async (token: string): Promise<Identity> => {
    const { payload } = await jwtVerify(token, keys, checks).catch((error: unknown) => {
      throw problemOf(error);
    });
    return identityOf(payload, roleClaim);
  };

  return {
    auth: 'jwt',
    anonymous: null,
    bearer: verify,
    cookie: verify,
    // The cookie contains the token itself: the session ends with the token and needs no stored state.
    async signIn(token) {
      const { until } = await verify(token);
      if (token.length > MAX_COOKIE_LENGTH)
        throw new Problem('invalid_request', 'The token is too long for a cookie.', {
          errors: [{ pointer: '/key', detail: `must have at most ${MAX_COOKIE_LENGTH} characters for sign-in` }],
        });
      return { cookie: token, until: new Date(Math.min(until!.getTime(), Date.now() + SESSION_MS)) };
    },
  };
}
