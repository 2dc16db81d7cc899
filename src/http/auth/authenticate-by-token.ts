// AUTH=jwt: tokens that somebody else signed, checked against the keys that they publish.
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { roleOf, type Identity } from './access.ts';
import { invalidToken, type Authenticator } from './authenticate.ts';
import { Problem } from '../problem.ts';
import { textFault } from '../storable-text.ts';

export interface TokenRules {
  /** `iss` must be this. */
  readonly issuer: string;
  /** `aud` must be or contain this. */
  readonly audience: string;
  /** Where the issuer publishes its keys. */
  readonly jwksUrl: string;
  /** The claim that names the role. */
  readonly roleClaim: string;
  /** Milliseconds before the keys are asked for again because of a token that names an unknown one. */
  readonly cooldownMs?: number;
}

/** Signatures by a key of which we hold the public half alone. None by a shared secret: with them the public key, which
 *  everybody has, would do as the secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
/** Clocks differ by a little. */
const TOLERANCE_S = 5;
const COOLDOWN_MS = 30_000;
/** Keys are asked for again after so long: one that was withdrawn counts no longer than that. */
const KEYS_KEPT_MS = 600_000;
const KEYS_TIMEOUT_MS = 5_000;
/** A cookie has at most 4,096 bytes, its name and attributes included. */
const LONGEST_COOKIE = 3_800;
const LONGEST_NAME = 200;
/** A browser keeps it no longer, however long the token lives. */
const SESSION_MS = 12 * 3_600_000;
const RETRY_AFTER = { 'retry-after': '5' };

const FAULTS: readonly (readonly [new (...given: never[]) => Error, string])[] = [
  [errors.JWTExpired, 'This token has expired.'],
  [errors.JWTClaimValidationFailed, 'A claim of this token is not as it must be'],
  [errors.JWSSignatureVerificationFailed, 'The signature of this token is wrong.'],
  [errors.JOSEAlgNotAllowed, `This token must be signed by one of ${ALGORITHMS.join(', ')}.`],
  [errors.JOSENotSupported, 'This token needs something that is not supported.'],
  [errors.JWKSNoMatchingKey, 'This token was signed by no key of the issuer.'],
  [errors.JWKSMultipleMatchingKeys, 'This token does not name the key that signed it.'],
  [errors.JWTInvalid, 'This is not a JSON Web Token.'],
  [errors.JWSInvalid, 'This is not a JSON Web Token.'],
];

/** What is wrong with the token; or, where its issuer's keys could not be had, that nobody can tell. */
function problemOf(error: unknown): Problem {
  const fault = FAULTS.find(([kind]) => error instanceof kind);
  if (!fault)
    return new Problem('issuer_unavailable', 'The keys of the issuer could not be read. Please try again.', {
      headers: RETRY_AFTER,
    });
  const [kind, detail] = fault;
  const claim =
    kind === errors.JWTClaimValidationFailed ? ` (${(error as errors.JWTClaimValidationFailed).claim}).` : '';
  return invalidToken(detail + claim);
}

function identityOf(payload: JWTPayload, roleClaim: string): Identity {
  const { sub = '', exp = 0, [roleClaim]: claimed } = payload;
  // It becomes `decided_by`, and is kept.
  if (sub === '' || sub.length > LONGEST_NAME || textFault(sub))
    throw invalidToken('The subject of this token cannot be used as a name.');
  // `user`: the subject itself; `user:<user_id>`: who is known under another id there.
  const role = typeof claimed === 'string' ? roleOf(claimed === 'user' ? `user:${sub}` : claimed) : null;
  if (!role)
    throw new Problem(
      'forbidden',
      `The claim ${roleClaim} of this token must be user, user:<user_id>, service, reviewer or admin.`,
    );
  return { name: sub, ...role, until: new Date(exp * 1_000) };
}

/** Believes tokens of one issuer. Its keys are read when first needed, and again when a token names an unknown one. */
export function authenticateByToken(rules: TokenRules): Authenticator {
  const { issuer, audience, jwksUrl, roleClaim, cooldownMs = COOLDOWN_MS } = rules;
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: KEYS_KEPT_MS,
    timeoutDuration: KEYS_TIMEOUT_MS,
  });
  const checks = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: TOLERANCE_S,
    requiredClaims: ['exp', 'sub'],
  };

  const believe = async (token: string): Promise<Identity> => {
    const { payload } = await jwtVerify(token, keys, checks).catch((error: unknown) => {
      throw problemOf(error);
    });
    return identityOf(payload, roleClaim);
  };

  return {
    auth: 'jwt',
    nobody: null,
    bearer: believe,
    cookie: believe,
    // The token itself is the session: it ends when the issuer says so, and needs nothing that is ours.
    async signIn(token) {
      const { until } = await believe(token);
      if (token.length > LONGEST_COOKIE)
        throw new Problem('invalid_request', 'The token is too long for a cookie.', {
          errors: [{ pointer: '/key', detail: `must have at most ${LONGEST_COOKIE} characters to sign in with` }],
        });
      return { cookie: token, until: new Date(Math.min(until!.getTime(), Date.now() + SESSION_MS)) };
    },
  };
}
