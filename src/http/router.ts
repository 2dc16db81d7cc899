// The table of operations as routes.
import Router, { type RouterContext } from '@koa/router';
import fresh from 'fresh';
import type Koa from 'koa';
import { ANONYMOUS, mayUse, owns, type Access, type Identity } from './auth/access.ts';
import type { Authenticate } from './auth/authenticate.ts';
import type { OpenWaits } from './open-waits.ts';
import type { Answer, Operation, RequestContext } from './operation.ts';
import { Problem } from './problem.ts';
import { inputReader, type PathValues } from './request-input.ts';
import { cameByTls } from './auth/session-cookie.ts';

/** What the outer middleware wants to know of a request. */
export interface RequestState {
  /** Path of the operation, as documented: never with ids in it. */
  route?: string;
}

export interface RouterDeps {
  /** Milliseconds after which a client that takes nothing of a stream is cut off. */
  readonly stalledMs: number;
  readonly authenticate: Authenticate;
  readonly waits: OpenWaits;
}

function checkPathOwner(identity: Identity, access: Access, path: PathValues): void {
  if (access === 'open') return;
  if (!mayUse(identity, access.thing))
    throw new Problem('forbidden', `The role ${identity.role} has no right to ${access.thing}.`);
  if (access.owner === 'path' && !owns(identity, path['user_id'] ?? ''))
    throw new Problem('user_not_found', 'No user has this id.');
}

function checkBodyOwner(identity: Identity, access: Access, body: unknown): void {
  if (access === 'open' || access.owner !== 'body') return;
  // The body is validated: an operation with this access has a user_id in it.
  if (!owns(identity, (body as { user_id: string }).user_id))
    throw new Problem('user_not_found', 'No user has this id.');
}

function write(ctx: Koa.Context, { status, headers, body, type, gzipped }: Answer, stalledMs: number): void {
  ctx.status = status;
  if (headers) ctx.set({ ...headers });
  if (gzipped) ctx.vary('accept-encoding');
  // The client has this version already. Its Cache-Control is ignored: fetch() adds `no-cache` to every request with an
  // If-None-Match, and ctx.fresh would then never answer 304.
  const etag = ctx.response.get('etag');
  if (etag !== '' && fresh({ 'if-none-match': ctx.get('if-none-match') }, { etag })) {
    ctx.status = 304;
    return;
  }
  if (body === undefined) return;
  ctx.set('content-type', type ?? 'application/json; charset=utf-8');
  if (gzipped && ctx.acceptsEncodings('gzip', 'identity') === 'gzip') {
    ctx.set('content-encoding', 'gzip');
    ctx.body = gzipped;
    return;
  }
  // Streams send heartbeats. A client that reads nothing for so long is disconnected: it would stay forever.
  if (typeof body === 'object' && 'pipe' in body) ctx.req.socket.setTimeout(stalledMs, () => ctx.req.socket.destroy());
  const raw = typeof body === 'string' || Buffer.isBuffer(body) || 'pipe' in body;
  ctx.body = raw ? body : JSON.stringify(body);
}

function handlerOf(op: Operation, { authenticate, waits, stalledMs }: RouterDeps) {
  const read = inputReader(op);
  const { access } = op;
  return async (ctx: RouterContext<RequestState>): Promise<void> => {
    ctx.state.route = op.path;
    const path: PathValues = ctx['params'];
    // Rights come first: whoever has none learns nothing about the input, and sends no body that is read.
    const identity = access === 'open' ? ANONYMOUS : await authenticate(ctx);
    checkPathOwner(identity, access, path);
    const { input, sentBody } = await read(ctx, path);
    checkBodyOwner(identity, access, input.body);
    const context: RequestContext = {
      identity,
      sentBody,
      tls: cameByTls(ctx),
      signal: () => waits.begin(ctx.res, identity.until),
      owns: (userId) => owns(identity, userId),
    };
    write(ctx, await op.handle(input, context), stalledMs);
  };
}

const METHODS_ALWAYS = ['OPTIONS'];

/** Where no operation took the request: a known path with another method, or no path of ours. */
function answerUnmatched(ctx: Koa.Context): void {
  const matched: readonly { methods: readonly string[]; path: unknown }[] = ctx['matched'] ?? [];
  const methods = new Set(matched.flatMap((layer) => layer.methods));
  if (methods.size === 0) throw new Problem('route_not_found', 'See /docs for what there is.');
  const allow = [...methods, ...METHODS_ALWAYS].join(', ');
  if (ctx.method !== 'OPTIONS')
    throw new Problem('method_not_allowed', `This path knows ${allow}.`, { headers: { allow } });
  ctx.status = 204;
  ctx.set('allow', allow);
}

/** One middleware that answers every request by the table. */
export function routesOf(operations: readonly Operation[], deps: RouterDeps): Koa.Middleware<RequestState> {
  const router = new Router<RequestState>({ sensitive: true });
  for (const op of operations) {
    router.register(op.path.replaceAll(/\{(\w+)\}/g, ':$1'), [op.method], handlerOf(op, deps));
  }
  const routes = router.routes();
  return (ctx, next) =>
    routes(ctx as Parameters<typeof routes>[0], async () => {
      answerUnmatched(ctx);
      await next();
    });
}
