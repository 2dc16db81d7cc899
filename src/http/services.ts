// What the ingress asks of the rest of turnkeeper. It knows no Knex, no BullMQ and no Dapr.
import type { MemoryHistory, MemoryPatch, MemoryRecord } from '../memory/memory.ts';
import type { ClaimReply, DecideReply } from '../reviews/review-service.ts';
import type { Health } from '../monitoring/health.ts';
import type { Scrape } from '../monitoring/server.ts';
import type { FeedEvent } from '../reviews/review-feed.ts';
import type { Decision, Review, ReviewEvent, ReviewFilter } from '../reviews/review.ts';
import type { AcceptOutcome, NewTurn } from '../turns/accept.ts';
import type { Activity } from '../turns/activity.ts';
import type { CancelOutcome } from '../turns/cancellation.ts';
import type { ConversationFilter, ConversationRow } from '../turns/conversation.ts';
import type { Followed } from '../turns/follow-turn.ts';
import type { ReadingPlace } from '../turns/reading-place.ts';
import type { Turn, TurnFilter } from '../turns/turn.ts';
import type { Erasure } from '../users/erasure.ts';
import type { AddReply, ChangeReply } from '../webhooks/webhook-service.ts';
import type {
  Delivery,
  DeliveryFilter,
  NewWebhook,
  Webhook,
  WebhookFields,
  WebhookFilter,
} from '../webhooks/webhook.ts';

export type { Activity } from '../turns/activity.ts';
export type { ConversationFilter, ConversationPosition, ConversationRow } from '../turns/conversation.ts';
export type { TurnFilter } from '../turns/turn.ts';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export interface TurnService {
  /** Durable when it resolves to `accepted` or `joined`. Rejects with DatabaseUnavailable. */
  accept(turn: NewTurn): Promise<AcceptOutcome>;
  find(turnId: string): Promise<Turn | null>;
  list(userId: string, filter: TurnFilter): Promise<Turn[]>;
  /** The turn once it rests (of a turn that already awaits review: once that changes), or as it is when the time is up or the signal aborts.
   *  Null: it was erased. */
  waitForRest(turn: Turn, options: WaitOptions): Promise<Turn | null>;
  /** Ends a turn that waits, runs or awaits review; again changes nothing. */
  cancel(turnId: string, by: string): Promise<CancelOutcome>;
}

export interface TurnEventService {
  /** The events after `from` as they happen, until the final one or until the signal aborts; asks for no more than is
   *  taken. */
  follow(turn: Turn, from: ReadingPlace, signal: AbortSignal): AsyncIterable<Followed>;
}

export interface ConversationService {
  /** The session's owner and delivered messages, in order; null: no such session. */
  ofSession(sessionId: string): Promise<{ userId: string; rows: ConversationRow[] } | null>;
  ofUser(userId: string, filter: ConversationFilter): Promise<ConversationRow[]>;
}

/** Calls of the user's UserSession actor. Reject with ActorsUnavailable. */
export interface MemoryService {
  read(userId: string): Promise<MemoryRecord>;
  patch(userId: string, patch: MemoryPatch): Promise<MemoryRecord>;
  history(userId: string): Promise<MemoryHistory>;
  forget(userId: string): Promise<void>;
}

export interface ReviewService {
  find(reviewId: string): Promise<Review | null>;
  list(filter: ReviewFilter): Promise<Review[]>;
  /** Delivered messages of the session, the last ones, in order. */
  history(sessionId: string): Promise<ConversationRow[]>;
  /** The audit trail, oldest first; never empty for a review that exists. */
  events(reviewId: string): Promise<ReviewEvent[]>;
  claim(reviewId: string, by: string): Promise<ClaimReply>;
  /** False: there is no such review. */
  release(reviewId: string, by: string): Promise<boolean>;
  /** Never lost when it resolves: applied, refused, or in its topic. */
  decide(reviewId: string, decision: Decision): Promise<DecideReply>;
  /** A user's reviews, oldest first, behind the turn with this seq. */
  ofUser(userId: string, afterSeq: number, limit: number): Promise<Review[]>;
}

