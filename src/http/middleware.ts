// What every request goes through: the answer to errors, headers, the origin check, the caller, the body.
import type Koa from 'koa';
import { bodyParser } from '@koa/bodyparser';
import type { Log } from '../log.ts';
import { ANONYMOUS, type Caller } from './access.ts';
import { isOurOrigin } from './origin.ts';
import { Problem, problemOf } from './problem.ts';

const BODY_LIMIT = '256kb';
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface RequestState {
  /** The route's template, once it is known: for metrics and logs. */
  route?: string;
  caller: Caller;
}

type Middleware = Koa.Middleware<RequestState>;

/** Outermost: measures, and turns whatever is thrown below into a problem. */
export function problems(
  log: Log,
  observe: (route: string, method: string, status: number, seconds: number) => void,
): Middleware {
  return async (ctx, next) => {
    const began = performance.now();
    ctx.set(HEADERS);
    try {
      await next();
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === 'internal_error')
        log.error({ err: error, route: ctx.state.route }, 'A request failed unexpectedly.');
      ctx.status = problem.status;
      ctx.set(problem.headers);
      ctx.body = JSON.stringify(problem);
      ctx.type = 'application/problem+json';
    }
    const ms = performance.now() - began;
    observe(ctx.state.route ?? 'none', ctx.method, ctx.status, ms / 1000);
    log.debug({ method: ctx.method, route: ctx.state.route, status: ctx.status, ms }, 'A request was answered.');
  };
}

export const originCheck =
  (listenHost: string): Middleware =>
  (ctx, next) => {
    if (!isOurOrigin(listenHost, ctx.get('host'), ctx.get('origin')))
      throw new Problem('foreign_origin', 'Host and Origin must be those of this server.');
    return next();
  };

/** Who calls; unknown keys are refused where the operation asks for one. `find` is null where AUTH=none. */
export const callerOf =
  (find: ((authorization: string) => Caller | null) | null) =>
  (authorization: string): Caller => {
    if (!find) return ANONYMOUS;
    const caller = find(authorization);
    if (caller) return caller;
    throw new Problem('unauthenticated', 'Send a known key as `Authorization: Bearer <key>`.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  };

/** Parses JSON, counted as it arrives, so that a body without a length is limited too. */
export const jsonBody = (): Middleware =>
  bodyParser({
    enableTypes: ['json'],
    jsonLimit: BODY_LIMIT,
    // Merged into the library's list by position: its own first entry has to stand here again.
    extendTypes: { json: ['application/json', 'application/*+json'] },
    onError(error) {
      const { status } = error as Error & { status?: number };
      if (status === 413) throw new Problem('body_too_large', `The body must be at most ${BODY_LIMIT}.`);
      throw new Problem('invalid_json', 'The body could not be read as JSON.');
    },
  });
