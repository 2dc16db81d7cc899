// Signatures of requests to webhook receivers and tools (Standard Webhooks).
import { randomBytes } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';

const SECRET_BYTES = 32;

/** A new secret, in the format that Standard Webhooks libraries accept. */
export const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** The headers of one request, with a signature for every valid secret. A receiver needs to know one of the secrets. */
export const signedHeaders = (id: string, at: Date, body: string, secrets: readonly string[]) => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, at, body)).join(' '),
});
