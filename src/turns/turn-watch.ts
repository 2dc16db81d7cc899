// Waits until a turn is settled, without reading its row while nothing changes.
import { wakeUp } from '../concurrency/wake-up.ts';
import type { TurnHints } from '../domain/events.ts';
import { isSettled, type Turn } from '../domain/turn.ts';

/** Poll interval of a wait while hints arrive, and while they cannot arrive. */
const POLL_MS = 5_000;
const POLL_WITHOUT_HINTS_MS = 500;

export interface WatchDeps {
  readonly hints: TurnHints;
  /** @throws Unavailable */
  readonly find: (turnId: string) => Promise<Turn | null>;
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What callers use of a watch. */
export type Watch = Pick<TurnWatch, 'find' | 'untilSettled' | 'close'>;

/** Watches one turn from its creation until `close`. A turn that is read after its creation needs no further read
 *  before the wait, because a change in between is noticed. */
export class TurnWatch {
  readonly #deps: WatchDeps;
  readonly #turnId: string;
  readonly #wakeUp = wakeUp();
  readonly #unlisten: () => void;
  /** The final turn, if this process committed it. */
  #final: Turn | null = null;

  constructor(deps: WatchDeps, turnId: string) {
    this.#deps = deps;
    this.#turnId = turnId;
    this.#unlisten = deps.hints.listenTo(turnId, (change) => {
      // Nobody waits for the start of a turn.
      if (change === 'started') return;
      if (change !== 'changed') this.#final = change;
      this.#wakeUp.wake();
    });
  }

  /** The turn, for a wait: read from its row unless this process has accepted or delivered it a short time ago. Null: it
   *  does not exist. @throws Unavailable */
  async find(): Promise<Turn | null> {
    return this.#deps.hints.recent(this.#turnId) ?? this.#deps.find(this.#turnId);
  }

  /** Waits until the turn is settled: final or awaiting review. For a turn that already awaits review, waits until that
   *  changes. After the timeout, or if the signal aborts, returns the turn as it is then. Null: the turn was erased.
   *  `turn` must have been read after this watch was created. `before`: as it was when the wait was requested.
   *  @throws Unavailable */
  async untilSettled(turn: Turn, { timeoutMs, signal }: WaitOptions, before: Turn = turn): Promise<Turn | null> {
    const { hints, find } = this.#deps;
    const { wake, wait } = this.#wakeUp;
    const wasInReview = before.status === 'awaiting_review';
    // A decision on a call queues the turn again, and the next call may await another review.
    const isDone = ({ status, review }: Turn) =>
      wasInReview ? status !== 'awaiting_review' || review?.reviewId !== before.review?.reviewId : isSettled(status);
    const deadline = performance.now() + timeoutMs;
    signal.addEventListener('abort', wake);
    try {
      for (let current: Turn | null = turn; ;) {
        const leftMs = deadline - performance.now();
        if (current === null || isDone(current) || leftMs <= 0 || signal.aborted) return current;
        await wait(Math.min(leftMs, hints.listening ? POLL_MS : POLL_WITHOUT_HINTS_MS));
        current = this.#final ?? (await find(this.#turnId));
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  close(): void {
    this.#unlisten();
  }
}
