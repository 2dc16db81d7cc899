// Builds the services of the ingress: the use cases behind its ports.
import type { ActorRuntime } from '../actors/runtime.ts';
import { singleFlight } from '../concurrency/single-flight.ts';
import { fewestTokens, type AssistantSource } from '../domain/assistants/assistant.ts';
import { decisionData } from '../domain/decision-events.ts';
import type { Overview } from '../domain/statistics.ts';
import type { Services } from '../http/services.ts';
import type { RedisDeltaFeed } from '../redis/delta-feed.ts';
import { RedisTurnRate } from '../redis/turn-rate.ts';
import { ReviewFeed } from '../reviews/review-feed.ts';
import { ReviewService } from '../reviews/review-service.ts';
import { activityByDay, activityOfUser, setMessageCount } from '../store/analytics.ts';
import { outboxBacklog } from '../store/backlog.ts';
import { chargesOf } from '../store/budgets/charges.ts';
import { sessionRows, userRows } from '../store/conversations.ts';
import { TurnsCounter } from '../store/overview.ts';
import { withinProbeTime, type Health } from '../telemetry/health.ts';
import type { Scrape } from '../telemetry/metrics.ts';
import { followTurn } from '../turns/follow-turn.ts';
import type { QueuedCount } from '../turns/queued-count.ts';
import { TurnService } from '../turns/turn-service.ts';
import type { ResolveNames } from '../outbound/names.ts';
import { WebhookService } from '../webhooks/webhook-service.ts';
import { DeadLetters } from '../workers/dead-letters.ts';
import type { Foundation } from './foundation.ts';
import { budgetsOf, eraserOf, reviewDecisionsOf, webhookTarget } from './use-cases.ts';

/** Events in the outbox are counted up to this number. */
const COUNTED = 10_000;

export interface ServiceOptions {
  readonly actors: ActorRuntime;
  readonly assistants: AssistantSource;
  readonly deltas: RedisDeltaFeed;
  readonly queued: QueuedCount;
  readonly health: Health;
  readonly scrape: Scrape;
  readonly resolveNames: ResolveNames | undefined;
}

/** Reads the overview. Concurrent callers share one reading. */
function overviewOf({ database, queues, log }: Foundation): () => Promise<Overview> {
  const counter = new TurnsCounter(database);
  return singleFlight(async () => {
    const now = new Date();
    const topics = withinProbeTime(queues.topicCounts(now)).catch((error: Error) => {
      log.debug({ detail: error.message }, 'The topics could not be counted.');
      return null;
    });
    const [rows, { queues: bullmq, pubsub }] = await Promise.all([counter.read(now), outboxBacklog(database, COUNTED)]);
    const outbox = { unpublished: bullmq.events + pubsub.events, ageS: Math.max(bullmq.oldestS, pubsub.oldestS) };
    return { rows, outbox, topics: await topics };
  });
}

const memoryOf = (actors: ActorRuntime): Services['memory'] => ({
  read: (userId) => actors.call(userId, 'memory', {}),
  patch: (userId, patch) => actors.call(userId, 'patch', patch),
  history: (userId) => actors.call(userId, 'history', {}),
  forget: async (userId) => void (await actors.call(userId, 'forget', {})),
});

/** The services of the ingress. */
export function servicesOf(foundation: Foundation, options: ServiceOptions): Services {
  const { config, database, redis, queues, waker, hints, hooks, partials, metrics, log } = foundation;
  const { actors, assistants, deltas, queued, health, scrape, resolveNames } = options;
  const decisions = reviewDecisionsOf(foundation);
  const budgets = budgetsOf(foundation, assistants);
  const turns = new TurnService({
    database,
    limits: { perUser: config.QUEUE_LIMIT_PER_USER, ofAll: config.QUEUE_LIMIT },
    rate: config.RATE_LIMIT_PER_USER > 0 ? new RedisTurnRate(redis, config.RATE_LIMIT_PER_USER, log) : null,
    queuedOfAll: () => queued.value,
    budgetWaitS: ({ userId, assistant }) => budgets.refusedForS(userId, fewestTokens(assistants.current, assistant)),
    wake: (turn) => waker.wake(turn),
    hints: hooks.turnHints,
    hooks,
    partials,
    cancelReview: (turnId, by) => decisions.cancel(turnId, by),
    metrics,
    log,
  });
  const follow = { find: (turnId: string) => turns.find(turnId), hints: hooks.turnHints, deltas };
  return {
    turns,
    turnEvents: { follow: (turn, from, signal) => followTurn(follow, turn, from, signal) },
    conversations: {
      ofSession: (sessionId, page) => sessionRows(database, sessionId, page),
      ofUser: (userId, filter) => userRows(database, userId, filter),
    },
    reviews: new ReviewService({
      database,
      decisions,
      claimLeaseS: config.REVIEW_CLAIM_S,
      post: (review, decision) => queues.postDecision(review.userId, decisionData(review, decision)),
      hints: hooks.turnHints,
      hooks,
      log,
    }),
    reviewFeed: new ReviewFeed({ database, hints: hints.reviews }),
    webhooks: new WebhookService({ database, target: webhookTarget(config, resolveNames), hooks }),
    memory: memoryOf(actors),
    budgets: {
      statesOf: (userId) => budgets.statesOf(userId),
      charges: (userId, after, limit) => chargesOf(database, userId, after, limit),
    },
    analytics: {
      initialize: (userId, messageCount) => setMessageCount(database, userId, messageCount),
      ofUser: (userId) => activityOfUser(database, userId),
      byDay: (from, to) => activityByDay(database, from, to),
    },
    erasures: eraserOf(foundation, actors),
    overview: { read: overviewOf(foundation) },
    deadLetters: new DeadLetters(queues, redis),
    health,
    metrics: scrape,
  };
}
