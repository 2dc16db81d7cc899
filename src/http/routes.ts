// Routes made from the table of operations: parse, check access, validate, handle, answer.
import Router, { type RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import { mayUse, requireOwner, type Caller } from './access.ts';
import { jsonBody, type RequestState } from './middleware.ts';
import type { Answer, Operation } from './operation.ts';
import { Problem } from './problem.ts';
import { validated } from './validate.ts';

type Context = RouterContext<RequestState>;

const koaPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Aborts when the client has gone or the server stops. */
function signalOf(ctx: Context, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  ctx.res.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}

function checkKind(operation: Operation, caller: Caller): void {
  if (!mayUse(caller, operation.access.kind))
    throw new Problem('forbidden', `The key's role (${caller.role}) does not give this right.`);
}

/** Before the request is looked at any closer: somebody else's things are told apart by nothing else. */
function checkOwner(operation: Operation, caller: Caller, ctx: Context): void {
  const { owner } = operation.access;
  if (owner === 'path') requireOwner(caller, ctx.params['user_id'] ?? '', 'user_not_found');
  if (owner === 'body') {
    const asked = (ctx.request.body as { user_id?: unknown } | undefined)?.user_id;
    // Without a user the body is at fault, which validation says.
    if (typeof asked === 'string') requireOwner(caller, asked, 'user_not_found');
  }
}

function checkMediaType(ctx: Context): void {
  // Null: no body at all; validation says what is missing.
  if (ctx.request.is('json', 'application/*+json') === false)
    throw new Problem('unsupported_media_type', 'Send the body as application/json.');
}

function send(ctx: Context, { status, body, headers }: Answer): void {
  ctx.status = status;
  if (body !== undefined) {
    ctx.body = typeof body === 'string' ? body : JSON.stringify(body);
    ctx.type = 'application/json; charset=utf-8';
  }
  if (headers) ctx.set(headers as Record<string, string>);
}

interface RouteOptions {
  readonly callerOf: (authorization: string) => Caller;
  readonly stopping: AbortSignal;
}

function handler(operation: Operation, stopping: AbortSignal) {
  return async (ctx: Context): Promise<void> => {
    const { caller } = ctx.state;
    if (operation.body) checkMediaType(ctx);
    checkOwner(operation, caller, ctx);
    const sent = ctx.request.body;
    const parts = validated(operation, { params: ctx.params, query: ctx.query, headers: ctx.headers, body: sent });
    send(ctx, await operation.handle({ ...parts, sent, caller, signal: signalOf(ctx, stopping) }));
  };
}

/** All routes, and problems for unknown paths and methods. */
export function routesOf(operations: readonly Operation[], options: RouteOptions): Middleware[] {
  const router = new Router<RequestState>();
  const body = jsonBody();
  for (const operation of operations) {
    const identify = (ctx: Context, next: () => Promise<unknown>) => {
      ctx.state.route = operation.path;
      if (operation.access.kind !== 'open') {
        ctx.state.caller = options.callerOf(ctx.get('authorization'));
        checkKind(operation, ctx.state.caller);
      }
      return next();
    };
    const steps = operation.body
      ? [identify, body, handler(operation, options.stopping)]
      : [identify, handler(operation, options.stopping)];
    router[operation.method](koaPath(operation.path), ...(steps as Parameters<typeof router.get>[1][]));
  }
  return [router.routes() as unknown as Middleware, unrouted(operations)];
}

/** Answers what no route took: OPTIONS, an unknown path, or a known path with another method. */
function unrouted(operations: readonly Operation[]): Middleware {
  const known = operations.map(({ path, method }) => ({
    method,
    path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}/?$`),
  }));
  return (ctx) => {
    const methods = known.filter(({ path }) => path.test(ctx.path)).map(({ method }) => method.toUpperCase());
    if (methods.length === 0) throw new Problem('route_not_found', 'There is nothing at this path; see /docs.');
    const allow = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].join(', ');
    if (ctx.method !== 'OPTIONS')
      throw new Problem('method_not_allowed', `This path knows ${allow}.`, { headers: { allow } });
    ctx.status = 204;
    ctx.set('allow', allow);
  };
}
