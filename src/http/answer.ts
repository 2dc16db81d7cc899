// The outermost middleware: sets the headers of every response, and writes every error in the format of its path.
import type Koa from 'koa';
import type { Log } from '../telemetry/log.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { drainBody } from './body.ts';
import { Unavailable } from '../domain/errors.ts';
import { Problem, PROBLEMS, unavailableProblem } from './problem.ts';
import { problemShapeAt } from './problem-shapes.ts';
import type { RequestState } from './router.ts';

/** Pages load nothing from other origins and cannot be framed. Pictures may be data URLs: the desk shows those of messages. No cache stores a response. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** The status that nginx logs for a client that disconnected before the response. */
const CLIENT_CLOSED_REQUEST = 499;

export interface ResponseDeps {
  readonly log: Log;
  /** Called once per request. `route` is the path template of the operation, or `unmatched`. */
  readonly observe: (route: string, method: string, status: number, seconds: number) => void;
  readonly stopping: () => boolean;
}

function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  return error instanceof Unavailable ? unavailableProblem(error) : null;
}

async function writeProblem(ctx: Koa.Context, problem: Problem): Promise<void> {
  if (!(await drainBody(ctx.req))) ctx.set('connection', 'close');
  ctx.status = PROBLEMS[problem.code].status;
  const shape = problemShapeAt(ctx.url);
  ctx.set({ ...problem.headers, ...shape.headers(problem, ctx.get('idempotency-key') !== '') });
  ctx.set('content-type', shape.type);
  ctx.body = JSON.stringify(shape.document(problem));
}

/** Sets headers, writes errors, logs and observes every request. */
export function answerAll({ log, observe, stopping }: ResponseDeps): Koa.Middleware<RequestState> {
  const answer = async (ctx: Koa.ParameterizedContext<RequestState>, next: Koa.Next): Promise<void> => {
    const startedAt = performance.now();
    ctx.set(SECURITY_HEADERS);
    try {
      await next();
    } catch (error) {
      // If the client has disconnected, no response is possible, and the disconnect caused most of these errors.
      if (ctx.writable) {
        const problem = problemOf(error);
        const cause = problem ? problem.cause : error;
        if (cause !== undefined)
          log.error({ err: cause, method: ctx.method, route: ctx.state.route }, 'The request failed.');
        await writeProblem(ctx, problem ?? new Problem('internal_error', 'The error was logged. Retry later.'));
      }
    }
    // An open keep-alive connection would delay the stop of the server.
    if (stopping()) ctx.set('connection', 'close');
    const status = ctx.writable ? ctx.status : CLIENT_CLOSED_REQUEST;
    const route = ctx.state.route ?? 'unmatched';
    const ms = performance.now() - startedAt;
    observe(route, ctx.method, status, ms / 1000);
    log.debug({ method: ctx.method, route, status, ms }, 'The request was answered.');
  };
  return (ctx, next) =>
    inSpan(ctx.method, { kind: 'server', parent: ctx.get('traceparent') }, async (span) => {
      await answer(ctx, next);
      // The path template, because an actual path contains ids of users and turns.
      const route = ctx.state.route ?? 'unmatched';
      span.updateName(`${ctx.method} ${route}`);
      span.setAttributes({
        'http.request.method': ctx.method,
        'http.route': route,
        'http.response.status_code': ctx.status,
      });
    });
}
