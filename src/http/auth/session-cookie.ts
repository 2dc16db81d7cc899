// The session cookie. Scripts cannot read it (HttpOnly), and other sites cannot send it (SameSite=Strict).
import type Koa from 'koa';

export const SESSION_COOKIE = 'turnkeeper_session';

const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** Whether the client uses TLS, which a proxy may terminate. A client that forges these headers only prevents its own
 *  cookie from being sent. */
export const cameByTls = (ctx: Koa.Context): boolean =>
  ctx.secure || ctx.get('x-forwarded-proto') === 'https' || ctx.get('origin').startsWith('https:');

/** The header that sets the cookie for `maxAgeS` seconds. An empty value and 0 remove it. */
export const sessionCookie = (value: string, maxAgeS: number, tls: boolean): Readonly<Record<string, string>> => ({
  'set-cookie': `${SESSION_COOKIE}=${value}; ${ATTRIBUTES}; Max-Age=${maxAgeS}${tls ? '; Secure' : ''}`,
});
