// What the ingress is given: the rest of turnkeeper behind its ports.
import type { Redis } from 'ioredis';
import type { ActorRuntime } from './actors/runtime.ts';
import type { Config } from './config.ts';
import type { Services } from './http/services.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { inTime, type Health } from './monitoring/health.ts';
import type { Scrape } from './monitoring/server.ts';
import type { Cancellations } from './redis/cancellations.ts';
import type { RedisDeltaFeed } from './redis/delta-feed.ts';
import type { ReviewChanges } from './redis/review-changes.ts';
import type { TurnChanges } from './redis/turn-changes.ts';
import { activityByDay, activityOfUser, setMessageCount } from './store/analytics.ts';
import { outboxBacklog } from './store/backlog.ts';
import { countWaiting } from './store/claims.ts';
import { sessionRows, userRows } from './store/conversations.ts';
import type { Database } from './store/database.ts';
import { TurnsCounter } from './store/overview.ts';
import { decisionData } from './reviews/events.ts';
import type { ReviewDesk } from './reviews/review-desk.ts';
import { ReviewFeed } from './reviews/review-feed.ts';
import { ReviewService } from './reviews/review-service.ts';
import { followTurn } from './turns/follow-turn.ts';
import { TurnService } from './turns/turn-service.ts';
import type { Eraser } from './users/eraser.ts';
import type { WebhookService } from './webhooks/webhook-service.ts';
import { DeadLetters } from './workers/dead-letters.ts';
import type { Queues } from './workers/queues.ts';
import { topicCounts } from './workers/topic-counts.ts';

const COUNT_MS = 1_000;
/** What waits in the outbox is counted up to so many. */
const COUNTED = 10_000;

export interface ServiceDeps {
  readonly database: Database;
  readonly redis: Redis;
  readonly actors: ActorRuntime;
  readonly queues: Queues;
  readonly desk: ReviewDesk;
  readonly eraser: Eraser;
  readonly changes: TurnChanges;
  readonly reviewChanges: ReviewChanges;
  readonly cancellations: Cancellations;
  readonly deltas: RedisDeltaFeed;
  readonly webhooks: WebhookService;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly health: Health;
  readonly scrape: Scrape;
}

/** Counts all waiting turns again and again; the last count serves every accept. */
function countRegularly({ database, log }: ServiceDeps): { waiting: () => number; stop: () => Promise<void> } {
  let waiting = 0;
  let counting = Promise.resolve();
  const count = async () => {
    try {
      waiting = await countWaiting(database);
    } catch (error) {
      log.debug({ detail: (error as Error).message }, 'The waiting turns could not be counted.');
    }
  };
  const timer = setInterval(() => {
    counting = counting.then(count);
  }, COUNT_MS);
  return {
    waiting: () => waiting,
    stop: () => {
      clearInterval(timer);
      return counting;
    },
  };
}

/** Whoever looks at the same time shares one look. */
function overviewOf({ database, queues, log }: ServiceDeps): Services['overview'] {
  const counter = new TurnsCounter(database);
  const look = async () => {
    const now = new Date();
    const topics = inTime(topicCounts(queues, now)).catch((error: Error) => {
      log.debug({ detail: error.message }, 'The topics could not be counted.');
      return null;
    });
    const [rows, { queues: own, edge }] = await Promise.all([counter.read(now), outboxBacklog(database, COUNTED)]);
    const outbox = { waiting: own.events + edge.events, ageS: Math.max(own.oldestS, edge.oldestS) };
    return { rows, outbox, topics: await topics };
  };
  let underWay: ReturnType<typeof look> | null = null;
  return {
    read: () =>
      (underWay ??= look().finally(() => {
        underWay = null;
      })),
  };
}

/** The services, and how to stop what runs behind them. */
export function servicesOf(config: Config, deps: ServiceDeps): { services: Services; stop: () => Promise<void> } {
  const { database, redis, actors, queues, desk, eraser, webhooks } = deps;
  const { changes, reviewChanges, cancellations, deltas, metrics, log, health } = deps;
  const counter = countRegularly(deps);
  const turns = new TurnService({
    database,
    limits: { perUser: config.QUEUE_LIMIT_PER_USER, ofAll: config.QUEUE_LIMIT },
    waitingOfAll: counter.waiting,
    wake: (turn) => queues.wake([turn]),
    changes,
    cancellations,
    cancelReview: (turnId, by) => desk.cancel(turnId, by),
    metrics,
    log,
  });
  const services: Services = {
    turns,
    turnEvents: {
      follow: (turn, from, signal) =>
        followTurn({ find: (turnId) => turns.find(turnId), changes, deltas }, turn, from, signal),
    },
    conversations: {
      ofSession: (sessionId) => sessionRows(database, sessionId),
      ofUser: (userId, filter) => userRows(database, userId, filter),
    },
    reviews: new ReviewService({
      database,
      desk,
      claimLeaseS: config.REVIEW_CLAIM_S,
      post: (review, decision) => queues.postDecision(review.userId, decisionData(review.reviewId, decision)),
      changes,
      changed: () => reviewChanges.announce(),
      log,
    }),
    webhooks,
    reviewFeed: new ReviewFeed({ database, changes: reviewChanges }),
    memory: {
      read: (userId) => actors.call(userId, 'memory', {}),
      patch: (userId, patch) => actors.call(userId, 'patch', patch),
      history: (userId) => actors.call(userId, 'history', {}),
      forget: async (userId) => void (await actors.call(userId, 'forget', {})),
    },
    analytics: {
      initialize: (userId, messageCount) => setMessageCount(database, userId, messageCount),
      ofUser: (userId) => activityOfUser(database, userId),
      byDay: (from, to) => activityByDay(database, from, to),
    },
    erasures: eraser,
    overview: overviewOf(deps),
    deadLetters: new DeadLetters(queues, redis),
    health,
    metrics: deps.scrape,
  };
  return { services, stop: counter.stop };
}
