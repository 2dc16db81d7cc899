import type { Review } from '../api/types.ts';
import { Badge } from '../parts/Badge.tsx';
import { useClock } from '../parts/use-clock.ts';
import { Countdown } from './Countdown.tsx';
import { OUTCOME } from './outcome.ts';
import { claimantOf } from './review-order.ts';
import type { ClaimControls } from './use-claim.ts';

interface Props {
  readonly review: Review;
  readonly me: string;
  readonly claim: ClaimControls;
  readonly onBack: () => void;
}

/** The user, the time left, and the claim. */
export function ReviewHead({ review, me, claim, onBack }: Props) {
  const pending = review.status === 'pending';
  const claimant = claimantOf(review, useClock(5_000));
  return (
    <header class="review-head">
      <button type="button" class="quiet back" onClick={onBack}>
        ← Queue
      </button>
      <h2 class="grow one-line">{review.user_id}</h2>
      {pending && claimant !== null && claimant !== me && <Badge tone="info">Claimed by {claimant}</Badge>}
      {pending ? (
        <>
          <span class="small">
            <span class="soft">due in </span>
            <Countdown deadline={review.deadline} />
          </span>
          <button type="button" aria-pressed={claim.isMine} onClick={claim.toggle}>
            {claim.isMine ? 'Release' : 'Claim'} <kbd>C</kbd>
          </button>
        </>
      ) : (
        <Badge tone={OUTCOME[review.status].tone}>{OUTCOME[review.status].label}</Badge>
      )}
    </header>
  );
}
