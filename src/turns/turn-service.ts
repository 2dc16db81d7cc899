// The turn operations of the ingress: accept, find, list, cancel, and wait until a turn is settled.
import { wakeUp } from '../concurrency/wake-up.ts';
import { newId } from '../domain/ids.ts';
import { acceptTurn } from '../store/accept-turn.ts';
import { findTurn, listTurns } from '../store/turn-rows.ts';
import type { AcceptOutcome, NewTurn } from '../domain/accept.ts';
import { cancel, announceCancelled, type CancelDeps, type CancelOutcome } from './cancellation.ts';
import type { TurnHints } from '../domain/events.ts';
import { isSettled, type Turn, type TurnFilter } from '../domain/turn.ts';

/** Poll interval of a wait while hints arrive, and while they cannot arrive. */
const POLL_MS = 5_000;
const POLL_WITHOUT_HINTS_MS = 500;

export interface TurnServiceDeps extends CancelDeps {
  readonly limits: { readonly perUser: number; readonly ofAll: number };
  /** Queued turns of all users, as last counted. */
  readonly queuedOfAll: () => number;
  readonly hints: TurnHints;
}

export class TurnService {
  readonly #deps: TurnServiceDeps;

  constructor(deps: TurnServiceDeps) {
    this.#deps = deps;
  }

  /** Accepts the turn. If the outcome is `accepted` or `joined`, the message is durable, even if Redis is unavailable.
   *  @throws Unavailable */
  async accept(turn: NewTurn): Promise<AcceptOutcome> {
    const { database, limits, queuedOfAll, wake, hooks, metrics, log } = this.#deps;
    const outcome = await acceptTurn(database, newId(), turn, { ...limits, queuedOfAll: queuedOfAll() });
    // The text of the turn changed: clients that wait for it read it again.
    if (outcome.outcome === 'joined') hooks.turnChanged(outcome.turn.turnId);
    if (outcome.outcome === 'accepted') {
      if (outcome.cancelled) announceCancelled(this.#deps, outcome.cancelled.turnId);
      metrics.turnsAccepted.inc();
      // Not awaited: the turn is committed. If the job is lost, the sweeper adds it again.
      wake(outcome.turn).catch((error: Error) => {
        log.debug(
          { turn_id: outcome.turn.turnId, detail: error.message },
          'A job could not be added; the sweeper will add it.',
        );
      });
    }
    return outcome;
  }

  find(turnId: string): Promise<Turn | null> {
    return findTurn(this.#deps.database, turnId);
  }

  list(userId: string, filter: TurnFilter): Promise<Turn[]> {
    return listTurns(this.#deps.database, userId, filter);
  }

  /** @throws Unavailable */
  cancel(turnId: string, by: string): Promise<CancelOutcome> {
    return cancel(this.#deps, turnId, by);
  }

  /** Waits until the turn is settled: final or awaiting review. For a turn that already awaits review, waits until that
   *  changes. After the timeout, or if the signal aborts, returns the turn as it is then. Null: the turn was erased.
   *  @throws Unavailable */
  async waitUntilSettled(
    turn: Turn,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Turn | null> {
    const { hints } = this.#deps;
    const wasInReview = turn.status === 'awaiting_review';
    const settled = ({ status }: Turn) => isSettled(status) && !(wasInReview && status === 'awaiting_review');
    const deadline = performance.now() + timeoutMs;
    const { wake, wait } = wakeUp();
    // Subscribes before the first read, so that a change in between is not missed.
    const unlisten = hints.listenTo(turn.turnId, wake);
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        const current = await this.find(turn.turnId);
        const leftMs = deadline - performance.now();
        if (current === null || settled(current) || leftMs <= 0 || signal.aborted) return current;
        await wait(Math.min(leftMs, hints.listening ? POLL_MS : POLL_WITHOUT_HINTS_MS));
      }
    } finally {
      unlisten();
      signal.removeEventListener('abort', wake);
    }
  }
}
