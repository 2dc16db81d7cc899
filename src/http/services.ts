// What the ingress asks of the rest of turnkeeper. It knows no Knex, no BullMQ and no Dapr.
import type { ConversationFilter, ConversationRow } from '../domain/conversation.ts';
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

/** The public methods of a class: what a substitute in a test has to provide. */
type Methods<T> = Pick<T, keyof T>;

export interface TurnEventService {
  /** The events after `from` as they happen, until the final one or until the signal aborts. Asks for the next event only
   *  when the one before was taken. */
  follow(turn: Turn, from: StreamPosition, signal: AbortSignal): AsyncIterable<FollowedEvent>;
}

export interface ConversationService {
  /** The session's owner and delivered messages, in order; null: no such session. */
  ofSession(sessionId: string): Promise<{ userId: string; rows: ConversationRow[] } | null>;
  ofUser(userId: string, filter: ConversationFilter): Promise<ConversationRow[]>;
}

/** Calls of the user's UserSession actor. Reject with Unavailable. */
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
  /** All users by day (YYYY-MM-DD, UTC), `from` and `to` inclusive, oldest day first. Days without activity are left out. */
  byDay(from: string, to: string): Promise<(Activity & { readonly day: string })[]>;
}

/** Rejects with Unavailable. */
export interface DeadLetterService {
  /** The newest first, after a position. */
  list(topic: QueueName | undefined, after: DeadLetterPosition | undefined, limit: number): Promise<DeadLetter[]>;
  /** False: it is no dead letter, or no longer one. */
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
  readonly erasures: Pick<Eraser, 'begin' | 'find'>;
  readonly overview: { read(): Promise<Overview> };
  readonly deadLetters: DeadLetterService;
  readonly health: Health;
  readonly metrics: Scrape;
}