export interface ReviewFeedService {
  /** Where a reader begins who saw everything up to `seen`; null: who comes new. */
  placeOf(seen: number | null): Promise<number>;
  /** What happens behind `from`, until the signal aborts; asks for no more than is taken. */
  follow(from: number, signal: AbortSignal): AsyncIterable<FeedEvent>;
}

export interface ErasureService {
  /** All rows of the user are gone when it resolves, and nothing that runs can commit; the rest follows. */
  begin(userId: string): Promise<Erasure>;
  find(erasureId: string): Promise<Erasure | null>;
}

export interface WebhookService {
  add(webhook: NewWebhook): Promise<AddReply>;
  find(webhookId: string): Promise<Webhook | null>;
  list(filter: WebhookFilter): Promise<Webhook[]>;
  change(webhook: Webhook, patch: Partial<WebhookFields>): Promise<ChangeReply>;
  /** With its deliveries. False: there was none. */
  remove(webhookId: string): Promise<boolean>;
  /** The new secret; null: there is no such hook. */
  rotateSecret(webhookId: string): Promise<string | null>;
  deliveries(webhookId: string, filter: DeliveryFilter): Promise<Delivery[]>;
  /** Makes a delivery due again; null: the hook has none of this id. */
  replay(webhookId: string, deliveryId: string): Promise<Delivery | null>;
  /** Makes a delivery that tells of nothing. */
  ping(webhook: Webhook): Promise<Delivery>;
}

export interface AnalyticsService {
  /** Sets how many messages the user has sent. */
  initialize(userId: string, messageCount: number): Promise<void>;
  ofUser(userId: string): Promise<Activity>;
  /** All users, by day (YYYY-MM-DD, UTC), `from` and `to` inclusive, oldest day first; days without activity are left out. */
  byDay(from: string, to: string): Promise<(Activity & { readonly day: string })[]>;
}

/** What operators look at, of the whole deployment. */
export interface Overview {
  readonly rows: {
    readonly turns: { readonly queued: number; readonly running: number; readonly awaitingReview: number };
    readonly oldestWaitingS: number | null;
    readonly byHour: readonly { readonly hour: Date; readonly byStatus: Readonly<Record<string, number>> }[];
    readonly failures: readonly { readonly code: string; readonly count: number }[];
    readonly takeovers: number;
    readonly model: {
      readonly requests: number;
      readonly errors: number;
      readonly latencyP50S: number | null;
      readonly latencyP95S: number | null;
      readonly inputTokens: number;
      readonly outputTokens: number;
    };
  };
  readonly outbox: { readonly waiting: number; readonly ageS: number };
  /** Null: the queues do not answer. */
  readonly topics:
    | readonly {
        readonly topic: string;
        readonly waiting: number;
        readonly active: number;
        readonly delayed: number;
        readonly failed: number;
        readonly oldestWaitingS: number | null;
      }[]
    | null;
}

export interface OverviewService {
  read(): Promise<Overview>;
}

/** An event that failed for good. */
export interface DeadLetter {
  readonly topic: string;
  readonly jobId: string;
  readonly userId: string | null;
  readonly failedAt: Date;
  readonly attempts: number;
  readonly reason: string;
  readonly data: unknown;
}

/** Rejects with QueuesUnavailable. */
export interface DeadLetterService {
  readonly topics: readonly string[];
  /** The newest first, behind a place. */
  list(
    topic: string | undefined,
    after: Pick<DeadLetter, 'failedAt' | 'topic' | 'jobId'> | undefined,
    limit: number,
  ): Promise<DeadLetter[]>;
  /** False: it is no dead letter (any more). */
  replay(topic: string, jobId: string): Promise<boolean>;
  remove(topic: string, jobId: string): Promise<boolean>;
}

export interface Services {
  readonly turns: TurnService;
  readonly turnEvents: TurnEventService;
  readonly conversations: ConversationService;
  readonly reviews: ReviewService;
  readonly webhooks: WebhookService;
  readonly reviewFeed: ReviewFeedService;
  readonly memory: MemoryService;
  readonly analytics: AnalyticsService;
  readonly erasures: ErasureService;
  readonly overview: OverviewService;
  readonly deadLetters: DeadLetterService;
  readonly health: Health;
  readonly metrics: Scrape;
}
