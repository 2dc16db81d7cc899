// Which reviews a list shows and in which order. Pure.
import type { ListedReview } from '../api/types.ts';

export const VIEWS = { pending: 'Pending', claimed: 'Claimed by me', today: 'My decisions today' } as const;
export type View = keyof typeof VIEWS;

export interface Filter {
  readonly view: View;
  readonly userId: string;
  readonly rule: string;
}

export const NO_FILTER: Filter = { view: 'pending', userId: '', rule: '' };

/** The begin of the day where the reviewer is. */
export const dayBegin = (now: Date): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate());

/** The filter as a query of `GET /reviews`. */
export function queryOf({ view, userId, rule }: Filter, me: string, now: Date): Record<string, string> {
  const byView: Record<View, Record<string, string>> = {
    pending: { status: 'pending' },
    claimed: { status: 'pending', claimed_by: me },
    today: { decided_by: me, decided_since: dayBegin(now).toISOString() },
  };
  return { ...byView[view], user_id: userId, rule };
}

/** Whether the list shows a review that was heard of. */
export function shows({ view, userId, rule }: Filter, review: ListedReview, me: string, now: Date): boolean {
  if (userId !== '' && review.user_id !== userId) return false;
  if (rule !== '' && !review.reasons.some((reason) => reason.rule === rule)) return false;
  if (view === 'today')
    return review.decided_by === me && review.decided_at !== null && new Date(review.decided_at) >= dayBegin(now);
  return review.status === 'pending' && (view === 'pending' || review.claimed_by === me);
}

/** Who is at it now: a claim that has lapsed is none, though nobody told us. */
export const claimantOf = (review: ListedReview, nowMs: number): string | null =>
  review.claimed_until !== null && Date.parse(review.claimed_until) > nowMs ? review.claimed_by : null;

/** Oldest deadline first, as the server lists them. */
export const byDeadline = (a: ListedReview, b: ListedReview): number =>
  Date.parse(a.deadline) - Date.parse(b.deadline) || (a.review_id < b.review_id ? -1 : 1);

/** The list with a review that was heard of in its place, or without it. `whole`: there are no further pages; else a
 *  review behind the last one belongs to a later page. */
export function withHeard(
  list: readonly ListedReview[],
  heard: ListedReview,
  shown: boolean,
  whole: boolean,
): readonly ListedReview[] {
  const at = list.findIndex(({ review_id: id }) => id === heard.review_id);
  if (!shown) return at < 0 ? list : list.toSpliced(at, 1);
  if (at >= 0) return list.with(at, heard);
  let place = list.length;
  while (place > 0 && byDeadline(list[place - 1]!, heard) > 0) place -= 1;
  return place === list.length && !whole ? list : list.toSpliced(place, 0, heard);
}
