import { useState } from 'preact/hooks';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Notice } from '../parts/Notice.tsx';
import { DecisionBar } from './DecisionBar.tsx';
import { outcomeText } from './outcome.ts';
import type { Queue } from './queue.ts';
import { ReviewBody } from './ReviewBody.tsx';
import { ReviewHead } from './ReviewHead.tsx';
import { useClaim } from './use-claim.ts';
import { useKeys } from './use-keys.ts';
import { useReview } from './use-review.ts';

interface Props {
  readonly queue: Queue;
  readonly reviewId: string;
  /** The review that follows this one in the list as it is now. */
  readonly nextOf: (reviewId: string) => string | null;
  readonly onNext: (reviewId: string | null) => void;
  readonly onBack: () => void;
}

/** One review: messages, reasons, draft or call, and decision. */
export function ReviewPane({ queue, reviewId, nextOf, onNext, onBack }: Props) {
  const { review, error, reload, apply } = useReview(queue, reviewId);
  const claim = useClaim(review, queue.me, apply, reload);
  /** The text of the open edit, shown as a diff to the draft. */
  const [edited, setEdited] = useState<string | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const outcome = review && outcomeText(review, queue.me);
  useKeys({
    c: claim.toggle,
    ...(outcome !== null && { n: () => onNext(next ?? nextOf(reviewId)) }),
  });
  if (!review)
    return error === null ? (
      <LoadingPlaceholder lines={10} what="the review" />
    ) : (
      <div class="middle">
        <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
          {error}
        </Notice>
      </div>
    );
  const byOther = review.decided_by !== queue.me;
  return (
    <>
      <ReviewHead review={review} me={queue.me} claim={claim} onBack={onBack} />
      <ReviewBody review={review} edited={outcome === null ? edited : null}>
        {claim.failed !== null && <Notice kind="warn">{claim.failed}</Notice>}
        {outcome !== null && (
          <Notice
            kind={byOther ? 'warn' : 'good'}
            action={{ label: 'Next review', act: () => onNext(next ?? nextOf(reviewId)) }}
          >
            {outcome}
          </Notice>
        )}
      </ReviewBody>
      {outcome === null && (
        <DecisionBar
          review={review}
          onStart={() => {
            setNext(nextOf(reviewId));
            claim.claim();
          }}
          onEdited={setEdited}
          onDecided={(decided) => {
            apply(decided);
            onNext(next);
          }}
          onReturned={apply}
          onConflict={reload}
        />
      )}
    </>
  );
}
