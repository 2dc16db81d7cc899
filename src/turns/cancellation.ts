// Cancelling a turn, and telling everybody whom it concerns.
import type { Hooks } from '../domain/events.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { cancelTurn } from '../store/cancel-turn.ts';
import { firstQueued } from '../store/claims.ts';
import type { Database } from '../store/database.ts';
import { findTurn } from '../store/turn-rows.ts';
import type { Turn } from '../domain/turn.ts';

export type CancelOutcome =
  /** By this call or by an earlier one. */
  | { readonly outcome: 'cancelled'; readonly turn: Turn }
  /** It had ended before. */
  | { readonly outcome: 'finished'; readonly turn: Turn }
  | { readonly outcome: 'unknown' };

export interface CancelDeps {
  readonly database: Database;
  /** Wakes a worker for the turn's user. */
  readonly wake: (turn: { userId: string; turnId: string; epoch: number }) => Promise<void>;
  /** Cancels the turn with its review. False: it does not await one. */
  readonly cancelReview: (turnId: string, by: string) => Promise<boolean>;
  readonly hooks: Pick<Hooks, 'turnChanged' | 'turnCancelled'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Announces a cancellation that was committed. */
export function announceCancelled({ hooks, metrics }: CancelDeps, turnId: string): void {
  metrics.turnsFinished.inc({ status: 'cancelled' });
  hooks.turnCancelled(turnId);
  hooks.turnChanged(turnId);
}

/** Its own worker goes on with the user's next turn by itself; but that worker may be dead, and the cancelled turn may
 *  have been the one whose job should have brought the next ones on. */
async function wakeNext({ database, wake, log }: CancelDeps, userId: string): Promise<void> {
  try {
    const next = await firstQueued(database, userId);
    if (next) await wake({ ...next, userId });
  } catch (error) {
    log.debug({ detail: (error as Error).message }, 'The next turn could not be woken; the sweeper will.');
  }
}

/** Cancels the turn, whether it waits, runs or awaits review; again changes nothing. `by`: who asks for it.
 *  @throws Unavailable */
export async function cancel(deps: CancelDeps, turnId: string, by: string): Promise<CancelOutcome> {
  const cancelled = await cancelTurn(deps.database, turnId);
  if (cancelled) {
    announceCancelled(deps, turnId);
    void wakeNext(deps, cancelled.userId);
    return { outcome: 'cancelled', turn: cancelled };
  }
  // In this order: a turn that parks between the two looks is found by the second.
  await deps.cancelReview(turnId, by);
  const turn = await findTurn(deps.database, turnId);
  if (!turn) return { outcome: 'unknown' };
  return { outcome: turn.status === 'cancelled' ? 'cancelled' : 'finished', turn };
}
