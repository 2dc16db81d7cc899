// Accepting, finding and waiting for turns: what the ingress asks for.
import { newId } from '../ids.ts';
import { acceptTurn } from '../store/accept-turn.ts';
import { findTurn, listTurns } from '../store/turn-rows.ts';
import type { AcceptOutcome, NewTurn } from './accept.ts';
import { cancel, tellCancelled, type CancelDeps, type CancelOutcome } from './cancellation.ts';
import { isAtRest, type Turn, type TurnFilter } from './turn.ts';

/** How often a waiting client looks by itself: as a safety net, and while changes cannot be heard. */
const LOOK_MS = 5_000;
const DEAF_LOOK_MS = 500;

export interface TurnServiceDeps extends CancelDeps {
  readonly limits: { readonly perUser: number; readonly ofAll: number };
  /** Waiting turns of all users, as last counted. */
  readonly waitingOfAll: () => number;
  readonly changes: CancelDeps['changes'] & {
    readonly listening: boolean;
    listen(turnId: string, listener: () => void): () => void;
  };
}

export class TurnService {
  readonly #deps: TurnServiceDeps;

  constructor(deps: TurnServiceDeps) {
    this.#deps = deps;
  }

  /** Durable when it resolves to `accepted` or `joined`, whether Redis is there or not. @throws DatabaseUnavailable */
  async accept(turn: NewTurn): Promise<AcceptOutcome> {
    const { database, limits, waitingOfAll, wake, metrics, log } = this.#deps;
    const outcome = await acceptTurn(database, newId(), turn, { ...limits, waitingOfAll: waitingOfAll() });
    // Who polls the turn it joined sees its new text.
    if (outcome.outcome === 'joined') this.#deps.changes.announce(outcome.turn.turnId);
    if (outcome.outcome === 'accepted') {
      if (outcome.cancelled) tellCancelled(this.#deps, outcome.cancelled.turnId);
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

  /** @throws DatabaseUnavailable */
  cancel(turnId: string, by: string): Promise<CancelOutcome> {
    return cancel(this.#deps, turnId, by);
  }

  /** The turn once it rests (one that already awaits review: once that changes), or as it is when the time is up or the
   *  client has gone. @throws DatabaseUnavailable */
  async waitForRest(
    turn: Turn,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Turn | null> {
    const rested = (now: Turn) =>
      isAtRest(now.status) && !(turn.status === 'awaiting_review' && now.status === 'awaiting_review');
    const deadline = performance.now() + timeoutMs;
    const { changes } = this.#deps;
    let wakeUp = () => {};
    let changed = false;
    const heard = () => {
      changed = true;
      wakeUp();
    };
    // Listening begins before the look, so that a change in between is heard.
    const unlisten = changes.listen(turn.turnId, heard);
    signal.addEventListener('abort', heard);
    try {
      for (;;) {
        changed = false;
        const now = await this.find(turn.turnId);
        const left = deadline - performance.now();
        if (now === null || rested(now) || left <= 0 || signal.aborted) return now;
        if (changed) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(left, changes.listening ? LOOK_MS : DEAF_LOOK_MS));
          wakeUp = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      unlisten();
      signal.removeEventListener('abort', heard);
    }
  }
}
