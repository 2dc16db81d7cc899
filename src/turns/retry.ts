// Retries a failed turn: queues it again, notifies its clients, and wakes a worker.
import type { Hooks } from '../domain/events.ts';
import type { Turn } from '../domain/turn.ts';
import type { Database } from '../store/database.ts';
import type { Claim } from '../store/held-claims.ts';
import { retryTurn } from '../store/retry/retry-turn.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { traceparent } from '../telemetry/tracing.ts';

export interface RetryDeps {
  readonly database: Database;
  /** Wakes a worker for the turn's user. */
  readonly wake: (turn: Claim & { readonly userId: string; readonly traceparent: string | null }) => void;
  readonly hooks: Pick<Hooks, 'turnChanged'>;
  readonly metrics: Pick<Metrics, 'turnsRetried'>;
}

/** Queues the failed turn again. Null: it may not be retried. @throws Unavailable */
export async function retry({ database, wake, hooks, metrics }: RetryDeps, turnId: string): Promise<Turn | null> {
  const turn = await retryTurn(database, turnId);
  if (!turn) return null;
  metrics.turnsRetried.inc();
  hooks.turnChanged(turnId);
  wake({ ...turn, traceparent: traceparent() });
  return turn;
}
