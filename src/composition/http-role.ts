// The http role: starts the ingress with its services.
import { randomBytes } from 'node:crypto';
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Config } from '../config/config.ts';
import { BOARD_PATH } from '../http/endpoints/board.ts';
import { startIngress, type Ingress, type IngressSettings } from '../http/server.ts';
import { connectRedis } from '../redis/connection.ts';
import { RedisDeltaFeed } from '../redis/delta-feed.ts';
import type { Database } from '../store/database.ts';
import { sharedSecret } from '../store/secrets.ts';
import type { Health } from '../telemetry/health.ts';
import type { Scrape } from '../telemetry/metrics.ts';
import type { LiveAssistants } from '../turns/live-assistants.ts';
import { QueuedCount } from '../turns/queued-count.ts';
import type { ResolveNames } from '../outbound/names.ts';
import { queueBoard } from '../workers/board.ts';
import { VERSION, type Foundation } from './foundation.ts';
import { DRAIN_MS } from './lifecycle.ts';
import { servicesOf } from './services.ts';

const SECRET_BYTES = 32;

/** The settings of the ingress. With AUTH=keys, the session secret is read, or created if none exists.
 *  @throws Unavailable */
export async function ingressSettings(config: Config, database: Database): Promise<IngressSettings> {
  const { HOST: host, PORT: port, AUTH: auth, API_KEYS: apiKeys } = config;
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_JWKS_URL: jwksUrl, JWT_ROLE_CLAIM: roleClaim } = config;
  return {
    host,
    port,
    auth,
    apiKeys,
    heldText: config.REVIEW_HELD_TEXT,
    userHeader: config.USER_HEADER,
    sessionSecret: auth === 'keys' ? await sharedSecret(database, 'sessions', randomBytes(SECRET_BYTES)) : undefined,
    // config.ts checks that they are complete with AUTH=jwt.
    tokens: issuer && audience && jwksUrl ? { issuer, audience, jwksUrl, roleClaim } : undefined,
  };
}

export interface HttpOptions {
  readonly actors: ActorRuntime;
  readonly assistants: LiveAssistants;
  readonly health: Health;
  readonly scrape: Scrape;
  readonly resolveNames: ResolveNames | undefined;
}

/** Starts the ingress. Rejects with a clear message if it cannot listen; `lifecycle` holds what was started. */
export async function startHttpRole(foundation: Foundation, options: HttpOptions): Promise<Ingress> {
  const { config, addresses, database, redis, queues, hints, metrics, log, lifecycle } = foundation;
  hints.turns.subscribe();
  hints.reviews.subscribe();
  hints.partialAnswers.subscribe();
  const deltaSubscriber = await connectRedis(addresses.redisUrl, 'patient', log);
  lifecycle.started('redis deltas', async () => deltaSubscriber.disconnect());
  const deltas = new RedisDeltaFeed(redis, deltaSubscriber);
  deltas.start();
  const queued = new QueuedCount(database, log);
  queued.start();
  lifecycle.started('queued count', () => queued.stop());
  const ingress = await startIngress({
    services: servicesOf(foundation, { ...options, deltas, queued }),
    settings: await ingressSettings(config, database),
    board: queueBoard(queues, BOARD_PATH),
    version: VERSION,
    assistants: options.assistants,
    log,
    observe: (route, method, status, seconds) => metrics.httpSeconds.observe({ route, method, status }, seconds),
  });
  lifecycle.started('ingress', () => ingress.stop(DRAIN_MS));
  return ingress;
}
