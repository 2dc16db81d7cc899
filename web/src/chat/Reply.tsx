import type { Turn } from '../api/types.ts';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';

/** The operator's text for held replies, which the server writes into the page. */
const heldText = (): string => document.querySelector<HTMLMetaElement>('meta[name="review-held-text"]')?.content ?? '';

const Held = ({ review }: Pick<Turn, 'review'>) => (
  <div class="held">
    <p>
      <strong>Held for review</strong>
    </p>
    <p>{heldText()}</p>
    {review && (
      <p class="soft small">
        You can send more messages in the meantime. Review deadline: <Moment at={review.deadline} />.
      </p>
    )}
  </div>
);

/** The reply of a turn, or its state. */
export function Reply({ turn, written }: { readonly turn: Turn; readonly written: string }) {
  switch (turn.status) {
    case 'queued':
      return null;
    case 'running':
      return written === '' ? (
        <p class="reply waiting soft">
          <span class="dots" aria-hidden="true" /> Thinking…
        </p>
      ) : (
        <p class="reply text being-written">{written}</p>
      );
    case 'awaiting_review':
      return <Held review={turn.review} />;
    case 'completed':
      return (
        <div class="reply">
          <p class="text">{turn.reply}</p>
          {turn.finish_reason === 'length' && <p class="soft small">Cut off at the limit of the model</p>}
          {turn.review && (
            <p class="soft small reviewed">
              {turn.review.decision === 'edit' ? 'Edited by a reviewer' : 'Approved by a reviewer'}
            </p>
          )}
        </div>
      );
    case 'rejected':
      return <p class="reply text soft">{turn.reply}</p>;
    case 'expired':
      return <Notice kind="warn">No reviewer decided in time. There is no reply.</Notice>;
    case 'cancelled':
      return turn.partial_reply ? (
        <div class="reply">
          <p class="text soft">{turn.partial_reply}</p>
          <p class="soft small reviewed">Interrupted</p>
        </div>
      ) : null;
    case 'failed':
      return <Notice kind="bad">No reply: {turn.error?.detail ?? 'the turn failed.'}</Notice>;
  }
}
