// The schedule of webhook deliveries: when a delivery is retried, and when it becomes dead. Pure.

/** Seconds between attempts: eight within a day. The first gaps are those that Standard Webhooks recommends. */
const GAPS_S = [5, 300, 1_800, 7_200, 18_000, 28_800, 28_800] as const;
/** A gap varies by up to this fraction, so that deliveries that failed together are not retried together. */
const JITTER = 0.1;

/** The maximum that a receiver can put off an attempt: the longest gap. */
const RETRY_AFTER_MAX_S = 28_800;

export const ATTEMPTS = GAPS_S.length + 1;

/** The result of one attempt. */
export interface Attempt {
  /** HTTP status; null: no response. */
  readonly status: number | null;
  /** Why the attempt failed, as a sentence for the owner of the webhook; null: it succeeded. */
  readonly error: string | null;
  /** Seconds that the receiver asks us to wait; missing: it does not ask. */
  readonly retryAfterS?: number;
}

export type NextStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly inS: number }
  /** `disable`: why the webhook is disabled; null: it stays as it is. */
  | { readonly kind: 'dead'; readonly disable: string | null };

const GONE = 410;
/** Too many requests, and unavailable for some time: their Retry-After is honoured. */
const PUT_OFF: readonly (number | null)[] = [429, 503];

/** The step after attempt number `attempts`, counted from 1. `random`: at least 0, below 1. A wait that the receiver asks for
 *  only makes a gap longer: many short ones would use up the attempts within minutes. */
export function nextStep(attempts: number, attempt: Attempt, random: number): NextStep {
  const { status, error, retryAfterS } = attempt;
  if (error === null) return { kind: 'delivered' };
  if (status === GONE) return { kind: 'dead', disable: 'The receiver answered 410 Gone.' };
  const gap = GAPS_S[attempts - 1];
  if (gap === undefined) return { kind: 'dead', disable: null };
  const asked = PUT_OFF.includes(status) ? Math.min(retryAfterS ?? 0, RETRY_AFTER_MAX_S) : 0;
  return { kind: 'retry', inS: Math.max(asked, gap * (1 - JITTER + 2 * JITTER * random)) };
}
