// What the ingress is told of the settings. Part of the composition.
import { randomBytes } from 'node:crypto';
import type { Config } from './config.ts';
import type { IngressSettings } from './http/server.ts';
import { sharedSecret } from './store/secrets.ts';
import type { Database } from './store/database.ts';

const SECRET_BYTES = 32;

/** With AUTH=keys the secret of sessions is read, and made where there is none. Rejects with DatabaseUnavailable. */
export async function ingressSettings(config: Config, database: Database): Promise<IngressSettings> {
  const { HOST: host, PORT: port, AUTH: auth, API_KEYS: apiKeys } = config;
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_JWKS_URL: jwksUrl, JWT_ROLE_CLAIM: roleClaim } = config;
  return {
    host,
    port,
    auth,
    apiKeys,
    sessionSecret: auth === 'keys' ? await sharedSecret(database, 'sessions', randomBytes(SECRET_BYTES)) : undefined,
    // The settings are complete where they are needed (config.ts).
    tokens: issuer && audience && jwksUrl ? { issuer, audience, jwksUrl, roleClaim } : undefined,
  };
}
