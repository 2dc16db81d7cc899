import { useEffect, useState } from 'preact/hooks';
import { call, pathTo, told } from '../api/call.ts';
import type { Review } from '../api/types.ts';

export interface Claim {
  readonly isMine: boolean;
  /** Why it is not ours although we wanted it. */
  readonly failed: string | null;
  /** Claims it, unless it is ours. */
  readonly hold: () => void;
  readonly toggle: () => void;
}

/** The lease on a review: taken, given back, and renewed half-way while the review is open. */
export function useClaim(review: Review | null, me: string, take: (review: Review) => void, reload: () => void): Claim {
  const [failed, setFailed] = useState<string | null>(null);
  const isMine = review?.status === 'pending' && review.claimed_by === me;
  const path = pathTo(['reviews', review?.review_id ?? '', 'claim']);
  const claim = (): void => {
    setFailed(null);
    call<Review>(path, { method: 'POST' }).then(take, (error: unknown) => {
      setFailed(told(error));
      reload();
    });
  };
  const release = (): void => {
    call(path, { method: 'DELETE' }).then(reload, (error: unknown) => setFailed(told(error)));
  };
  useEffect(() => {
    if (!isMine || !review?.claimed_until) return;
    const half = Math.max((Date.parse(review.claimed_until) - Date.now()) / 2, 1_000);
    const timer = setTimeout(claim, half);
    return () => clearTimeout(timer);
  }, [isMine, review?.claimed_until]);
  return {
    isMine,
    failed,
    hold: () => void (review?.status === 'pending' && !isMine && claim()),
    toggle: () => {
      if (review?.status !== 'pending') return;
      if (isMine) release();
      else claim();
    },
  };
}
