// Who calls: the port of the three ways to tell, and where in a request the answer stands.
import type Koa from 'koa';
import { ANONYMOUS, type Identity } from './access.ts';
import { SESSION_COOKIE } from './session-cookie.ts';
import { Problem } from '../problem.ts';

/** What a sign-in gives: what the cookie carries, and until when. */
export interface SignedIn {
  readonly cookie: string;
  readonly until: Date;
}

/** One way to tell who calls. All reject with Problem unauthorized, or with a problem of what they depend on. */
export interface Authenticator {
  readonly auth: 'none' | 'keys' | 'jwt';
  /** Null: nothing has to be shown. */
  readonly nobody: Identity | null;
  /** Who shows this key or token. */
  bearer(credential: string): Promise<Identity>;
  /** Who shows a cookie of this value. */
  cookie(value: string): Promise<Identity>;
  /** Exchanges a key or token for a cookie; null: there is nothing to sign in to. */
  signIn(credential: string): Promise<SignedIn | null>;
}

/** Tells who sent a request. Rejects with a Problem. */
export type Authenticate = (ctx: Koa.Context) => Promise<Identity>;

export const unauthorized = (detail: string, challenge = ''): Problem =>
  new Problem('unauthorized', detail, { headers: { 'www-authenticate': `Bearer realm="turnkeeper"${challenge}` } });

export const invalidToken = (detail: string): Problem => unauthorized(detail, ', error="invalid_token"');

/** Without authentication everybody is admin; the settings allow that only on a loopback address. */
export const authenticateNobody: Authenticator = {
  auth: 'none',
  nobody: ANONYMOUS,
  bearer: async () => ANONYMOUS,
  cookie: async () => ANONYMOUS,
  signIn: async () => null,
};

/** Longer than a signed token gets; Node itself takes 16 KiB of headers. */
const BEARER = /^Bearer +([\x21-\x7e]{1,8192}) *$/i;
const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A browser sends the cookie by itself, so that a page of somebody else could act for who is signed in. SameSite=Strict
 *  keeps other sites out, but a server on another port of this machine is the same site. So what changes something must
 *  tell that a page of ours asked for it. An `Origin` that came this far is ours (foreign-origin.ts). */
function checkOwnPage(ctx: Koa.Context): void {
  if (CHANGES_NOTHING.has(ctx.method)) return;
  const site = ctx.get('sec-fetch-site');
  const own = site === '' ? ctx.get('origin') !== '' : site === 'same-origin' || site === 'none';
  if (!own)
    throw new Problem(
      'foreign_origin',
      'A request that changes something and is signed in by cookie must come from a page of ours (Sec-Fetch-Site or Origin).',
    );
}

/** Reads who calls: `Authorization` counts before the cookie. */
export const authenticateBy =
  (authenticator: Authenticator): Authenticate =>
  async (ctx) => {
    if (authenticator.nobody) return authenticator.nobody;
    const { authorization } = ctx.headers;
    if (authorization !== undefined) {
      const credential = BEARER.exec(authorization)?.[1];
      if (credential === undefined) throw invalidToken('Send `Authorization: Bearer <key>`.');
      return authenticator.bearer(credential);
    }
    const cookie = ctx.cookies.get(SESSION_COOKIE);
    if (cookie === undefined) throw unauthorized('Send `Authorization: Bearer <key>`, or sign in (POST /session).');
    checkOwnPage(ctx);
    return authenticator.cookie(cookie);
  };
