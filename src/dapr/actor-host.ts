// Dapr's actor host contract, served by Koa: health, config, four routes of an actor, and pub/sub (subscriptions.ts). Ours, because the SDK's loses
// writes, leaks its token and ends the process on ordinary calls (docs/decisions/0003-actor-host.md).
import { createServer, type Server } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';
import type { Log } from '../telemetry/log.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { Mailbox } from '../actors/mailbox.ts';
import { runMethod } from '../actors/runtime.ts';
import type { ActorState } from '../domain/memory.ts';
import { ACTOR_TYPE, isMethod, type SessionStore } from '../actors/user-session.ts';
import { userOf } from './sidecar.ts';
import { subscriptionRoutes, type Subscriptions } from './subscriptions.ts';

const BODY_LIMIT = '1mb';

/** No reentrancy, no timers, no reminders: nothing of ours depends on the version of Dapr. */
const ACTOR_CONFIG = {
  entities: [ACTOR_TYPE],
  actorIdleTimeout: '10m',
  drainOngoingCallTimeout: '5s',
  drainRebalancedActors: true,
  reentrancy: { enabled: false },
};

export interface ActorHostOptions {
  readonly port: number;
  /** What daprd must send as dapr-api-token; undefined: anyone on loopback may call. */
  readonly token: string | undefined;
  readonly store: SessionStore;
  readonly state: ActorState;
  /** What daprd is to bring us from its pub/sub. */
  readonly subscriptions: Subscriptions;
  readonly log: Log;
}

export interface ActorHost {
  readonly port: number;
  /** Stops listening and waits for calls that run. */
  stop(): Promise<void>;
}

/** The SDK's proxy sends the arguments as an array; a plain client sends the one object itself. */
const onlyArgument = (body: unknown): unknown => (Array.isArray(body) ? body[0] : body) ?? {};

function tokenGuard(token: string): Koa.Middleware {
  const expected = Buffer.from(token);
  return async (ctx, next) => {
    const given = Buffer.from(ctx.get('dapr-api-token'));
    const known = given.length === expected.length && timingSafeEqual(given, expected);
    if (!known && ctx.path !== '/healthz') ctx.throw(401);
    await next();
  };
}

function routes(options: ActorHostOptions, mailbox: Mailbox): Router {
  const { store, state, log } = options;
  const router = new Router();
  // Cheap on purpose: a host that answers late leaves the placement table and its actors move.
  router.get('/healthz', (ctx) => {
    ctx.status = 204;
  });
  router.get('/dapr/config', (ctx) => {
    ctx.body = ACTOR_CONFIG;
  });
  router.put(`/actors/${ACTOR_TYPE}/:id/method/:method`, async (ctx) => {
    const { id, method } = ctx.params as { id: string; method: string };
    const userId = userOf(id);
    if (!isMethod(method)) return ctx.throw(404);
    const args = onlyArgument(ctx.request.body);
    const context = { userId, store, state, now: () => new Date() };
    // Dapr's own per-actor lock has let two calls through (dapr 1.16 to 1.18); this one does not.
    const run = () => runMethod(context, method, args);
    const span = { kind: 'server', parent: ctx.get('traceparent') } as const;
    const result = await inSpan(`UserSession/${method} host`, span, () => mailbox.run(userId, run));
    if (!result.ok) log.warn({ method, code: result.code, detail: result.detail }, 'An actor method did not succeed.');
    ctx.body = result;
  });
  // We register neither timers nor reminders; a stray one of an older deployment is told to go away for good.
  router.put(
    [`/actors/${ACTOR_TYPE}/:id/method/timer/:name`, `/actors/${ACTOR_TYPE}/:id/method/remind/:name`],
    (ctx) => {
      ctx.status = 404;
    },
  );
  // Nothing is kept between calls, so deactivating is nothing to do, also for an actor that was never active.
  router.delete(`/actors/${ACTOR_TYPE}/:id`, (ctx) => {
    ctx.status = 200;
  });
  return router;
}

/** Listens on loopback only: daprd stands next to us. Port 0 takes a free one. */
export async function startActorHost(options: ActorHostOptions): Promise<ActorHost> {
  const mailbox = new Mailbox();
  const app = new Koa();
  app.on('error', (error: Error & { expose?: boolean }) => {
    if (!error.expose) options.log.error({ err: error }, 'The actor host failed to answer.');
  });
  if (options.token !== undefined) app.use(tokenGuard(options.token));
  app.use(subscriptionRoutes(options.subscriptions, options.log).routes());
  // daprd sends no content type of its own accord.
  app.use(bodyParser({ enableTypes: ['json'], detectJSON: () => true, jsonLimit: BODY_LIMIT }));
  app.use(routes(options, mailbox).routes());
  const handle = app.callback();
  const server: Server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      await mailbox.idle();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
