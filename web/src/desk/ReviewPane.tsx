import { useState } from 'preact/hooks';
import { Bones } from '../parts/Bones.tsx';
import { Notice } from '../parts/Notice.tsx';
import { DecisionBar } from './DecisionBar.tsx';
import { endingText } from './outcome.ts';
import type { Queue } from './queue.ts';
import { ReviewBody } from './ReviewBody.tsx';
import { ReviewHead } from './ReviewHead.tsx';
import { useClaim } from './use-claim.ts';
import { useKeys } from './use-keys.ts';
import { useReview } from './use-review.ts';

interface Props {
  readonly queue: Queue;
  readonly reviewId: string;
  /** The review to go on with after this one, as the list is now. */
  readonly nextOf: (reviewId: string) => string | null;
  readonly onNext: (reviewId: string | null) => void;
  readonly onBack: () => void;
}

/** One review: what was said, why it is here, the draft, and the decision. */
export function ReviewPane({ queue, reviewId, nextOf, onNext, onBack }: Props) {
  const { review, error, reload, take } = useReview(queue, reviewId);
  const claim = useClaim(review, queue.me, take, reload);
  /** Edited text, while there is some: it stands beside the draft. */
  const [edited, setEdited] = useState<string | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const ended = review && endingText(review, queue.me);
  useKeys({
    c: claim.toggle,
    ...(ended !== null && { n: () => onNext(next ?? nextOf(reviewId)) }),
  });
  if (!review)
    return error === null ? (
      <Bones lines={10} what="the review" />
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
      <ReviewBody review={review} edited={ended === null ? edited : null}>
        {claim.failed !== null && <Notice kind="warn">{claim.failed}</Notice>}
        {ended !== null && (
          <Notice
            kind={byOther ? 'warn' : 'good'}
            action={{ label: 'Next review', act: () => onNext(next ?? nextOf(reviewId)) }}
          >
            {ended}
          </Notice>
        )}
      </ReviewBody>
      {ended === null && (
        <DecisionBar
          review={review}
          onBegin={() => {
            setNext(nextOf(reviewId));
            claim.hold();
          }}
          onEdited={setEdited}
          onDecided={(decided) => {
            take(decided);
            onNext(next);
          }}
          onConflict={reload}
        />
      )}
    </>
  );
}
