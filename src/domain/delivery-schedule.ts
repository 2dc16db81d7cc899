// When a delivery is tried again, and when it is given up. Pure.

/** Seconds between the attempts: eight of them within a day, as Standard Webhooks recommends to begin. */
const GAPS_S = [5, 300, 1_800, 7_200, 18_000, 28_800, 28_800] as const;
/** A gap is longer or shorter by up to this part, so that what failed together does not come back together. */
const JITTER = 0.1;

export const ATTEMPTS = GAPS_S.length + 1;

/** What came of one attempt. */
export interface Attempt {
  /** HTTP status; null: there was no answer. */
  readonly status: number | null;
  /** Why it did not succeed, in a sentence for the owner of the hook; null: it did. */
  readonly error: string | null;
}

export type NextStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly inS: number }
  /** `disable`: why nothing more may be sent to the hook. */
  | { readonly kind: 'dead'; readonly disable: string | null };

const GONE = 410;

/** What follows from the `attempts`-th attempt, counted from 1. `random`: at least 0, below 1. */
export function nextStep(attempts: number, { status, error }: Attempt, random: number): NextStep {
  if (error === null) return { kind: 'delivered' };
  if (status === GONE) return { kind: 'dead', disable: 'The receiver answered 410 Gone.' };
  const gap = GAPS_S[attempts - 1];
  if (gap === undefined) return { kind: 'dead', disable: null };
  return { kind: 'retry', inS: gap * (1 - JITTER + 2 * JITTER * random) };
}
