// Turns that this process accepted or delivered a short time ago, so that a client that waits for them costs no read. It
// is used only while hints arrive: a hint about a change by another process removes the turn, and its row is read.
import type { Turn } from '../domain/turn.ts';

/** Limits of all turns together, and the age in milliseconds up to which a turn is used. */
export interface RecentLimits {
  readonly turns: number;
  /** UTF-16 units of messages and replies. */
  readonly text: number;
  readonly ageMs: number;
}

/** The age is short because a hint can be lost, and because an erasure of an older turn sends none. */
const LIMITS: RecentLimits = { turns: 5_000, text: 16_000_000, ageMs: 10_000 };

const textOf = (turn: Turn): number => turn.text.length + (turn.reply?.length ?? 0);

interface Entry {
  readonly turn: Turn;
  readonly at: number;
}

export class RecentTurns {
  readonly #limits: RecentLimits;
  /** In the order of their changes. */
  readonly #entries = new Map<string, Entry>();
  #text = 0;

  constructor(limits: RecentLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Keeps the newest state of a turn, and forgets the oldest ones beyond the limits. */
  put(turn: Turn): void {
    this.forget(turn.turnId);
    this.#entries.set(turn.turnId, { turn, at: performance.now() });
    this.#text += textOf(turn);
    for (const [turnId, entry] of this.#entries) {
      const { turns, text } = this.#limits;
      if (this.#entries.size <= turns && this.#text <= text && !this.#isOld(entry)) return;
      this.forget(turnId);
    }
  }

  #isOld({ at }: Entry): boolean {
    return performance.now() - at > this.#limits.ageMs;
  }

  /** The turn; null: it is not known here. A queued turn may be running meanwhile. */
  get(turnId: string): Turn | null {
    const entry = this.#entries.get(turnId);
    return entry && !this.#isOld(entry) ? entry.turn : null;
  }

  forget(turnId: string): void {
    const entry = this.#entries.get(turnId);
    if (!entry) return;
    this.#entries.delete(turnId);
    this.#text -= textOf(entry.turn);
  }

  clear(): void {
    this.#entries.clear();
    this.#text = 0;
  }
}
