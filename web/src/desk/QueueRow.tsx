import type { ListedReview } from '../api/types.ts';
import { Badge } from '../parts/Badge.tsx';
import { useClock } from '../parts/use-clock.ts';
import { Moment } from '../parts/Moment.tsx';
import { Countdown } from './Countdown.tsx';
import { OUTCOME } from './outcome.ts';
import { claimantOf } from './review-order.ts';

interface Props {
  readonly review: ListedReview;
  readonly me: string;
  readonly position: number;
  readonly count: number;
  readonly rowPx: number;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

const KIND_BADGE = { tool_call: 'call', tool_outcome: 'unknown outcome' } as const;

/** One review in the list. */
export function QueueRow({ review, me, position, count, rowPx, selected, onSelect }: Props) {
  const { status, decided_at: decidedAt, tool_call: call } = review;
  const claimedBy = claimantOf(review, useClock(5_000));
  return (
    <div
      id={`review-${review.review_id}`}
      class="queue-row"
      role="option"
      aria-selected={selected}
      aria-posinset={position + 1}
      aria-setsize={count}
      style={{ top: `${position * rowPx}px`, height: `${rowPx}px` }}
      onClick={onSelect}
    >
      <p class="queue-head">
        <span class="grow one-line user">{review.user_id}</span>
        {status === 'pending' ? <Countdown deadline={review.deadline} /> : decidedAt && <Moment at={decidedAt} />}
      </p>
      <p class="one-line excerpt-line">
        {call === null ? review.text : `${call.tool} ${JSON.stringify(call.arguments)}`}
      </p>
      <p class="queue-badges one-line">
        {status !== 'pending' && <Badge tone={OUTCOME[status].tone}>{OUTCOME[status].label}</Badge>}
        {status === 'pending' && claimedBy !== null && (
          <Badge tone={claimedBy === me ? 'good' : 'info'}>{claimedBy === me ? 'yours' : claimedBy}</Badge>
        )}
        {review.stale && status === 'pending' && <Badge tone="warn">stale</Badge>}
        {review.kind !== 'reply' && (
          <Badge tone={review.kind === 'tool_call' ? 'info' : 'warn'}>{KIND_BADGE[review.kind]}</Badge>
        )}
        {[...new Set(review.reasons.map(({ rule }) => rule))].map((rule) => (
          <Badge key={rule}>{rule}</Badge>
        ))}
      </p>
    </div>
  );
}
