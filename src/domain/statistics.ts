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

/** The final turns of one assistant that one model answered. */
export interface AssistantTurns {
  readonly assistant: string;
  /** Null: no model answered, because the turns failed or were cancelled before. */
  readonly model: string | null;
  readonly turns: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const tokensOf = ({ inputTokens, outputTokens }: AssistantTurns): number => inputTokens + outputTokens;

/** Adds up counts of several periods: one row for each assistant and model, at most `limit`, most tokens first. */
export function sumByAssistant(counts: readonly AssistantTurns[], limit: number): AssistantTurns[] {
  const sums = new Map<string, AssistantTurns>();
  for (const each of counts) {
    const key = JSON.stringify([each.assistant, each.model]);
    const before = sums.get(key);
    sums.set(key, {
      assistant: each.assistant,
      model: each.model,
      turns: each.turns + (before?.turns ?? 0),
      failed: each.failed + (before?.failed ?? 0),
      inputTokens: each.inputTokens + (before?.inputTokens ?? 0),
      outputTokens: each.outputTokens + (before?.outputTokens ?? 0),
    });
  }
  const name = ({ assistant, model }: AssistantTurns): string => `${assistant} ${model ?? ''}`;
  return [...sums.values()]
    .toSorted((a, b) => tokensOf(b) - tokensOf(a) || b.turns - a.turns || (name(a) < name(b) ? -1 : 1))
    .slice(0, limit);
}

/** The part of the overview that is counted from the rows. */
export interface TurnsOverview {
  /** `postponed`: how many of the queued turns wait for a budget. */
  readonly turns: Readonly<Record<'queued' | 'postponed' | 'running' | 'awaitingReview', number>>;
  /** Age of the oldest queued turn that does not wait for a budget, in seconds; null: there is none. */
  readonly oldestWaitingS: number | null;
  /** The last 48 hours, oldest first. */
  readonly byHour: readonly { readonly hour: Date; readonly byStatus: Readonly<Record<string, number>> }[];
  /** Failed turns of the last 24 hours by error code, most frequent first. */
  readonly failures: readonly { readonly code: string; readonly count: number }[];
  /** Final turns of the last 24 hours by assistant and model, most tokens first. */
  readonly assistants: readonly AssistantTurns[];
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
