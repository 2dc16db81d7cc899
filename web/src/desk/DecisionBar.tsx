import { useState } from 'preact/hooks';
import { ApiProblem, pathTo, request, told } from '../api/call.ts';
import type { Decision } from '../api/derived.ts';
import type { Review } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { DecisionForm } from './DecisionForm.tsx';
import { useKeys } from './use-keys.ts';

interface Props {
  readonly review: Review;
  /** A decision is begun: somebody is at it. */
  readonly onBegin: () => void;
  /** The edit as it is written; null: none is. */
  readonly onEdited: (text: string | null) => void;
  readonly onDecided: (review: Review) => void;
  /** Somebody, or the deadline, was first. */
  readonly onConflict: () => void;
}

/** The three decisions. Each is begun with a key or a button and sent by a second one: nothing is sent by a slip. */
export function DecisionBar({ review, onBegin, onEdited, onDecided, onConflict }: Props) {
  const [begun, setBegun] = useState<Decision | null>(null);
  const [sending, setSending] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  const begin = (decision: Decision): void => {
    setFailed(null);
    setBegun(decision);
    onEdited(decision === 'edit' ? review.draft : null);
    onBegin();
  };
  const leave = (): void => {
    setBegun(null);
    onEdited(null);
  };
  const send = (body: { decision: Decision; reply?: string; note?: string }): void => {
    setSending(true);
    setFailed(null);
    request<Review>(pathTo(['reviews', review.review_id, 'decision']), { body }).then(
      ({ status, body: decided }) => {
        setSending(false);
        if (status === 200) return onDecided(decided);
        setFailed('It is posted, but not applied yet. It shows here as soon as it is.');
        leave();
      },
      (error: unknown) => {
        setSending(false);
        if (error instanceof ApiProblem && (error.status === 409 || error.status === 410)) onConflict();
        setFailed(told(error));
      },
    );
  };
  useKeys({
    ...(begun === null && { a: () => begin('approve'), e: () => begin('edit'), r: () => begin('reject') }),
    ...(begun !== null && { escape: leave }),
  });
  return (
    <footer class="decide">
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
      {begun === null ? (
        <div class="row">
          <button type="button" class="primary" onClick={() => begin('approve')}>
            Approve <kbd>A</kbd>
          </button>
          <button type="button" onClick={() => begin('edit')}>
            Edit <kbd>E</kbd>
          </button>
          <button type="button" class="danger" onClick={() => begin('reject')}>
            Reject <kbd>R</kbd>
          </button>
        </div>
      ) : (
        <DecisionForm
          key={begun}
          decision={begun}
          draft={review.draft}
          sending={sending}
          onEdited={onEdited}
          onSend={send}
          onLeave={leave}
        />
      )}
    </footer>
  );
}
