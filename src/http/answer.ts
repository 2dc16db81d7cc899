// The outermost middleware: every answer leaves through here, with its headers, and every error in the shape of its path.
import type Koa from 'koa';
import type { Log } from '../telemetry/log.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { drainBody } from './body.ts';
import { Unavailable } from '../domain/errors.ts';
import { Problem, PROBLEMS, unavailableProblem } from './problem.ts';
import { problemShapeAt } from './problem-shapes.ts';
import type { RequestState } from './router.ts';

/** What we answer loads nothing from elsewhere, is framed by nobody, and is kept by no cache. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** As nginx counts a client that went before it was answered. */
const CLIENT_GONE = 499;

export interface AnswerDeps {
  readonly log: Log;
  /** Called once a request. `route` is the operation's path, or `unmatched`. */
  readonly observe: (route: string, method: string, status: number, seconds: number) => void;
  readonly stopping: () => boolean;
}

function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  return error instanceof Unavailable ? unavailableProblem(error.dependency) : null;
}

async function writeProblem(ctx: Koa.Context, problem: Problem): Promise<void> {
  if (!(await drainBody(ctx.req))) ctx.set('connection', 'close');
  ctx.status = PROBLEMS[problem.code].status;
  ctx.set({ ...problem.headers });
  const shape = problemShapeAt(ctx.url);
  ctx.set('content-type', shape.type);
  ctx.body = JSON.stringify(shape.document(problem));
}

/** Headers for every answer, a document for every error, one log line and one observation for every request. */
export function answerAll({ log, observe, stopping }: AnswerDeps): Koa.Middleware<RequestState> {
  const answer = async (ctx: Koa.ParameterizedContext<RequestState>, next: Koa.Next): Promise<void> => {
    const begun = performance.now();
    ctx.set(SECURITY_HEADERS);
    try {
      await next();
    } catch (error) {
      // With the client gone there is nobody to tell, and most errors come from its going.
      if (ctx.writable) {
        const problem = problemOf(error);
        const unknown = problem ? problem.cause : error;
        if (unknown !== undefined)
          log.error({ err: unknown, method: ctx.method, route: ctx.state.route }, 'A request failed.');
        await writeProblem(ctx, problem ?? new Problem('internal_error', 'It was logged. Please try again later.'));
      }
    }
    // A connection that stays open would keep the server from stopping.
    if (stopping()) ctx.set('connection', 'close');
    const status = ctx.writable ? ctx.status : CLIENT_GONE;
    const route = ctx.state.route ?? 'unmatched';
    const ms = performance.now() - begun;
    observe(route, ctx.method, status, ms / 1000);
    log.debug({ method: ctx.method, route, status, ms }, 'A request was answered.');
  };
  return (ctx, next) =>
    inSpan(ctx.method, { kind: 'server', parent: ctx.get('traceparent') }, async (span) => {
      await answer(ctx, next);
      // The path as documented: one of a user or a turn would tell whom it concerns.
      const route = ctx.state.route ?? 'unmatched';
      span.updateName(`${ctx.method} ${route}`);
      span.setAttributes({
        'http.request.method': ctx.method,
        'http.route': route,
        'http.response.status_code': ctx.status,
      });
    });
}
