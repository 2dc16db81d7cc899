// Starts what every role needs: tracing, metrics, database, Redis, queues, hints and hooks.
import packageJson from '../../package.json' with { type: 'json' };
import type { ServiceAddresses, Config } from '../config/config.ts';
import { checkRedisKeepsKeys, connectRedis, type RedisConnection } from '../redis/connection.ts';
import { hintsOver, type Hints } from '../redis/hints.ts';
import type { Requests } from '../processes/requests.ts';
import { connect } from '../store/connect.ts';
import { Database } from '../store/database.ts';
import { migrateDatabase, pendingMigrations } from '../store/migrate.ts';
import type { Log } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { PartialReplies } from '../turns/partial-replies.ts';
import { Queues } from '../workers/queues.ts';
import { TurnWaker } from '../workers/turn-waker.ts';
import { ProcessHooks } from './hooks.ts';
import type { Lifecycle } from './lifecycle.ts';

export const VERSION = packageJson.version;
/** Connections to the database. The processes of one instance share a budget; statements are shared under load, so that
 *  few connections suffice. */
const POOL_SIZE = 24;
const POOL_BUDGET = 64;
const SMALLEST_POOL = 8;

const poolSizeOf = (processes: number): number =>
  Math.max(SMALLEST_POOL, Math.min(POOL_SIZE, Math.floor(POOL_BUDGET / processes)));

/** This process as one of the processes of an instance (PROCESSES). */
export interface Instance {
  /** `primary` for the parent, `1` to `n` for its children. */
  readonly process: string;
  /** Missing: this process is the parent. */
  readonly parent?: Pick<Requests, 'ask' | 'serve'>;
}

export interface FoundationOptions {
  readonly config: Config;
  readonly addresses: ServiceAddresses;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
  /** Missing: this process is the only one of its instance. */
  readonly instance?: Instance | undefined;
}

export interface Foundation extends FoundationOptions {
  readonly metrics: Metrics;
  readonly database: Database;
  /** When the database was reached, by `performance.now()`. */
  readonly connectedAt: number;
  /** Fails at once while Redis is unavailable. */
  readonly redis: RedisConnection;
  readonly queues: Queues;
  readonly waker: TurnWaker;
  readonly hints: Hints;
  readonly hooks: ProcessHooks;
  /** The text of running turns, for those who cancel them. */
  readonly partials: PartialReplies;
}

/** The exporters are loaded only if there is an address to export to. */
async function startTracing(config: Config, lifecycle: Lifecycle): Promise<void> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_EXPORTER_ZIPKIN_ENDPOINT: zipkinUrl } = config;
  if (otlpUrl === undefined && zipkinUrl === undefined) return;
  const tracing = await import('../telemetry/tracing-export.ts');
  const { OTEL_TRACES_SAMPLER_ARG: ratio, OTEL_SERVICE_NAME: serviceName } = config;
  lifecycle.started('tracing', tracing.startTracing({ otlpUrl, zipkinUrl, ratio, serviceName, version: VERSION }));
}

/** The schema must be the one that this code knows: migrated on request, otherwise checked. */
async function checkSchema(database: Database, url: string, migrate: boolean, log: Log): Promise<void> {
  if (migrate) {
    const applied = await migrateDatabase(url);
    if (applied.length > 0) log.info({ migrations: applied.length }, 'The database schema was migrated.');
    return;
  }
  const pending = await pendingMigrations(database.builder);
  if (pending.length > 0)
    throw new Error(`the database lacks ${pending.length} migrations: run \`npm run migrate -- latest\``);
}

/** Connects to the database and Redis. Rejects if one of them cannot be used; `lifecycle` holds what was started. */
export async function startFoundation(options: FoundationOptions): Promise<Foundation> {
  const { config, addresses, lifecycle, log } = options;
  await startTracing(config, lifecycle);
  const metrics = createMetrics(options.instance?.process);
  const database = new Database(await connect(addresses.databaseUrl, { poolSize: poolSizeOf(config.PROCESSES) }));
  const connectedAt = performance.now();
  lifecycle.started('database', () => database.close());
  await checkSchema(database, addresses.databaseUrl, config.migrate, log);

  await checkRedisKeepsKeys(addresses.redisUrl);
  const redis = await connectRedis(addresses.redisUrl, 'fail-fast', log);
  lifecycle.started('redis', async () => redis.disconnect());
  const queues = new Queues(redis, log);
  lifecycle.started('queues', () => queues.close());
  const subscriber = await connectRedis(addresses.redisUrl, 'patient', log);
  lifecycle.started('redis subscriber', async () => subscriber.disconnect());
  const hints = hintsOver(redis, subscriber);
  const hooks = new ProcessHooks(hints);
  const partials = new PartialReplies({ requests: hints.partialRequests, answers: hints.partialAnswers });
  const waker = new TurnWaker({ queues, startHere: (userId) => hooks.worker.startTurns(userId), log });
  lifecycle.started('turn waker', () => waker.stop());
  return { ...options, metrics, database, connectedAt, redis, queues, waker, hints, hooks, partials };
}
