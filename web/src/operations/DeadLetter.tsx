import { useState } from 'preact/hooks';
import type { DeadLetter as Letter } from '../api/types.ts';
import { Badge } from '../parts/Badge.tsx';
import { Moment } from '../parts/Moment.tsx';
import { hrefOf } from './use-section.ts';

interface Props {
  readonly letter: Letter;
  readonly onAct: (what: 'replay' | 'delete') => void;
}

/** One dead letter. A second click confirms the deletion. */
export function DeadLetter({ letter, onAct }: Props) {
  const [confirming, setConfirming] = useState(false);
  return (
    <li class="card letter">
      <div class="row">
        <Badge tone="bad">{letter.topic}</Badge>
        {letter.user_id !== null && <a href={hrefOf('users', letter.user_id)}>{letter.user_id}</a>}
        <span class="grow soft small">
          <Moment at={letter.failed_at} /> · {letter.attempts} attempts · job {letter.job_id}
        </span>
        <button type="button" onClick={() => onAct('replay')}>
          Replay
        </button>
        <button
          type="button"
          class={`danger ${confirming ? 'primary' : ''}`}
          onClick={() => (confirming ? onAct('delete') : setConfirming(true))}
          onBlur={() => setConfirming(false)}
        >
          {confirming ? 'Delete permanently' : 'Delete'}
        </button>
      </div>
      <p class="text">{letter.reason}</p>
      <details class="small">
        <summary class="soft">Data</summary>
        <pre class="text">{JSON.stringify(letter.data, null, 2)}</pre>
      </details>
    </li>
  );
}
