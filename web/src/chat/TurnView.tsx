import { useState } from 'preact/hooks';
import { call, errorText } from '../api/call.ts';
import type { Turn } from '../api/types.ts';
import { Badge } from '../parts/Badge.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';
import { Steps } from '../parts/Steps.tsx';
import { Reply } from './Reply.tsx';
import { isOpen } from './turn-order.ts';
import { STATUS } from './turn-state.ts';

interface Props {
  readonly turn: Turn;
  /** The reply text so far. */
  readonly written: string;
  /** The assistant, if it is another one than that of the turn before; null: it is the same. */
  readonly newAssistant: string | null;
  readonly onChanged: (turn: Turn) => void;
}

/** One turn: the message, its status and its reply. */
export function TurnView({ turn, written, newAssistant, onChanged }: Props) {
  const [failed, setFailed] = useState<string | null>(null);
  const cancel = (): void => {
    setFailed(null);
    call<Turn>(`/turns/${turn.turn_id}/cancel`, { method: 'POST' }).then(onChanged, (error: unknown) =>
      setFailed(errorText(error)),
    );
  };
  const { label, tone } = STATUS[turn.status];
  return (
    <article class="turn" aria-label={`Turn ${turn.seq}`} data-status={turn.status}>
      <p class="said text">{turn.text}</p>
      <p class="about row soft small">
        {turn.tags.map((tag) => (
          <span key={tag} class="tag">
            #{tag}
          </span>
        ))}
        <Moment at={turn.created_at} />
        {turn.status !== 'completed' && <Badge tone={tone}>{label}</Badge>}
        {isOpen(turn) && (
          <button type="button" class="quiet cancel" onClick={cancel}>
            Cancel
          </button>
        )}
      </p>
      {newAssistant !== null && (
        <p class="answered-by soft small">
          <span class="hidden">Assistant: </span>
          {newAssistant}
        </p>
      )}
      <Steps steps={turn.steps} />
      <Reply turn={turn} written={written} />
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
    </article>
  );
}
