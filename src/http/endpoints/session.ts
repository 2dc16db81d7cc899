// Sign-in: exchanges a key or a token for a session cookie that scripts cannot read.
import { z } from 'zod';
import type { Authenticator } from '../auth/authenticate.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS } from '../schemas.ts';
import { sessionCookie } from '../auth/session-cookie.ts';

const MAX_KEY_LENGTH = 8_192;

const signIn = z
  .strictObject({
    key: z
      .string()
      .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII characters without spaces' })
      .max(MAX_KEY_LENGTH, { error: `must have at most ${MAX_KEY_LENGTH} characters` })
      .meta({ description: 'An API key, or a token with `AUTH=jwt`.' }),
  })
  .register(COMPONENTS, { id: 'SignIn' });

const session = z
  .object({
    name: z.string(),
    role: z.enum(['user', 'service', 'reviewer', 'admin']),
    user_id: z
      .string()
      .nullable()
      .meta({ description: 'The only user whose resources the caller may use. Null: not limited to one user.' }),
    auth: z.enum(['none', 'keys', 'jwt']).meta({ description: 'With `none` there is no sign-in.' }),
  })
  .register(COMPONENTS, { id: 'Session' });

/** Seconds until this time, rounded up. */
const secondsUntil = (until: Date): number => Math.max(0, Math.ceil((until.getTime() - Date.now()) / 1_000));

/** Operations for sign-in, sign-out and the current session. */
export const sessionOperations = (authenticator: Authenticator): Operation[] => [
  operation({
    id: 'signIn',
    method: 'POST',
    path: '/session',
    tag: 'Session',
    summary: 'Sign in',
    description:
      'Sets the cookie `turnkeeper_session`, which every operation accepts instead of `Authorization`. The cookie expires after 12 hours or when the token expires, whichever is earlier.',
    access: 'open',
    body: signIn,
    example: { key: 'your-key' },
    answers: { 204: { description: 'The session has started.', headers: { 'Set-Cookie': 'The session cookie.' } } },
    problems: ['unauthorized', 'forbidden', 'issuer_unavailable'],
    async handle({ body }, { tls }) {
      const signedIn = await authenticator.signIn(body.key);
      if (!signedIn) return { status: 204 };
      return { status: 204, headers: sessionCookie(signedIn.cookie, secondsUntil(signedIn.until), tls) };
    },
  }),
  operation({
    id: 'getSession',
    method: 'GET',
    path: '/session',
    tag: 'Session',
    summary: 'Retrieve the current session',
    access: { resource: 'session', owner: 'none' },
    answers: { 200: { description: 'The name, role and user of the caller.', schema: session } },
    handle: (_, { identity: { name, role, userId } }) =>
      json({ name, role, user_id: userId, auth: authenticator.auth }),
  }),
  operation({
    id: 'signOut',
    method: 'DELETE',
    path: '/session',
    tag: 'Session',
    summary: 'Sign out',
    description: 'Removes the cookie from the browser. To revoke a key, remove it from `API_KEYS`.',
    access: 'open',
    answers: { 204: { description: 'The cookie is removed.', headers: { 'Set-Cookie': 'Removes the cookie.' } } },
    handle: (_, { tls }) => ({ status: 204, headers: sessionCookie('', 0, tls) }),
  }),
];
