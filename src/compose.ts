// The composition root: the only place that constructs across folders.
import packageJson from '../package.json' with { type: 'json' };
import { startActorHost } from './actors/dapr/host.ts';
import { daprPublisher } from './actors/dapr/publish.ts';
import { DaprRuntime } from './actors/dapr/runtime.ts';
import { DaprState } from './actors/dapr/sidecar.ts';
import { EmbeddedRuntime, type ProcessLease } from './actors/embedded.ts';
import type { ActorRuntime } from './actors/runtime.ts';
import { sessionStore } from './actors/session-store.ts';
import type { Config } from './config.ts';
import { BOARD_PATH } from './http/operations/board.ts';
import { startIngress } from './http/server.ts';
import { turnJson } from './http/operations/turn-json.ts';
import { ingressSettings } from './ingress-settings.ts';
import { DRAIN_MS, type Lifecycle } from './lifecycle.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { startMonitoring } from './monitored.ts';
import { OpenAiModel } from './model/openai-model.ts';
import { OpenAiModerator } from './model/openai-moderator.ts';
import { Cancellations } from './redis/cancellations.ts';
import { checkRedisKeepsKeys, connectRedis } from './redis/connection.ts';
import { RedisDeltaFeed } from './redis/delta-feed.ts';
import { forgetBrokerEvents } from './redis/forget-broker-events.ts';
import { forgetDeltas } from './redis/forget-deltas.ts';
import { ReviewChanges } from './redis/review-changes.ts';
import { TurnChanges } from './redis/turn-changes.ts';
import { ReviewDesk } from './reviews/review-desk.ts';
import { servicesOf } from './services.ts';
import { sqlActorState } from './store/actor-state.ts';
import { connect } from './store/connect.ts';
import { Database, isUnavailable } from './store/database.ts';
import { takeLease, type Lease } from './store/leases.ts';
import { migrateToLatest, pendingMigrations } from './store/migrate.ts';
import { edgeDecisions } from './workers/edge-decisions.ts';
import { Edge } from './workers/edge.ts';
import { queueBoard } from './workers/board.ts';
import { Queues } from './workers/queues.ts';
import { startWorkerRole } from './worker-role.ts';
import { TOPIC_TYPES } from './turns/events.ts';
import { Eraser } from './users/eraser.ts';
import { Relay } from './workers/relay.ts';
import { Courier } from './webhooks/courier.ts';
import { WebhookService } from './webhooks/webhook-service.ts';
import { resolverFor, type ResolveNames } from './webhooks/names.ts';

const VERSION = packageJson.version;
const POOL_SIZE = 24;
/** daprd tells about actors some 2.5 s after it has started. */
const ACTORS_READY_MS = 60_000;

/** Addresses of what this process works with: brought along by `npm start`, or given by the settings. */
export interface Parts {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly model: { readonly baseUrl: string | undefined; readonly apiKey: string | undefined; readonly name: string };
  /** Undefined: the embedded runtime. */
  readonly dapr: DaprAddress | undefined;
  /** How the hosts of webhooks become addresses; absent: by DNS. */
  readonly resolveNames?: ResolveNames | undefined;
}

export interface DaprAddress {
  readonly httpPort: number;
  readonly apiToken: string | undefined;
  /** Where daprd calls our actor host. */
  readonly appPort: number;
  readonly appToken: string | undefined;
}

export interface App {
  /** Where the ingress listens; null: this process has none. */
  readonly url: string | null;
  readonly runtime: ActorRuntime['name'];
  /** Where /metrics is read without a key; null: METRICS_PORT is not set. */
  readonly metricsUrl: string | null;
}

/** The schema must be what this code knows: brought up to date when asked to, else checked. */
async function settleSchema(database: Database, migrate: boolean, log: Log): Promise<void> {
  if (migrate) {
    const applied = await migrateToLatest(database.builder);
    if (applied.length > 0) log.info({ migrations: applied.length }, 'The database schema was brought up to date.');
    return;
  }
  const pending = await pendingMigrations(database.builder);
  if (pending.length > 0)
    throw new Error(`the database lacks ${pending.length} migrations: run \`npm run migrate -- latest\``);
}

/** The exporters are loaded only where there is somewhere to export to. */
async function settleTracing(config: Config, lifecycle: Lifecycle): Promise<void> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_EXPORTER_ZIPKIN_ENDPOINT: zipkinUrl } = config;
  if (otlpUrl === undefined && zipkinUrl === undefined) return;
  const { startTracing } = await import('./tracing-export.ts');
  const { OTEL_TRACES_SAMPLER_ARG: ratio, OTEL_SERVICE_NAME: serviceName } = config;
  lifecycle.started('tracing', startTracing({ otlpUrl, zipkinUrl, ratio, serviceName, version: VERSION }));
}

function processLease(database: Database): ProcessLease {
  let lease: Lease | null = null;
  return {
    async acquire(lost) {
      // A process that was killed holds it until it lapses.
      lease = await takeLease(database.builder, 'embedded-actors', { waitMs: 15_000, lost });
      if (!lease)
        throw new Error(
          'another process runs embedded actors on this database; only one may (use ACTOR_RUNTIME=dapr for more)',
        );
    },
    release: async () => lease?.release(),
  };
}

interface RuntimeDeps {
  readonly database: Database;
  readonly queues: Queues;
  readonly log: Log;
  readonly onLost: () => void;
}

