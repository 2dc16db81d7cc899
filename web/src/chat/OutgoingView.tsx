import type { Turn } from '../api/types.ts';
import { Notice } from '../parts/Notice.tsx';
import { drop, sendAs, type Outgoing } from './outbox.ts';

interface Props {
  readonly message: Outgoing;
  readonly onTaken: (turn: Turn) => void;
}

/** A message that the server has not taken (yet). */
export const OutgoingView = ({ message, onTaken }: Props) => (
  <article class="turn" aria-label="Unsent message">
    <p class="said text">{message.text}</p>
    {message.failed === null ? (
      <p class="soft small sending">Sending …</p>
    ) : (
      <div class="unsent">
        <Notice kind="bad">Not sent. {message.failed}</Notice>
        <div class="row">
          {message.again && (
            <button type="button" onClick={() => void sendAs(message).then((turn) => turn && onTaken(turn))}>
              Send again
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
