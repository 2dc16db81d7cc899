// Accepting, finding and waiting for turns: what the ingress asks for.
import { wakeUp } from '../concurrency/wake-up.ts';
import { newId } from '../domain/ids.ts';
import { acceptTurn } from '../store/accept-turn.ts';
import { findTurn, listTurns } from '../store/turn-rows.ts';
import type { AcceptOutcome, NewTurn } from '../domain/accept.ts';
import { cancel, announceCancelled, type CancelDeps, type CancelOutcome } from './cancellation.ts';
import { isSettled, type Turn, type TurnFilter } from '../domain/turn.ts';

/** How often a wait reads the row without a change being announced: while announcements arrive, and while they cannot. */
const POLL_MS = 5_000;
const UNHEARD_POLL_MS = 500;

/** Where a change of a turn is announced. */
export interface TurnHints {
  /** False while announcements do not arrive. */
  readonly listening: boolean;
  /** Calls `listener` at every change of the turn until the returned function is called. */
  listenTo(turnId: string, listener: () => void): () => void;
}

export interface TurnServiceDeps extends CancelDeps {
  readonly limits: { readonly perUser: number; readonly ofAll: number };
  /** Waiting turns of all users, as last counted. */
  readonly queuedOfAll: () => number;
  readonly hints: TurnHints;
}

export class TurnService {
  readonly #deps: TurnServiceDeps;

  constructor(deps: TurnServiceDeps) {
    this.#deps = deps;
  }

  /** Durable when it resolves to `accepted` or `joined`, whether Redis is there or not. @throws Unavailable */
  async accept(turn: NewTurn): Promise<AcceptOutcome> {
    const { database, limits, queuedOfAll, wake, hooks, metrics, log } = this.#deps;
    const outcome = await acceptTurn(database, newId(), turn, { ...limits, queuedOfAll: queuedOfAll() });
    // Who polls the turn it joined sees its new text.
    if (outcome.outcome === 'joined') hooks.turnChanged(outcome.turn.turnId);
    if (outcome.outcome === 'accepted') {
      if (outcome.cancelled) announceCancelled(this.#deps, outcome.cancelled.turnId);
      metrics.turnsAccepted.inc();
      // Not awaited: the turn is safe, and without a job the sweeper finds it.
      wake(outcome.turn).catch((error: Error) => {
        log.debug(
          { turn_id: outcome.turn.turnId, detail: error.message },
          'A job could not be added; the sweeper will.',
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
   *  changes. Returns the turn as it is when the time is up or the signal aborts; null if it was erased.
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
    // Listening begins before the first read, so that a change between the two is not missed.
    const unlisten = hints.listenTo(turn.turnId, wake);
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        const now = await this.find(turn.turnId);
        const leftMs = deadline - performance.now();
        if (now === null || settled(now) || leftMs <= 0 || signal.aborted) return now;
        await wait(Math.min(leftMs, hints.listening ? POLL_MS : UNHEARD_POLL_MS));
      }
    } finally {
      unlisten();
      signal.removeEventListener('abort', wake);
    }
  }
}
