import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Review } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { Diff } from './Diff.tsx';
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
  const shown = review.draft ?? JSON.stringify(review.tool_call, null, 2);
  const words = wordsOf(review.reasons);
  const draft = useRef<HTMLElement>(null);
  const editing = edited !== null;
  useEffect(() => void (editing && draft.current?.scrollIntoView({ block: 'end' })), [editing]);
  const sentReply = review.status === 'edited' ? review.reply : null;
  return (
    // Focusable, so that the keyboard can scroll it.
    <div class="review-body" tabIndex={0} role="region" aria-label="Review details">
      {children}
      {review.stale && review.status === 'pending' && (
        <Notice kind="warn">
          Stale: {review.user_id} sent more messages in this session. The draft may be out of date.
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
      <section ref={draft}>
        <h3>{edited === null ? 'Draft' : 'Draft with your changes'}</h3>
        {review.assistant !== null && review.assistant !== OWN_ASSISTANT && (
          <p class="soft small">Written by {review.assistant}</p>
        )}
        {review.finish_reason === 'length' && <p class="soft small">Cut off at the limit of the model</p>}
        <div class="card draft">
          {edited === null ? (
            <p class="text">
              <Marked text={shown} words={words} />
            </p>
          ) : (
            <Diff draft={shown} edited={edited} />
          )}
        </div>
        {review.client_calls.map(({ id, name, arguments: text }) => (
          <p key={id} class="card text">
            The client is asked to call {name}: {text}
          </p>
        ))}
      </section>
      {sentReply !== null && (
        <section>
          <h3>Reply sent to the user</h3>
          <div class="card">
            <Diff draft={shown} edited={sentReply} />
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
