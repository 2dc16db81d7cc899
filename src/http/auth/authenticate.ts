// Authentication: the port of the three authenticators, and how a request is authenticated.
import type Koa from 'koa';
import { ANONYMOUS, type Identity } from './access.ts';
import { SESSION_COOKIE } from './session-cookie.ts';
import { Problem } from '../problem.ts';

/** The result of a sign-in: the value of the cookie, and when it expires. */
export interface SignedIn {
  readonly cookie: string;
  readonly until: Date;
}

/** An authentication method. All methods reject with Problem unauthorized, or with the problem of a dependency. */
export interface Authenticator {
  readonly auth: 'none' | 'keys' | 'jwt';
  /** The identity of every request without credentials. Null: credentials are required. */
  readonly anonymous: Identity | null;
  /** The identity of this key or token. */
  bearer(credential: string): Promise<Identity>;
  /** The identity of this cookie value. */
  cookie(value: string): Promise<Identity>;
  /** Exchanges a key or token for a cookie. Null: there are no sessions. */
  signIn(credential: string): Promise<SignedIn | null>;
}

/** Returns the identity of a request's caller. @throws Problem */
export type Authenticate = (ctx: Koa.Context) => Promise<Identity>;

export const unauthorized = (detail: string, challenge = ''): Problem =>
  new Problem('unauthorized', detail, { headers: { 'www-authenticate': `Bearer realm="turnkeeper"${challenge}` } });

export const invalidToken = (detail: string): Problem => unauthorized(detail, ', error="invalid_token"');

/** Without authentication every caller is admin. The settings allow this only on a loopback address. */
export const noAuthentication: Authenticator = {
  auth: 'none',
  anonymous: ANONYMOUS,
  bearer: async () => ANONYMOUS,
  cookie: async () => ANONYMOUS,
  signIn: async () => null,
};

/** 8 KiB are more than a signed token needs. Node accepts 16 KiB of headers. */
const BEARER = /^Bearer +([\x21-\x7e]{1,8192}) *$/i;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** CSRF protection. A browser sends the cookie automatically, so a page of another origin could act for the signed-in
 *  user. SameSite=Strict excludes other sites, but a server on another port of this machine is the same site. A request
 *  that may change something must therefore show by Sec-Fetch-Site or Origin that a page of this server sent it. An
 *  `Origin` has already been compared with the Host (foreign-origin.ts). */
function checkSameOrigin(ctx: Koa.Context): void {
  if (SAFE_METHODS.has(ctx.method)) return;
  const site = ctx.get('sec-fetch-site');
  const own = site === '' ? ctx.get('origin') !== '' : site === 'same-origin' || site === 'none';
  if (!own)
    throw new Problem(
      'foreign_origin',
      'A request that changes data and is authenticated by cookie must come from a page of this server (Sec-Fetch-Site or Origin).',
    );
}

/** Authenticates requests. `Authorization` takes precedence over the cookie. */
export const authenticateBy =
  (authenticator: Authenticator): Authenticate =>
  async (ctx) => {
    if (authenticator.anonymous) return authenticator.anonymous;
    const { authorization } = ctx.headers;
    if (authorization !== undefined) {
      const credential = BEARER.exec(authorization)?.[1];
      if (credential === undefined) throw invalidToken('Send `Authorization: Bearer <key>`.');
      return authenticator.bearer(credential);
    }
    const cookie = ctx.cookies.get(SESSION_COOKIE);
    if (cookie === undefined) throw unauthorized('Send `Authorization: Bearer <key>`, or sign in with POST /session.');
    checkSameOrigin(ctx);
    return authenticator.cookie(cookie);
  };
