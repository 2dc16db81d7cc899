// The worker role: the turns that run, the topics that are consumed, and the sweep. Part of the composition.
import type { Redis } from 'ioredis';
import type { ActorRuntime } from './actors/runtime.ts';
import type { Config } from './config.ts';
import { DRAIN_MS, type Lifecycle } from './lifecycle.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { measured } from './model/measured.ts';
import type { Model } from './model/model.ts';
import type { Cancellations } from './redis/cancellations.ts';
import { connectRedis } from './redis/connection.ts';
import { RedisDeltaWriter } from './redis/delta-writer.ts';
import type { ReviewChanges } from './redis/review-changes.ts';
import type { TurnChanges } from './redis/turn-changes.ts';
import type { ReviewDesk } from './reviews/review-desk.ts';
import { releaseClaims, renewLeases } from './store/claims.ts';
import type { Database } from './store/database.ts';
import { numberReviewEvents } from './store/review-feed.ts';
import { ClaimKeeper } from './turns/claim-keeper.ts';
import { UserRunner } from './turns/user-runner.ts';
import type { Eraser } from './users/eraser.ts';
import { Consumers } from './workers/consumers.ts';
import type { Queues } from './workers/queues.ts';
import type { Relay } from './workers/relay.ts';
import { Sweeper } from './workers/sweeper.ts';
import { consumersOf } from './workers/topics.ts';

export interface WorkerDeps {
  readonly redisUrl: string;
  readonly database: Database;
  readonly redis: Redis;
  readonly queues: Queues;
  readonly actors: ActorRuntime;
  readonly model: Model;
  readonly desk: ReviewDesk;
  readonly eraser: Eraser;
  readonly relay: Relay;
  readonly changes: TurnChanges;
  readonly reviewChanges: ReviewChanges;
  readonly cancellations: Cancellations;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}

/** Starts consuming. Rejects while Redis is away; what was started until then is in `lifecycle`. */
export async function startWorkerRole(config: Config, deps: WorkerDeps): Promise<void> {
  const { database, redis, queues, actors, model, desk, eraser } = deps;
  const { relay, changes, reviewChanges, cancellations, metrics, log, lifecycle } = deps;
  lifecycle.started('relay', () => relay.idle());
  const keeper = new ClaimKeeper({
    leaseS: config.LEASE_S,
    renew: (claims) => renewLeases(database, claims, config.LEASE_S),
    release: (claims) => releaseClaims(database, claims),
  });
  keeper.start();
  cancellations.start((turnId) => void keeper.doubt(turnId));
  lifecycle.started('claims', () => keeper.abandon());
  const runner = new UserRunner({
    database,
    actors,
    keeper,
    model: measured(model, 'reply', metrics),
    deltas: new RedisDeltaWriter(redis),
    historyExchanges: config.HISTORY_EXCHANGES,
    modelAttempts: config.MODEL_MAX_ATTEMPTS,
    review: {
      policy: { keywords: config.REVIEW_KEYWORDS, rules: config.REVIEW_POLICY },
      deadlineS: config.REVIEW_DEADLINE_S,
    },
    leaseS: config.LEASE_S,
    announce: (turnId) => changes.announce(turnId),
    relay: (events) => relay.push(events),
    parked: (turnId) => {
      reviewChanges.announce();
      return desk.settleKept(turnId);
    },
    metrics,
    log,
  });
  const table = consumersOf({
    runner,
    desk,
    queues,
    database,
    actors,
    model: measured(model, 'summary', metrics),
    modelAttempts: config.MODEL_MAX_ATTEMPTS,
    concurrency: config.WORKER_CONCURRENCY,
    debounceMs: config.MEMORY_DEBOUNCE_MS,
    metrics,
    log,
  });
  const consuming = await connectRedis(deps.redisUrl, 'patient', log);
  lifecycle.started('redis consumer', async () => consuming.disconnect());
  const consumers = new Consumers(table, consuming, log);
  consumers.start();
  lifecycle.started('consumers', () => consumers.stop(DRAIN_MS));
  eraser.start();
  lifecycle.started('eraser', () => eraser.stop());
  const sweeper = new Sweeper(database, queues, relay, metrics, log, [
    () => desk.sweep(),
    // Where nobody watches they would pile up.
    () => numberReviewEvents(database),
  ]);
  sweeper.start();
  lifecycle.started('sweeper', () => sweeper.stop());
}
