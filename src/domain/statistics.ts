// Statistics: the activity of a user or a day, and the operators' overview.
import type { TopicCounts } from './topics.ts';
import type { TurnStatus } from './turn.ts';

/** The activity of one user, or of all users on one day. */
export interface Activity {
  readonly messageCount: number;
  readonly byStatus: Partial<Record<TurnStatus, number>>;
  readonly reviewed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
}

/** The part of the overview that is counted from the rows. */
export interface TurnsOverview {
  readonly turns: { readonly queued: number; readonly running: number; readonly awaitingReview: number };
  /** Age of the oldest queued turn in seconds; null: no turn is queued. */
  readonly oldestWaitingS: number | null;
  /** The last 48 hours, oldest first. */
  readonly byHour: readonly { readonly hour: Date; readonly byStatus: Readonly<Record<string, number>> }[];
  /** Failed turns of the last 24 hours by error code, most frequent first. */
  readonly failures: readonly { readonly code: string; readonly count: number }[];
  /** Claims that lapsed and were taken over, of turns that are not final or became final within the last 24 hours. */
  readonly takeovers: number;
  /** The last hour. */
  readonly model: {
    readonly requests: number;
    readonly errors: number;
    readonly latencyP50S: number | null;
    readonly latencyP95S: number | null;
    readonly inputTokens: number;
    readonly outputTokens: number;
  };
}

/** The state of the whole deployment, for operators. */
export interface Overview {
  readonly rows: TurnsOverview;
  /** Number of events that are not published yet, and the age of the oldest one in seconds. */
  readonly outbox: { readonly unpublished: number; readonly ageS: number };
  /** Null: the queues do not answer. */
  readonly topics: readonly TopicCounts[] | null;
}
