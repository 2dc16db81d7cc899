import type { Step } from '../api/derived.ts';
import type { Turn, TurnReview } from '../api/types.ts';
import { finishText } from '../parts/finish-reason.ts';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';
import { waitingStep } from './turn-order.ts';

/** The operator's text for held replies, which the server writes into the page. */
const heldText = (): string => document.querySelector<HTMLMetaElement>('meta[name="review-held-text"]')?.content ?? '';

/** The rules of the reviews of calls. A decision on a call is not one on the reply. */
const CALL_RULES: ReadonlySet<string> = new Set(['tool_approval', 'tool_outcome']);
const isOfReply = ({ reasons }: TurnReview): boolean => !reasons.some((rule) => CALL_RULES.has(rule));

/** Why a turn waits because of a call. */
const waitingText = ({ tool, status }: Step): string =>
  status === 'unknown'
    ? `It is not known whether the call of ${tool} was carried out. A person finds out.`
    : `A person decides whether ${tool} is called.`;

const Held = ({ review, step }: Pick<Turn, 'review'> & { readonly step: Step | undefined }) => (
  <div class="held">
    <p>
      <strong>Held for review</strong>
    </p>
    {step && <p>{waitingText(step)}</p>}
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
      if (written !== '') return <p class="reply text being-written">{written}</p>;
      // The line of the call says what happens.
      return turn.steps.some(({ status }) => status === 'running') ? null : (
        <p class="reply waiting soft">
          <span class="dots" aria-hidden="true" /> Thinking…
        </p>
      );
    case 'awaiting_review':
      return <Held review={turn.review} step={waitingStep(turn)} />;
    case 'completed':
      return (
        <div class="reply">
          {turn.reply !== null && <p class="text">{turn.reply}</p>}
          {finishText(turn.finish_reason) !== null && <p class="soft small">{finishText(turn.finish_reason)}</p>}
          {turn.review && isOfReply(turn.review) && (
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
