import { useState } from 'preact/hooks';
import { ApiProblem, errorText, pathTo, request } from '../api/call.ts';
import type { Review } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { choicesOf, type Choice } from './choices.ts';
import { DecisionForm, type DecisionBody } from './DecisionForm.tsx';
import { useKeys } from './use-keys.ts';

interface Props {
  readonly review: Review;
  /** A decision form is opened. */
  readonly onStart: () => void;
  /** The text of the open edit; null: no edit is open. */
  readonly onEdited: (text: string | null) => void;
  readonly onDecided: (review: Review) => void;
  /** A new draft is being written. */
  readonly onReturned: (review: Review) => void;
  /** Another reviewer or the deadline has decided already, or the review has changed. */
  readonly onConflict: () => void;
}

/** The hash of what the reviewer sees. */
const seenIn = ({ draft_sha256: draft, tool_call: call }: Review) =>
  call === null ? { ...(draft !== null && { draft_sha256: draft }) } : { arguments_sha256: call.arguments_sha256 };

interface Open {
  readonly choice: Choice;
  /** As it was when the form was opened. */
  readonly seen: ReturnType<typeof seenIn>;
}

const CHANGED = 'Nothing was decided: this review has changed since you opened the form. Read it again.';

/** The decisions. Each needs a second step to confirm, so that one wrong key sends nothing. */
export function DecisionBar({ review, onStart, onEdited, onDecided, onReturned, onConflict }: Props) {
  const [open, setOpen] = useState<Open | null>(null);
  const [sending, setSending] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const choices = choicesOf(review);

  const start = (choice: Choice): void => {
    setFailed(null);
    setOpen({ choice, seen: seenIn(review) });
    onStart();
  };
  const cancel = (): void => {
    setOpen(null);
    onEdited(null);
  };
  const fail = (error: unknown): void => {
    setSending(false);
    const isChanged = error instanceof ApiProblem && error.code === 'changed';
    if (error instanceof ApiProblem && (error.status === 409 || error.status === 410)) onConflict();
    if (isChanged) cancel();
    setFailed(isChanged ? CHANGED : errorText(error));
  };
  const send = (body: DecisionBody): void => {
    setSending(true);
    setFailed(null);
    request<Review>(pathTo(['reviews', review.review_id, 'decision']), { body: { ...body, ...open?.seen } }).then(
      ({ status, body: decided }) => {
        setSending(false);
        if (status === 200 && decided.status !== 'pending') return onDecided(decided);
        cancel();
        if (status === 200) onReturned(decided);
        else setFailed('The decision is accepted but not applied yet. It appears here when it is.');
      },
      fail,
    );
  };
  useKeys(
    open === null ? Object.fromEntries(choices.map((choice) => [choice.key, () => start(choice)])) : { escape: cancel },
  );
  return (
    <footer class="decide">
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
      {review.drafting && <Notice>The model is writing a new draft. Until it is here, you can only reject.</Notice>}
      {open === null ? (
        <div class="row">
          {choices.map((choice) => (
            <button key={choice.decision} type="button" class={choice.tone} onClick={() => start(choice)}>
              {choice.label} <kbd>{choice.key.toUpperCase()}</kbd>
            </button>
          ))}
        </div>
      ) : (
        <DecisionForm
          key={open.choice.decision}
          choice={open.choice}
          review={review}
          sending={sending}
          onEdited={onEdited}
          onSend={send}
          onCancel={cancel}
        />
      )}
    </footer>
  );
}
