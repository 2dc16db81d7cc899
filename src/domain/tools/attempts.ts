// How one request of a call can end, and what follows from it. No I/O.
import type { CallOutcome, Effect, ToolResult } from './tool.ts';

/** How one request ended.
 *  - `done`: the tool did what was asked.
 *  - `refused`: it answered that it did not.
 *  - `postponed`: it has not done it, and may do it later.
 *  - `lost`: it may have done it.
 *  - `unsent`: nothing was sent, and nothing would be. */
export type AttemptKind = 'done' | 'refused' | 'postponed' | 'lost' | 'unsent';

export interface Attempt extends ToolResult {
  readonly kind: AttemptKind;
  /** How long the tool asks to wait, in milliseconds; null: it does not say. */
  readonly retryAfterMs: number | null;
}

/** An attempt whose result is a sentence about it. */
export const attemptOf = (kind: AttemptKind, sentence: string, retryAfterMs: number | null = null): Attempt => ({
  kind,
  result: sentence,
  truncated: false,
  retryAfterMs,
});

interface Rule {
  readonly repeat: boolean;
  readonly status: CallOutcome['status'];
}
const REPEATABLE: Readonly<Record<AttemptKind, Rule>> = {
  done: { repeat: false, status: 'done' },
  refused: { repeat: false, status: 'failed' },
  postponed: { repeat: true, status: 'failed' },
  lost: { repeat: true, status: 'failed' },
  unsent: { repeat: false, status: 'failed' },
};
const RULES: Readonly<Record<Effect, Readonly<Record<AttemptKind, Rule>>>> = {
  read: REPEATABLE,
  idempotent: REPEATABLE,
  once: {
    ...REPEATABLE,
    postponed: { repeat: false, status: 'failed' },
    lost: { repeat: false, status: 'unknown' },
  },
};

/** Maximum number of repeats. */
const REPEATS = 3;
const BASE_MS = 500;
/** A tool that asks for a longer wait is not called again: the turn would keep its place for nothing. */
const MOST_WAIT_MS = 10_000;

/** What follows from the latest of `made` attempts: the outcome, or the milliseconds until the next attempt. `random`: 0 to 1. */
export function nextOf(
  effect: Effect,
  { kind, result, truncated, retryAfterMs }: Attempt,
  made: number,
  random: number,
): { readonly waitMs: number } | { readonly outcome: CallOutcome } {
  const { repeat, status } = RULES[effect][kind];
  if (repeat && made <= REPEATS && (retryAfterMs ?? 0) <= MOST_WAIT_MS)
    return { waitMs: Math.max(retryAfterMs ?? 0, BASE_MS * 2 ** (made - 1) * (0.5 + random / 2)) };
  return { outcome: { status, result, truncated } };
}
