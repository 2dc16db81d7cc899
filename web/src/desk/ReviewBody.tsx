import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Review } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { Diff } from './Diff.tsx';
import { History } from './History.tsx';
import { Marked } from './Marked.tsx';
import { wordsOf } from './marks.ts';
import { Trail } from './Trail.tsx';

interface Props {
  readonly review: Review;
  /** The edit that is being written. */
  readonly edited: string | null;
  readonly children: ComponentChildren;
}

/** What there is to read before one decides. */
export function ReviewBody({ review, edited, children }: Props) {
  const words = wordsOf(review.reasons);
  const draft = useRef<HTMLElement>(null);
  const editing = edited !== null;
  useEffect(() => void (editing && draft.current?.scrollIntoView({ block: 'end' })), [editing]);
  const told = review.status === 'edited' ? review.reply : null;
  return (
    // Focusable, so that it can be scrolled by keyboard.
    <div class="review-body" tabIndex={0} role="region" aria-label="What there is to read">
      {children}
      {review.stale && review.status === 'pending' && (
        <Notice kind="warn">
          Stale: {review.user_id} wrote more in this session since. The draft may be out of date.
        </Notice>
      )}
      <section>
        <h3>Why it is here</h3>
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
      </section>
      <section ref={draft}>
        <h3>{edited === null ? 'Draft' : 'Draft, with your changes'}</h3>
        <div class="card draft">
          {edited === null ? (
            <p class="text">
              <Marked text={review.draft} words={words} />
            </p>
          ) : (
            <Diff draft={review.draft} edited={edited} />
          )}
        </div>
      </section>
      {told !== null && (
        <section>
          <h3>What the user was told</h3>
          <div class="card">
            <Diff draft={review.draft} edited={told} />
          </div>
        </section>
      )}
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
