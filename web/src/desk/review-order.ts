// The filter and the order of the review list. Pure.
import type { ReviewKind } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';

export const VIEWS = { pending: 'Pending', claimed: 'Claimed by me', today: 'My decisions today' } as const;
export type View = keyof typeof VIEWS;

export interface Filter {
  readonly view: View;
  readonly userId: string;
  readonly rule: string;
  /** Empty: all kinds. */
  readonly kind: ReviewKind | '';
}

export const NO_FILTER: Filter = { view: 'pending', userId: '', rule: '', kind: '' };

/** The start of the day in the browser's time zone. */
export const startOfDay = (now: Date): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate());

/** The filter as a query of `GET /reviews`. */
export function queryOf({ view, userId, rule, kind }: Filter, me: string, now: Date): Record<string, string> {
  const byView: Record<View, Record<string, string>> = {
    pending: { status: 'pending' },
    claimed: { status: 'pending', claimed_by: me },
    today: { decided_by: me, decided_since: startOfDay(now).toISOString() },
  };
  return { ...byView[view], user_id: userId, rule, kind };
}

/** Whether a review belongs in the list. */
export function matches({ view, userId, rule, kind }: Filter, review: ListedReview, me: string, now: Date): boolean {
  if (userId !== '' && review.user_id !== userId) return false;
  if (kind !== '' && review.kind !== kind) return false;
  if (rule !== '' && !review.reasons.some((reason) => reason.rule === rule)) return false;
  if (view === 'today')
    return review.decided_by === me && review.decided_at !== null && new Date(review.decided_at) >= startOfDay(now);
  return review.status === 'pending' && (view === 'pending' || review.claimed_by === me);
}

/** Who holds the claim now; null if nobody does. No event reports that a claim has lapsed, so the time is compared. */
export const claimantOf = (review: ListedReview, nowMs: number): string | null =>
  review.claimed_until !== null && Date.parse(review.claimed_until) > nowMs ? review.claimed_by : null;

/** Oldest deadline first, as the server lists them. */
export const byDeadline = (a: ListedReview, b: ListedReview): number =>
  Date.parse(a.deadline) - Date.parse(b.deadline) || (a.review_id < b.review_id ? -1 : 1);

/** The list with a received review at its position, or without it if `shown` is false. `complete`: all pages are
 *  loaded; otherwise a review that sorts last belongs to a later page and is not added. */
export function merge(
  list: readonly ListedReview[],
  received: ListedReview,
  shown: boolean,
  complete: boolean,
): readonly ListedReview[] {
  const at = list.findIndex(({ review_id: id }) => id === received.review_id);
  if (!shown) return at < 0 ? list : list.toSpliced(at, 1);
  if (at >= 0) return list.with(at, received);
  let position = list.length;
  while (position > 0 && byDeadline(list[position - 1]!, received) > 0) position -= 1;
  return position === list.length && !complete ? list : list.toSpliced(position, 0, received);
}
