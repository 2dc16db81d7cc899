import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { call, pathTo, told } from '../api/call.ts';
import type { ListedReview, Review } from '../api/types.ts';
import type { Queue } from './queue.ts';

export interface OpenReview {
  readonly review: Review | null;
  readonly error: string | null;
  readonly reload: () => void;
  /** Takes in what an answer of the API says of it. */
  readonly take: (review: Review) => void;
}

/** A review in full, kept up to date by what the queue hears. An answer that was on its way while something was heard is
 *  older than that; where it is not, the next event says so. For one review: another needs another component. */
export function useReview(queue: Queue, reviewId: string): OpenReview {
  const [full, setFull] = useState<Review | null>(null);
  const [heard, setHeard] = useState<ListedReview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const latest = useRef<ListedReview | null>(null);
  const reload = useCallback(() => {
    const before = latest.current;
    call<Review>(pathTo(['reviews', reviewId])).then(
      (review) => {
        setFull(review);
        if (latest.current === before) setHeard(null);
        setError(null);
      },
      (problem: unknown) => setError(told(problem)),
    );
  }, [reviewId]);
  useEffect(() => {
    const unsubscribe = queue.heard.subscribe((review) => {
      if (review?.review_id !== reviewId) return;
      latest.current = review;
      setHeard(review);
    });
    reload();
    return unsubscribe;
  }, [reviewId, queue]);
  const take = (review: Review): void => {
    setFull(review);
    // Asked for while it was pending; that it has ended was heard meanwhile.
    const hasEnded = latest.current !== null && latest.current.status !== 'pending';
    if (!hasEnded || review.status !== 'pending') queue.hear(review);
  };
  return { review: full && { ...full, ...heard }, error, reload, take };
}
