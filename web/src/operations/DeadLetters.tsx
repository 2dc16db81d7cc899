import { useState } from 'preact/hooks';
import { call, errorText, pathTo } from '../api/call.ts';
import type { Page } from '../api/derived.ts';
import type { DeadLetter as Letter, Overview } from '../api/types.ts';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { DeadLetter } from './DeadLetter.tsx';

/** Lists, replays and deletes dead letters. */
export function DeadLetters() {
  const [topic, setTopic] = useState('');
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<{ kind: 'good' | 'bad'; text: string } | null>(null);
  const path = pathTo(['admin', 'dead-letters'], { topic, limit: 50, cursor: cursors.at(-1) });
  const { value, error, reload } = useLoaded(path, (signal) => call<Page<Letter>>(path, { signal }));
  const overview = useLoaded('topics', (signal) => call<Overview>('/admin/overview', { signal }));
  const act = (letter: Letter, what: 'replay' | 'delete'): void => {
    const at = ['admin', 'dead-letters', letter.topic, letter.job_id];
    const response =
      what === 'replay' ? call(pathTo([...at, 'replay']), { method: 'POST' }) : call(pathTo(at), { method: 'DELETE' });
    response.then(
      () => {
        setOutcome({
          kind: 'good',
          text: what === 'replay' ? `Job ${letter.job_id} is queued again.` : `Job ${letter.job_id} is deleted.`,
        });
        reload();
      },
      (problem: unknown) => setOutcome({ kind: 'bad', text: errorText(problem) }),
    );
  };
  return (
    <section class="stack" aria-label="Dead letters">
      <div class="row">
        <p class="grow soft">Jobs that failed for good. Their work is not done. Replay or delete them.</p>
        <select
          class="topic-filter"
          aria-label="Topic"
          value={topic}
          onChange={({ currentTarget }) => {
            setTopic(currentTarget.value);
            setCursors([]);
          }}
        >
          <option value="">All topics</option>
          {overview.value?.topics.map(({ topic: name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <button type="button" onClick={reload}>
          Refresh
        </button>
      </div>
      {outcome && <Notice kind={outcome.kind}>{outcome.text}</Notice>}
      {error !== null && (
        <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
          {error}
        </Notice>
      )}
      {!value && error === null && <LoadingPlaceholder what="dead letters" />}
      {value?.items.length === 0 && (
        <Empty title="No dead letters">
          <p>Every job is completed or queued.</p>
        </Empty>
      )}
      <ul class="stack">
        {value?.items.map((letter) => (
          <DeadLetter key={`${letter.topic} ${letter.job_id}`} letter={letter} onAct={(what) => act(letter, what)} />
        ))}
      </ul>
      <div class="row">
        {cursors.length > 0 && (
          <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
            Previous
          </button>
        )}
        {value?.next_cursor && (
          <button type="button" onClick={() => setCursors([...cursors, value.next_cursor!])}>
            Next
          </button>
        )}
      </div>
    </section>
  );
}
