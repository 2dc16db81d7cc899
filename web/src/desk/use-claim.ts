import { useEffect, useState } from 'preact/hooks';
import { call, errorText, pathTo } from '../api/call.ts';
import type { Review } from '../api/types.ts';

export interface ClaimControls {
  readonly isMine: boolean;
  /** The error of the last claim or release. */
  readonly failed: string | null;
  /** Claims the review unless this reviewer has it. */
  readonly claim: () => void;
  /** Claims or releases the review. */
  readonly toggle: () => void;
}

/** The claim on a review. While the review is open it is renewed at half of the remaining time. `apply` receives the
 *  claimed review. */
export function useClaim(
  review: Review | null,
  me: string,
  apply: (review: Review) => void,
  reload: () => void,
): ClaimControls {
  const [failed, setFailed] = useState<string | null>(null);
  const isMine = review?.status === 'pending' && review.claimed_by === me;
  const path = pathTo(['reviews', review?.review_id ?? '', 'claim']);
  const claim = (): void => {
    setFailed(null);
    call<Review>(path, { method: 'POST' }).then(apply, (error: unknown) => {
      setFailed(errorText(error));
      reload();
    });
  };
  const release = (): void => {
    call(path, { method: 'DELETE' }).then(reload, (error: unknown) => setFailed(errorText(error)));
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
    claim: () => void (review?.status === 'pending' && !isMine && claim()),
    toggle: () => {
      if (review?.status !== 'pending') return;
      if (isMine) release();
      else claim();
    },
  };
}
