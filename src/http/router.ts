// Routes for the table of operations.
import Router, { type RouterContext } from '@koa/router';
import fresh from 'fresh';
import type Koa from 'koa';
import { ANONYMOUS, mayUse, owns, type Access, type Identity } from './auth/access.ts';
import type { Authenticate } from './auth/authenticate.ts';
import { namedUserOf } from './auth/named-user.ts';
import type { OpenWaits } from './open-waits.ts';
import type { Answer, Operation, RequestContext } from './operation.ts';
import { isOpenAiPath, Problem } from './problem.ts';
import { inputReader, type PathValues } from './request-input.ts';
import { cameByTls } from './auth/session-cookie.ts';

/** What the outermost middleware reads about a request. */
export interface RequestState {
  /** The path template of the operation, which contains no ids. */
  route?: string;
}

export interface RouterDeps {
  /** Milliseconds after which a client that reads nothing from a stream is disconnected. */
  readonly stalledMs: number;
  readonly authenticate: Authenticate;
  readonly waits: OpenWaits;
  /** The trusted header that names the user below /v1. Undefined: none. */
  readonly userHeader: string | undefined;
}

function checkPathOwner(identity: Identity, access: Access, path: PathValues): void {
  if (access === 'open') return;
  if (!mayUse(identity, access.resource))
    throw new Problem('forbidden', `The role ${identity.role} may not use ${access.resource}.`);
  if (access.owner === 'path' && !owns(identity, path['user_id'] ?? ''))
    throw new Problem('user_not_found', 'No user has this id.');
}

function checkBodyOwner(identity: Identity, access: Access, body: unknown): void {
  if (access === 'open' || access.owner !== 'body') return;
  // The body is validated, and operations with this access rule require a user_id in it.
  if (!owns(identity, (body as { user_id: string }).user_id))
    throw new Problem('user_not_found', 'No user has this id.');
}

function write(ctx: Koa.Context, { status, headers, body, type, gzipped }: Answer, stalledMs: number): void {
  ctx.status = status;
  if (headers) ctx.set({ ...headers });
  if (gzipped) ctx.vary('accept-encoding');
  // 304 if the client has this version. The request's Cache-Control is ignored: fetch() adds `no-cache` to every request
  // with an If-None-Match, so ctx.fresh would never be true.
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
  // A stream sends heartbeats. A client that reads none of them for this time would keep the stream open forever.
  if (typeof body === 'object' && 'pipe' in body) ctx.req.socket.setTimeout(stalledMs, () => ctx.req.socket.destroy());
  const raw = typeof body === 'string' || Buffer.isBuffer(body) || 'pipe' in body;
  ctx.body = raw ? body : JSON.stringify(body);
}

function handlerOf(op: Operation, { authenticate, waits, stalledMs, userHeader }: RouterDeps) {
  const read = inputReader(op);
  const trustedHeader = isOpenAiPath(op.path) ? userHeader : undefined;
  const { access } = op;
  return async (ctx: RouterContext<RequestState>): Promise<void> => {
    ctx.state.route = op.path;
    const path: PathValues = ctx['params'];
    // Authorisation comes before validation: an unauthorised caller gets no validation errors, and its body is not read.
    const identity = access === 'open' ? ANONYMOUS : await authenticate(ctx);
    checkPathOwner(identity, access, path);
    const { input, sentBody } = await read(ctx, path);
    checkBodyOwner(identity, access, input.body);
    const namedUser = namedUserOf(ctx, identity, trustedHeader);
    const context: RequestContext = {
      identity,
      sentBody,
      tls: cameByTls(ctx),
      signal: () => waits.begin(ctx.res, identity.until),
      namedUser,
      owns: (userId) => owns(identity, userId) && (namedUser ?? userId) === userId,
    };
    write(ctx, await op.handle(input, context), stalledMs);
  };
}

const COMMON_METHODS = ['OPTIONS'];

/** Answers a request that no operation matches: a known path with another method, or an unknown path. */
function answerUnmatched(ctx: Koa.Context): void {
  const matched: readonly { methods: readonly string[]; path: unknown }[] = ctx['matched'] ?? [];
  const methods = new Set(matched.flatMap((layer) => layer.methods));
  if (methods.size === 0) throw new Problem('route_not_found', 'See /docs for the list of operations.');
  const allow = [...methods, ...COMMON_METHODS].join(', ');
  if (ctx.method !== 'OPTIONS')
    throw new Problem('method_not_allowed', `The path supports ${allow}.`, { headers: { allow } });
  ctx.status = 204;
  ctx.set('allow', allow);
}

const firstSegmentOf = (path: string): string => path.split('/', 2)[1] ?? '';

/** A middleware that dispatches every request to the operations. The routes are grouped by the first segment of their
 *  path, because the router compares a path with all its routes one after the other. */
export function routesOf(operations: readonly Operation[], deps: RouterDeps): Koa.Middleware<RequestState> {
  const bySegment = Map.groupBy(operations, (op) => firstSegmentOf(op.path));
  const groups = new Map([...bySegment].map(([segment, ofSegment]) => [segment, routerOf(ofSegment, deps).routes()]));
  return (ctx, next) => {
    const unmatched = async (): Promise<void> => {
      answerUnmatched(ctx);
      await next();
    };
    const routes = groups.get(firstSegmentOf(ctx.path));
    return routes ? routes(ctx as Parameters<typeof routes>[0], unmatched) : unmatched();
  };
}

function routerOf(operations: readonly Operation[], deps: RouterDeps): Router<RequestState> {
  const router = new Router<RequestState>({ sensitive: true });
  for (const op of operations) {
    router.register(op.path.replaceAll(/\{(\w+)\}/g, ':$1'), [op.method], handlerOf(op, deps));
  }
  return router;
}
