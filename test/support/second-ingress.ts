// Another ingress on the same database and Redis, with connections of its own, as a second process would have them.
// The embedded runtime allows one process with actors, so this one has none: reading turns needs none.
import { readConfig } from '../../src/config.ts';
import { startIngress } from '../../src/http/server.ts';
import { ingressSettings } from '../../src/ingress-settings.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { healthOf } from '../../src/monitoring/health.ts';
import { Cancellations } from '../../src/redis/cancellations.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { RedisDeltaFeed } from '../../src/redis/delta-feed.ts';
import { ReviewChanges } from '../../src/redis/review-changes.ts';
import { TurnChanges } from '../../src/redis/turn-changes.ts';
import { ReviewDesk } from '../../src/reviews/review-desk.ts';
import { servicesOf } from '../../src/services.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { Eraser } from '../../src/users/eraser.ts';
import { resolverFor } from '../../src/webhooks/names.ts';
import { WebhookService } from '../../src/webhooks/webhook-service.ts';
import { Queues } from '../../src/workers/queues.ts';
import type { Owner } from './owner.ts';

const noActors = {
  name: 'embedded' as const,
  start: async () => {},
  stop: async () => {},
  call: () => Promise.reject(new Error('this ingress has no actors')),
};

export interface SecondIngress {
  readonly url: string;
  /** Ends it as a process that is replaced. */
  stop(): Promise<void>;
}

/** Starts it; stopped when the test ends. */
export async function startSecondIngress(
  t: Owner,
  app: { readonly databaseUrl: string; readonly redisUrl: string },
  env: Readonly<Record<string, string>> = {},
): Promise<SecondIngress> {
  const log = createLog('silent');
  const config = readConfig([], { DATABASE_URL: app.databaseUrl, REDIS_URL: app.redisUrl, PORT: '0', ...env });
  const database = new Database(await connect(app.databaseUrl, { poolSize: 24 }));
  const redis = await connectRedis(app.redisUrl, 'fail-fast', log);
  const [changing, hearing] = await Promise.all([
    connectRedis(app.redisUrl, 'patient', log),
    connectRedis(app.redisUrl, 'patient', log),
  ]);
  const changes = new TurnChanges(redis, changing);
  const deltas = new RedisDeltaFeed(redis, hearing);
  const reviewChanges = new ReviewChanges(redis, changing);
  changes.start();
  reviewChanges.start();
  deltas.start();
  const queues = new Queues(redis, log);
  const metrics = createMetrics();
  const nothing = () => {};
  const desk = new ReviewDesk({
    database,
    onDeadline: 'expire',
    announce: nothing,
    relay: nothing,
    withdraw: async () => {},
    metrics,
    log,
  });
  const eraser = new Eraser({ database, actors: noActors, places: [], settleS: 1, gone: nothing, log });
  const { services, stop: stopServices } = servicesOf(config, {
    database,
    redis,
    actors: noActors,
    queues,
    desk,
    eraser,
    changes,
    reviewChanges,
    cancellations: new Cancellations(redis, changing),
    deltas,
    webhooks: new WebhookService({
      database,
      target: { allowPrivate: true, resolve: resolverFor(true) },
      expect: nothing,
    }),
    metrics,
    log,
    health: healthOf(
      { database: () => database.ping(), redis: () => redis.ping(), actors: async () => {} },
      () => false,
    ),
    scrape: { text: () => metrics.registry.metrics(), contentType: metrics.registry.contentType },
  });
  const settings = await ingressSettings(config, database);
  const ingress = await startIngress({ services, settings, log });
  let stopped: Promise<void> | undefined;
  const stopAll = async () => {
    await ingress.stop(5_000);
    await stopServices();
    await queues.close();
    for (const connection of [hearing, changing, redis]) connection.disconnect();
    await database.close();
  };
  const stop = () => (stopped ??= stopAll());
  t.teardown(stop);
  return { url: ingress.url, stop };
}
