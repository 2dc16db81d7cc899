// The commits by which a claim of a turn ends: a delivered reply, or a turn that waits for a person.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Work } from '../actors/user-session.ts';
import { Unavailable } from '../domain/errors.ts';
import { deliveryEvents, type OutboxEvent } from '../domain/events.ts';
import { newId } from '../domain/ids.ts';
import type { Reason } from '../domain/policy.ts';
import { toolCallJson } from '../domain/tools/step.ts';
import { queuedTurn, type Turn, type TurnError } from '../domain/turn.ts';
import { commitAnswer, type ModelReply } from '../store/commit-turn.ts';
import type { Database } from '../store/database.ts';
import { parkTurn } from '../store/park-turn.ts';
import { parkCall } from '../store/steps/park-call.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Parked } from './tool-steps.ts';

export type AnswerOutcome =
  /** `turn` undefined: only its row shows it whole. */
  | { readonly status: 'completed'; readonly events: readonly OutboxEvent[]; readonly turn: Turn | undefined }
  /** A person must decide; the event requests the review. */
  | { readonly status: 'awaiting_review'; readonly events: readonly OutboxEvent[] }
  | { readonly status: 'failed'; readonly error: TurnError }
  /** A budget has no room for it now, so it is queued again. */
  | { readonly status: 'postponed' }
  /** Another claim or a cancellation came first; nothing was written. */
  | { readonly status: 'lost' };

const COMMIT_RETRY_MS = 500;

/** Retries the commit until the database accepts it or the signal aborts, because the call before it was already paid for.
 *  If the response of a successful commit is lost, the retry matches no row and the outcome is `lost`; the row is
 *  correct. */
export async function commitUntilDone<T>(commit: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await inSpan('commit', {}, commit);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      // The rejection of `sleep` is an AbortError, not the signal's reason.
      await sleep(COMMIT_RETRY_MS, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}

export interface CommitDeps {
  readonly database: Database;
  readonly reviewDeadlineS: number;
}

/** Parks the turn for a decision on a call. `changed`: the call has ended meanwhile. */
export async function parkForCall(
  { database, reviewDeadlineS: deadlineS }: CommitDeps,
  work: Work,
  attempts: number,
  { kind, call, rule, reasons }: Parked,
  signal: AbortSignal,
): Promise<AnswerOutcome | 'changed'> {
  const eventData = { kind, tool_call: toolCallJson(call) };
  const parking = { reviewId: newId(), auditId: newId(), kind, reasons, deadlineS, rule, call, eventData };
  const parked = await commitUntilDone(() => parkCall(database, work, attempts, parking), signal);
  if (parked.outcome === 'lost') return { status: 'lost' };
  if (parked.outcome === 'changed') return 'changed';
  return awaitingReview(work, parking.reviewId, parked.data);
}

function awaitingReview({ userId }: Work, eventId: string, data: Readonly<Record<string, unknown>>): AnswerOutcome {
  const event = { eventId, topic: 'human-review', userId, data, traceparent: traceparent() } as const;
  return { status: 'awaiting_review', events: [event] };
}

export interface Answered {
  readonly answer: ModelReply;
  /** The model calls of the turn. */
  readonly attempts: number;
  /** Why a person must decide; empty: nobody must. */
  readonly reasons: readonly Reason[];
  /** Whether only the row shows the turn whole: it has called tools, or its client has asked for more than text. */
  readonly hasMore: boolean;
}

/** Delivers the reply, or parks it for review. */
export async function commitReply(
  { database, reviewDeadlineS: deadlineS }: CommitDeps,
  work: Work,
  { answer, attempts, reasons, hasMore }: Answered,
  signal: AbortSignal,
): Promise<AnswerOutcome> {
  if (reasons.length > 0) {
    const parking = { reviewId: newId(), auditId: newId(), reasons, deadlineS };
    const data = await commitUntilDone(() => parkTurn(database, work, attempts, answer, parking), signal);
    return data ? awaitingReview(work, parking.reviewId, data) : { status: 'lost' };
  }
  const events = deliveryEvents(work, answer.reply, traceparent());
  const finishedAt = await commitUntilDone(() => commitAnswer(database, work, attempts, answer, events), signal);
  if (!finishedAt) return { status: 'lost' };
  const turn = hasMore ? undefined : completedTurn(work, attempts, answer, finishedAt);
  return { status: 'completed', events, turn };
}

/** The turn as its row is after the commit. */
const completedTurn = (work: Work, attempts: number, answer: ModelReply, finishedAt: Date): Turn => {
  const { turnId, userId, sessionId, seq, epoch, follows, assistant = null, text, metadata, tags, startedAt } = work;
  const createdAt = new Date(work.createdAt);
  return {
    ...queuedTurn({ turnId, userId, sessionId, seq, assistant, text, metadata, tags, createdAt }),
    ...answer,
    status: 'completed',
    epoch,
    follows,
    attempts,
    startedAt: new Date(startedAt),
    finishedAt,
  };
};
