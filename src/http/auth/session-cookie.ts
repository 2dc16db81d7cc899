// The cookie of who has signed in. It is no page's to read, and no other site's to send.
import type Koa from 'koa';

export const SESSION_COOKIE = 'turnkeeper_session';

const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** TLS may end in front of us. Whoever forges these headers only keeps their own cookie from being sent. */
export const cameByTls = (ctx: Koa.Context): boolean =>
  ctx.secure || ctx.get('x-forwarded-proto') === 'https' || ctx.get('origin').startsWith('https:');

/** The header that sets the cookie, for `maxAgeS` seconds; 0 and no value: that removes it. */
export const sessionCookie = (value: string, maxAgeS: number, tls: boolean): Readonly<Record<string, string>> => ({
  'set-cookie': `${SESSION_COOKIE}=${value}; ${ATTRIBUTES}; Max-Age=${maxAgeS}${tls ? '; Secure' : ''}`,
});
