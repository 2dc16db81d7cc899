import { useState } from 'preact/hooks';
import { ApiProblem, errorText, pathTo, request } from '../api/call.ts';
import type { Review } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { DecisionForm, type ReplyDecision } from './DecisionForm.tsx';
import { useKeys } from './use-keys.ts';

interface Props {
  readonly review: Review;
  /** A decision form is opened. */
  readonly onStart: () => void;
  /** The text of the open edit; null: no edit is open. */
  readonly onEdited: (text: string | null) => void;
  readonly onDecided: (review: Review) => void;
  /** Another reviewer or the deadline has decided already. */
  readonly onConflict: () => void;
}

/** The three decisions. Each needs a second step to confirm, so that one wrong key sends nothing. */
export function DecisionBar({ review, onStart, onEdited, onDecided, onConflict }: Props) {
  const [open, setOpen] = useState<ReplyDecision | null>(null);
  const [sending, setSending] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  const start = (decision: ReplyDecision): void => {
    setFailed(null);
    setOpen(decision);
    onEdited(decision === 'edit' ? review.draft : null);
    onStart();
  };
  const cancel = (): void => {
    setOpen(null);
    onEdited(null);
  };
  const send = (body: { decision: ReplyDecision; reply?: string; note?: string }): void => {
    setSending(true);
    setFailed(null);
    request<Review>(pathTo(['reviews', review.review_id, 'decision']), { body }).then(
      ({ status, body: decided }) => {
        setSending(false);
        if (status === 200) return onDecided(decided);
        setFailed('The decision is accepted but not applied yet. It appears here when it is.');
        cancel();
      },
      (error: unknown) => {
        setSending(false);
        if (error instanceof ApiProblem && (error.status === 409 || error.status === 410)) onConflict();
        setFailed(errorText(error));
      },
    );
  };
  useKeys({
    ...(open === null && {
      a: () => start('approve'),
      ...(review.draft !== null && { e: () => start('edit') }),
      r: () => start('reject'),
    }),
    ...(open !== null && { escape: cancel }),
  });
  return (
    <footer class="decide">
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
      {open === null ? (
        <div class="row">
          <button type="button" class="primary" onClick={() => start('approve')}>
            Approve <kbd>A</kbd>
          </button>
          {review.draft !== null && (
            <button type="button" onClick={() => start('edit')}>
              Edit <kbd>E</kbd>
            </button>
          )}
          <button type="button" class="danger" onClick={() => start('reject')}>
            Reject <kbd>R</kbd>
          </button>
        </div>
      ) : (
        <DecisionForm
          key={open}
          decision={open}
          draft={review.draft ?? ''}
          sending={sending}
          onEdited={onEdited}
          onSend={send}
          onCancel={cancel}
        />
      )}
    </footer>
  );
}
