// Cancels a turn with its partial reply, notifies its worker and its waiting clients, and wakes a worker for the user's next turn.
import { afterWrite } from '../domain/errors.ts';
import type { Hooks } from '../domain/events.ts';
import { traceparent } from '../telemetry/tracing.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { cancelTurn } from '../store/cancel-turn.ts';
import { firstQueued } from '../store/backlog.ts';
import type { Claim } from '../store/held-claims.ts';
import type { Database } from '../store/database.ts';
import { findTurn } from '../store/turn-rows.ts';
import type { Turn } from '../domain/turn.ts';
import { PARTIAL_WAIT_MS, type PartialReplies } from './partial-replies.ts';

export type CancelOutcome =
  /** By this call or by an earlier one. */
  | { readonly outcome: 'cancelled'; readonly turn: Turn }
  /** The turn was already final, with another status. */
  | { readonly outcome: 'final'; readonly turn: Turn }
  | { readonly outcome: 'unknown' };

export interface CancelDeps {
  readonly database: Database;
  /** Wakes a worker for the turn's user. */
  readonly wake: (turn: Claim & { readonly userId: string; readonly traceparent: string | null }) => void;
  /** Cancels a turn that awaits review, and its review. False: the turn does not await review. */
  readonly cancelReview: (turnId: string, by: string) => Promise<boolean>;
  readonly partials: Pick<PartialReplies, 'ask'>;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'turnCancelled'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Counts a committed cancellation and calls the hooks for it. */
export function announceCancelled({ hooks, metrics }: CancelDeps, turnId: string): void {
  metrics.turnsFinished.inc({ status: 'cancelled' });
  hooks.turnCancelled(turnId);
  hooks.turnChanged(turnId);
}

/** The worker of the cancelled turn continues with the user's next turn. But that worker may be dead, and the job of
 *  the cancelled turn may have been the only one that would start the user's next turns. */
async function wakeNext({ database, wake, log }: CancelDeps, userId: string): Promise<void> {
  try {
    const next = await firstQueued(database, userId);
    if (next) wake({ ...next, userId, traceparent: traceparent() });
  } catch (error) {
    log.debug({ detail: (error as Error).message }, 'The next turn could not be woken; the sweeper will.');
  }
}

/** The cancelled turn, with its partial reply; null: it is neither queued nor running. */
async function cancelUnfinished({ database, partials }: CancelDeps, turnId: string): Promise<Turn | null> {
  for (let deadline = Infinity; ;) {
    const turn = await findTurn(database, turnId);
    if (turn?.status !== 'queued' && turn?.status !== 'running') return null;
    deadline = Math.min(deadline, performance.now() + PARTIAL_WAIT_MS);
    const text = turn.status === 'running' ? await partials.ask(turn, deadline - performance.now()) : null;
    const cancelled = await cancelTurn(database, turn, text);
    // The statement returns the row of the turn only.
    if (cancelled) return { ...cancelled, review: turn.review, steps: turn.steps };
    // The turn was claimed, parked or committed meanwhile.
  }
}

/** Cancels a turn that is queued, running or awaiting review. Idempotent. `by`: name of the caller, recorded with the
 *  review. @throws Unavailable */
export async function cancel(deps: CancelDeps, turnId: string, by: string): Promise<CancelOutcome> {
  const cancelled = await cancelUnfinished(deps, turnId);
  if (cancelled) {
    announceCancelled(deps, turnId);
    void wakeNext(deps, cancelled.userId);
    return { outcome: 'cancelled', turn: cancelled };
  }
  // In this order, so that a turn that is parked for review between the two statements is found by the second one.
  const withReview = await deps.cancelReview(turnId, by);
  const find = () => findTurn(deps.database, turnId);
  const turn = await (withReview ? afterWrite(find) : find());
  if (!turn) return { outcome: 'unknown' };
  return { outcome: turn.status === 'cancelled' ? 'cancelled' : 'final', turn };
}
