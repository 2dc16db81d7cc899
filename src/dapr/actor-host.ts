// The actor host: the HTTP routes that daprd calls, served by Koa: health, config, four actor routes, and pub/sub
// (subscriptions.ts). It replaces the host of the SDK, which loses writes, leaks its token and ends the process on
// ordinary calls (docs/decisions/0003-actor-host.md).
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
import { userOf } from './actor-state.ts';
import { subscriptionRoutes, type Subscriptions } from './subscriptions.ts';

const BODY_LIMIT = '1mb';

/** No reentrancy, timers or reminders, so that nothing depends on the version of Dapr. */
const ACTOR_CONFIG = {
  entities: [ACTOR_TYPE],
  actorIdleTimeout: '10m',
  drainOngoingCallTimeout: '5s',
  drainRebalancedActors: true,
  reentrancy: { enabled: false },
};

export interface ActorHostOptions {
  readonly port: number;
  /** The token that daprd must send in the header `dapr-api-token`; undefined: any process on loopback may call. */
  readonly token: string | undefined;
  readonly store: SessionStore;
  readonly state: ActorState;
  /** Handlers for the pub/sub topics that daprd delivers to this process. */
  readonly subscriptions: Subscriptions;
  readonly log: Log;
}

export interface ActorHost {
  readonly port: number;
  /** Waits for running calls, then stops listening. */
  stop(): Promise<void>;
}

/** Returns the argument object. turnkeeper sends the object itself; the SDK's proxy sends it in an array. */
const onlyArgument = (body: unknown): unknown => (Array.isArray(body) ? body[0] : body) ?? {};

function tokenGuard(token: string): Koa.Middleware {
  const expected = Buffer.from(token);
  return async (ctx, next) => {
    const given = Buffer.from(ctx.get('dapr-api-token'));
    const valid = given.length === expected.length && timingSafeEqual(given, expected);
    if (!valid && ctx.path !== '/healthz') ctx.throw(401);
    await next();
  };
}

function routes(options: ActorHostOptions, mailbox: Mailbox): Router {
  const { store, state, log } = options;
  const router = new Router();
  // Does no work: if a host answers late, Dapr removes it from the placement table and moves its actors. Dapr 1.14 takes
  // only 200 for healthy, and does not notice that a host died which it never found healthy.
  router.get('/healthz', (ctx) => {
    ctx.body = '';
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
    // Needed, because Dapr's lock for each actor has let two calls through (Dapr 1.16 to 1.18).
    const run = () => runMethod(context, method, args);
    const span = { kind: 'server', parent: ctx.get('traceparent') } as const;
    const result = await inSpan(`UserSession/${method} host`, span, () => mailbox.run(userId, run));
    if (!result.ok) log.warn({ method, code: result.code, detail: result.detail }, 'An actor method failed.');
    ctx.body = result;
  });
  // This host registers neither timers nor reminders. The 404 makes Dapr drop one that an older deployment registered.
  router.put(
    [`/actors/${ACTOR_TYPE}/:id/method/timer/:name`, `/actors/${ACTOR_TYPE}/:id/method/remind/:name`],
    (ctx) => {
      ctx.status = 404;
    },
  );
  // The host keeps nothing between calls, so a deactivation needs no work, even for an actor that was never active.
  router.delete(`/actors/${ACTOR_TYPE}/:id`, (ctx) => {
    ctx.status = 200;
  });
  return router;
}

/** Starts the host on loopback, where daprd runs too. Port 0 selects a free port. */
export async function startActorHost(options: ActorHostOptions): Promise<ActorHost> {
  const mailbox = new Mailbox();
  const app = new Koa();
  app.on('error', (error: Error & { expose?: boolean }) => {
    if (!error.expose) options.log.error({ err: error }, 'The actor host could not answer a request.');
  });
  if (options.token !== undefined) app.use(tokenGuard(options.token));
  app.use(subscriptionRoutes(options.subscriptions, options.log).routes());
  // daprd sends no content type by default.
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
