// Signing in: a key or a token once, then a cookie that pages cannot read.
import { z } from 'zod';
import type { Authenticator } from '../auth/authenticate.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS } from '../schemas.ts';
import { sessionCookie } from '../auth/session-cookie.ts';

const LONGEST_KEY = 8_192;

const signIn = z
  .strictObject({
    key: z
      .string()
      .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII characters without spaces' })
      .max(LONGEST_KEY, { error: `must have at most ${LONGEST_KEY} characters` })
      .meta({ description: 'An API key; with `AUTH=jwt` a token.' }),
  })
  .register(COMPONENTS, { id: 'SignIn' });

const session = z
  .object({
    name: z.string(),
    role: z.enum(['user', 'service', 'reviewer', 'admin']),
    user_id: z.string().nullable().meta({ description: 'Whose things a `user` may touch; null: not limited to one.' }),
    auth: z.enum(['none', 'keys', 'jwt']).meta({ description: 'With `none` there is nothing to sign in to.' }),
  })
  .register(COMPONENTS, { id: 'Session' });

/** Milliseconds as whole seconds that have begun. */
const secondsUntil = (until: Date): number => Math.max(0, Math.ceil((until.getTime() - Date.now()) / 1_000));

/** Signing in and out, and who is signed in. */
export const sessionOperations = (authenticator: Authenticator): Operation[] => [
  operation({
    id: 'signIn',
    method: 'POST',
    path: '/session',
    tag: 'Session',
    summary: 'Sign in',
    description:
      'Sets the cookie `turnkeeper_session`, which every operation takes instead of `Authorization` for 12 h, or for as long as the token lives.',
    access: 'open',
    body: signIn,
    example: { key: 'your-key' },
    answers: { 204: { description: 'Signed in.', headers: { 'Set-Cookie': 'The session.' } } },
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
    summary: 'Who is signed in',
    access: { thing: 'session', owner: 'nobody' },
    answers: { 200: { description: 'Whoever called.', schema: session } },
    handle: (_, { identity: { name, role, userId } }) =>
      json({ name, role, user_id: userId, auth: authenticator.auth }),
  }),
  operation({
    id: 'signOut',
    method: 'DELETE',
    path: '/session',
    tag: 'Session',
    summary: 'Sign out',
    description: 'Removes the cookie from the browser. A key that must not be used any more has to leave `API_KEYS`.',
    access: 'open',
    answers: { 204: { description: 'The cookie is gone.', headers: { 'Set-Cookie': 'None any more.' } } },
    handle: (_, { tls }) => ({ status: 204, headers: sessionCookie('', 0, tls) }),
  }),
];
