import { useCallback, useEffect, useState } from 'preact/hooks';
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

/** A review in full, kept up to date by what the queue hears. */
export function useReview(queue: Queue, reviewId: string): OpenReview {
  const [full, setFull] = useState<Review | null>(null);
  const [heard, setHeard] = useState<ListedReview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const reload = useCallback(() => {
    call<Review>(pathTo(['reviews', reviewId])).then(
      (review) => {
        setFull(review);
        setHeard(null);
        setError(null);
      },
      (problem: unknown) => setError(told(problem)),
    );
  }, [reviewId]);
  useEffect(() => {
    setFull(null);
    setHeard(null);
    reload();
    return queue.heard.subscribe((review) => {
      if (review?.review_id === reviewId) setHeard(review);
    });
  }, [reviewId, queue]);
  const take = (review: Review): void => {
    setFull(review);
    setHeard(null);
    queue.hear(review);
  };
  return { review: full && { ...full, ...heard }, error, reload, take };
}
