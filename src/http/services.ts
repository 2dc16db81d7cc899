// The ports through which the ingress uses the rest of turnkeeper. The ingress does not depend on Knex, BullMQ or Dapr.
import type { BudgetState, Charge } from '../domain/budgets/budget.ts';
import type { ConversationFilter, ConversationRow, SessionBranch, SessionPage } from '../domain/conversation.ts';
import type { MemoryHistory, MemoryPatch, MemoryRecord } from '../domain/memory.ts';
import type { StreamPosition } from '../domain/stream-position.ts';
import type { Activity, Overview } from '../domain/statistics.ts';
import type { DeadLetter, DeadLetterPosition, QueueName } from '../domain/topics.ts';
import type { Turn } from '../domain/turn.ts';
import type { ReviewFeed } from '../reviews/review-feed.ts';
import type { ReviewService } from '../reviews/review-service.ts';
import type { Health } from '../telemetry/health.ts';
import type { Scrape } from '../telemetry/metrics.ts';
import type { FollowedEvent } from '../turns/follow-turn.ts';
import type { TurnService } from '../turns/turn-service.ts';
import type { Eraser } from '../users/eraser.ts';
import type { WebhookService } from '../webhooks/webhook-service.ts';

/** The public methods of a class, which a substitute in a test has to implement. */
type Methods<T> = Pick<T, keyof T>;

export interface TurnEventService {
  /** The events after `from`, as they happen, until the final one or until the signal aborts. The next event is read only
   *  after the reader has taken the previous one. */
  follow(turn: Turn, from: StreamPosition, signal: AbortSignal): AsyncIterable<FollowedEvent>;
}

export interface ConversationService {
  /** The owner and the branches of a session, and the delivered messages of one branch, in order. Null: the session does
   *  not exist, or not the chosen turn in it. */
  ofSession(
    sessionId: string,
    page: SessionPage,
  ): Promise<{ userId: string; rows: ConversationRow[]; branches: SessionBranch[] } | null>;
  ofUser(userId: string, filter: ConversationFilter): Promise<ConversationRow[]>;
}

/** Calls of the user's UserSession actor. @throws Unavailable */
export interface MemoryService {
  read(userId: string): Promise<MemoryRecord>;
  patch(userId: string, patch: MemoryPatch): Promise<MemoryRecord>;
  history(userId: string): Promise<MemoryHistory>;
  forget(userId: string): Promise<void>;
}

export interface AnalyticsService {
  /** Sets how many messages the user has sent. */
  initialize(userId: string, messageCount: number): Promise<void>;
  ofUser(userId: string): Promise<Activity>;
  /** Activity of all users by day (YYYY-MM-DD, UTC), `from` and `to` inclusive, oldest day first. Days without activity
   *  are omitted. */
  byDay(from: string, to: string): Promise<(Activity & { readonly day: string })[]>;
}

/** @throws Unavailable */
export interface BudgetService {
  /** The current windows of the budgets that limit the user. */
  statesOf(userId: string): Promise<BudgetState[]>;
  /** A page of what the user's turns and summaries were charged, after a charge. */
  charges(userId: string, after: Charge | undefined, limit: number): Promise<Charge[]>;
}

/** All methods throw Unavailable if Redis is unavailable. */
export interface DeadLetterService {
  /** Newest first, after a position. */
  list(topic: QueueName | undefined, after: DeadLetterPosition | undefined, limit: number): Promise<DeadLetter[]>;
  /** False: there is no such dead letter (any more). */
  replay(topic: QueueName, jobId: string): Promise<boolean>;
  remove(topic: QueueName, jobId: string): Promise<boolean>;
}

export interface Services {
  readonly turns: Methods<TurnService>;
  readonly turnEvents: TurnEventService;
  readonly conversations: ConversationService;
  readonly reviews: Methods<ReviewService>;
  readonly reviewFeed: Methods<ReviewFeed>;
  readonly webhooks: Methods<WebhookService>;
  readonly memory: MemoryService;
  readonly analytics: AnalyticsService;
  readonly budgets: BudgetService;
  readonly erasures: Pick<Eraser, 'begin' | 'find'>;
  readonly overview: { read(): Promise<Overview> };
  readonly deadLetters: DeadLetterService;
  readonly health: Health;
  readonly metrics: Scrape;
}
