// Turns that this process accepted or delivered a short time ago, so that a client that waits for them costs no read. It
// is used only while hints arrive: a hint about a change by another process removes the turn, and its row is read.
import type { Turn } from '../domain/turn.ts';

/** Limits of all turns together. */
export interface RecentLimits {
  readonly turns: number;
  /** UTF-16 units of messages and replies. */
  readonly text: number;
}

export const RECENT_LIMITS: RecentLimits = { turns: 10_000, text: 16_000_000 };

const textOf = (turn: Turn): number => turn.text.length + (turn.reply?.length ?? 0);

export class RecentTurns {
  readonly #limits: RecentLimits;
  /** In the order of their changes. */
  readonly #turns = new Map<string, Turn>();
  #text = 0;

  constructor(limits: RecentLimits = RECENT_LIMITS) {
    this.#limits = limits;
  }

  /** Keeps the newest state of a turn, and forgets the oldest ones beyond the limits. */
  put(turn: Turn): void {
    this.forget(turn.turnId);
    this.#turns.set(turn.turnId, turn);
    this.#text += textOf(turn);
    while (this.#turns.size > this.#limits.turns || this.#text > this.#limits.text) {
      this.forget(this.#turns.keys().next().value!);
    }
  }

  /** The turn; null: it is not known here. A queued turn may be running meanwhile. */
  get(turnId: string): Turn | null {
    return this.#turns.get(turnId) ?? null;
  }

  forget(turnId: string): void {
    const turn = this.#turns.get(turnId);
    if (!turn) return;
    this.#turns.delete(turnId);
    this.#text -= textOf(turn);
  }

  clear(): void {
    this.#turns.clear();
    this.#text = 0;
  }
}
