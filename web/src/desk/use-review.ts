import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { call, errorText, pathTo } from '../api/call.ts';
import type { ListedReview, Review } from '../api/types.ts';
import type { Queue } from './queue.ts';

export interface OpenReview {
  readonly review: Review | null;
  readonly error: string | null;
  readonly reload: () => void;
  /** Applies a review that the API returned. */
  readonly apply: (review: Review) => void;
}

/** A full review, updated by the events that the queue receives. An event that arrives during a request is taken to be
 *  newer than the response; if it is not, the next event corrects it. A component instance is for one review only. */
export function useReview(queue: Queue, reviewId: string): OpenReview {
  const [full, setFull] = useState<Review | null>(null);
  const [received, setReceived] = useState<ListedReview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const latest = useRef<ListedReview | null>(null);
  const reload = useCallback(() => {
    const before = latest.current;
    call<Review>(pathTo(['reviews', reviewId])).then(
      (review) => {
        setFull(review);
        if (latest.current === before) setReceived(null);
        setError(null);
      },
      (problem: unknown) => setError(errorText(problem)),
    );
  }, [reviewId]);
  useEffect(() => {
    const unsubscribe = queue.received.subscribe((review) => {
      if (review?.review_id !== reviewId) return;
      latest.current = review;
      setReceived(review);
    });
    reload();
    return unsubscribe;
  }, [reviewId, queue]);
  const apply = (review: Review): void => {
    setFull(review);
    // A pending response is outdated if an event has already reported that the review is not pending any more.
    const isClosed = latest.current !== null && latest.current.status !== 'pending';
    if (!isClosed || review.status !== 'pending') queue.receive(review);
  };
  return { review: full && { ...full, ...received }, error, reload, apply };
}
