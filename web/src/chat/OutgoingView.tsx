import type { Turn } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { drop, sendAs, type Outgoing } from './outbox.ts';

interface Props {
  readonly message: Outgoing;
  /** The assistant that is chosen now. */
  readonly assistant: string | undefined;
  readonly onAccepted: (turn: Turn) => void;
}

/** A message that the server has not accepted yet. */
export function OutgoingView({ message, assistant, onAccepted }: Props) {
  // Any other message must stay the same: its first request may have been accepted.
  const sendAgain = () => sendAs(message.assistantUnknown ? { ...message, assistant } : message);
  return (
    <article class="turn" aria-label="Unsent message">
      <p class="said text">{message.text}</p>
      {message.failed === null ? (
        <p class="soft small sending">Sending…</p>
      ) : (
        <div class="unsent">
          <Notice kind="bad">Not sent. {message.failed}</Notice>
          <div class="row">
            {message.retryable && (
              <button type="button" onClick={() => void sendAgain().then((turn) => turn && onAccepted(turn))}>
                {message.assistantUnknown && assistant !== undefined ? `Send to ${assistant}` : 'Send again'}
              </button>
            )}
            <button type="button" class="quiet" onClick={() => drop(message.key)}>
              Discard
            </button>
          </div>
        </div>
      )}
    </article>
  );
}