function actorRuntime(config: Config, { dapr }: Parts, { database, queues, log, onLost }: RuntimeDeps): ActorRuntime {
  const store = sessionStore(database);
  if (!dapr)
    return new EmbeddedRuntime({
      store,
      state: sqlActorState(database),
      lease: processLease(database),
      isUnavailable,
      onLost,
    });
  const state = new DaprState(dapr);
  const { appPort: port, appToken: token } = dapr;
  const hosts = config.roles.includes('actors');
  const subscriptions = { 'review-decisions': edgeDecisions(queues, log) };
  const options = { port, token, store, state, isUnavailable, subscriptions, log };
  const host = hosts ? () => startActorHost(options) : undefined;
  return new DaprRuntime({ sidecar: dapr, readyWithinMs: ACTORS_READY_MS, host });
}

/** Builds and starts the roles of this process; `lifecycle` stops them in reverse. `onFatal`: the process must end.
 *  Rejects where something needed is not there; what was started until then is in `lifecycle`. */
export async function compose(
  config: Config,
  parts: Parts,
  lifecycle: Lifecycle,
  log: Log,
  onFatal: (why: string) => void,
): Promise<App> {
  await settleTracing(config, lifecycle);
  const metrics = createMetrics();
  const builder = await connect(parts.databaseUrl, { poolSize: POOL_SIZE });
  const database = new Database(builder);
  lifecycle.started('database', () => database.close());
  await settleSchema(database, config.migrate, log);

  await checkRedisKeepsKeys(parts.redisUrl);
  const redis = await connectRedis(parts.redisUrl, 'fail-fast', log);
  lifecycle.started('redis', async () => redis.disconnect());
  const queues = new Queues(redis, log);
  lifecycle.started('queues', () => queues.close());

  const onLost = () => onFatal('another process took over the embedded actors');
  const actors = actorRuntime(config, parts, { database, queues, log, onLost });
  // Registered first: a start that fails half-way (host up, no sidecar) must be stopped too.
  lifecycle.started('actors', () => actors.stop());
  // Before the actors start, which may take long: what waits for them shows.
  const watched = { database, redis, actors, queues, metrics, log, lifecycle };
  const { health, scrape, url: metricsUrl } = await startMonitoring(config, watched);
  await actors.start();

  const subscriber = await connectRedis(parts.redisUrl, 'patient', log);
  lifecycle.started('redis subscriber', async () => subscriber.disconnect());
  const changes = new TurnChanges(redis, subscriber);
  const reviewChanges = new ReviewChanges(redis, subscriber);
  const cancellations = new Cancellations(redis, subscriber);
  const endpoint = { ...parts.model, timeoutS: config.MODEL_TIMEOUT_S };
  const model = new OpenAiModel({ ...endpoint, model: parts.model.name });

  // Only workers publish; what another role commits, their sweep finds in the outbox.
  const works = config.roles.includes('worker');
  const edge = works && parts.dapr ? new Edge(database, daprPublisher(parts.dapr), metrics, log) : undefined;
  const relay = works ? new Relay(database, queues, edge, metrics, log) : undefined;
  const allowPrivate = config.WEBHOOK_ALLOW_PRIVATE === 'yes';
  const target = { allowPrivate, resolve: resolverFor(allowPrivate, parts.resolveNames) };
  const courier = relay && new Courier({ database, post: target, show: turnJson, metrics, log });
  const desk = new ReviewDesk({
    database,
    onDeadline: config.REVIEW_ON_DEADLINE,
    announce: (turnId) => {
      changes.announce(turnId);
      courier?.wake();
      reviewChanges.announce();
    },
    relay: (events) => relay?.push(events),
    withdraw: (reviewId) => queues.withdrawReview(reviewId),
    metrics,
    log,
  });

  const eraser = new Eraser({
    database,
    actors,
    places: [
      ({ userId }) => queues.forgetUser(userId),
      ({ turnIds }) => forgetDeltas(redis, turnIds),
      ({ userId }) => forgetBrokerEvents(redis, Object.keys(TOPIC_TYPES), userId),
    ],
    settleS: config.LEASE_S,
    gone: (turnId) => {
      cancellations.announce(turnId);
      changes.announce(turnId);
    },
    log,
  });

  if (relay && courier) {
    const { redisUrl } = parts;
    const shared = { database, redis, queues, actors, desk, eraser, courier, relay };
    const moderator = new OpenAiModerator(endpoint);
    const told = { changes, reviewChanges, cancellations, metrics, log, lifecycle };
    await startWorkerRole(config, { ...shared, ...told, redisUrl, model, moderator });
  }

  if (!config.roles.includes('http')) return { url: null, runtime: actors.name, metricsUrl };
  changes.start();
  reviewChanges.start();
  const hearing = await connectRedis(parts.redisUrl, 'patient', log);
  lifecycle.started('redis deltas', async () => hearing.disconnect());
  const deltas = new RedisDeltaFeed(redis, hearing);
  deltas.start();
  const { services, stop } = servicesOf(config, {
    database,
    redis,
    actors,
    queues,
    desk,
    eraser,
    changes,
    reviewChanges,
    cancellations,
    deltas,
    webhooks: new WebhookService({ database, target, expect: () => courier?.expect() }),
    metrics,
    log,
    health,
    scrape,
  });
  lifecycle.started('services', stop);
  const ingress = await startIngress({
    services,
    settings: await ingressSettings(config, database),
    board: queueBoard(queues, BOARD_PATH),
    version: VERSION,
    model: parts.model.name,
    log,
    observe: (route, method, status, seconds) => metrics.httpSeconds.observe({ route, method, status }, seconds),
  });
  lifecycle.started('ingress', () => ingress.stop(DRAIN_MS));
  return { url: ingress.url, runtime: actors.name, metricsUrl };
}
