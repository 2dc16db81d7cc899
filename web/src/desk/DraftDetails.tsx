import type { Review } from '../api/types.ts';
import { finishText } from '../parts/finish-reason.ts';
import { Diff } from './Diff.tsx';
import { Marked } from './Marked.tsx';

interface Props {
  readonly review: Review;
  /** The assistant that wrote the draft; null: there is nothing to tell apart. */
  readonly by: string | null;
  readonly draft: string;
  readonly words: readonly string[];
  /** The text of the open edit; null: no edit is open. */
  readonly edited: string | null;
}

/** The drafted reply, and the reply that a reviewer sent instead. */
export function DraftDetails({ review, by, draft, words, edited }: Props) {
  const sentReply = review.status === 'edited' ? review.reply : null;
  return (
    <>
      <section>
        <h3>
          {edited === null ? 'Draft' : 'Draft with your changes'}
          {review.revision > 0 && ` (revision ${review.revision})`}
        </h3>
        {by !== null && <p class="soft small">Written by {by}</p>}
        {finishText(review.finish_reason) !== null && <p class="soft small">{finishText(review.finish_reason)}</p>}
        <div class="card draft">
          {edited === null ? (
            <p class="text">
              <Marked text={draft} words={words} />
            </p>
          ) : (
            <Diff draft={draft} edited={edited} />
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
            <Diff draft={draft} edited={sentReply} />
          </div>
        </section>
      )}
    </>
  );
}
