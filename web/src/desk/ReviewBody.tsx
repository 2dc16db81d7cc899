import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Review } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { CallDetails } from './calls/CallDetails.tsx';
import { DraftDetails } from './DraftDetails.tsx';
import { History } from './History.tsx';
import { Marked } from './Marked.tsx';
import { wordsOf } from './marks.ts';
import { Pictures } from './Pictures.tsx';
import { Trail } from './Trail.tsx';

/** The assistant if the operator defines none: there is nothing to tell apart. */
const OWN_ASSISTANT = 'turnkeeper';

interface Props {
  readonly review: Review;
  /** The text of the open edit; null: no edit is open. */
  readonly edited: string | null;
  readonly children: ComponentChildren;
}

/** Everything about a review that the reviewer reads before deciding. */
export function ReviewBody({ review, edited, children }: Props) {
  const by = review.assistant === OWN_ASSISTANT ? null : review.assistant;
  const words = wordsOf(review.reasons);
  const subject = useRef<HTMLDivElement>(null);
  const editing = edited !== null;
  useEffect(() => void (editing && subject.current?.scrollIntoView({ block: 'end' })), [editing]);
  return (
    // Focusable, so that the keyboard can scroll it.
    <div class="review-body" tabIndex={0} role="region" aria-label="Review details">
      {children}
      {review.stale && review.status === 'pending' && (
        <Notice kind="warn">
          Stale: {review.user_id} sent more messages in this session. The {review.tool_call === null ? 'draft' : 'call'}{' '}
          may be out of date.
        </Notice>
      )}
      <section>
        <h3>Reasons</h3>
        <ul class="reasons">
          {review.reasons.map(({ rule, detail }) => (
            <li key={`${rule} ${detail}`}>
              <span class="badge">{rule}</span> {detail}
            </li>
          ))}
        </ul>
      </section>
      <History messages={review.history} />
      <section>
        <h3>Message</h3>
        <p class="card text message">
          <Marked text={review.text} words={words} />
        </p>
        <Pictures urls={review.pictures} />
      </section>
      <div ref={subject} class="subject">
        {review.tool_call === null ? (
          <DraftDetails review={review} by={by} draft={review.draft ?? ''} words={words} edited={edited} />
        ) : (
          <CallDetails review={review} by={by} call={review.tool_call} edited={edited} />
        )}
      </div>
      {review.note !== null && (
        <section>
          <h3>Note</h3>
          <p class="text">{review.note}</p>
        </section>
      )}
      <Trail reviewId={review.review_id} version={`${review.status} ${review.claimed_by}`} />
    </div>
  );
}
