import { useEffect, useState } from 'preact/hooks';
import { call, errorText, pathTo } from '../api/call.ts';
import type { Memory } from '../api/types.ts';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { MemoryForm } from './MemoryForm.tsx';
import { SummaryHistory } from './SummaryHistory.tsx';

interface Props {
  readonly userId: string;
  /** Changes with each completed turn, after which memory may change. */
  readonly changedBy?: string;
}

/** A summary is written within seconds of a reply. */
const RELOAD_AFTER_MS = [1_500, 4_000, 10_000];

/** Shows, edits and deletes the memory of a user. */
export function MemoryPanel({ userId, changedBy = '' }: Props) {
  const path = pathTo(['memories', userId]);
  const { value, error, reload } = useLoaded(path, (signal) => call<Memory>(path, { signal }));
  const [editing, setEditing] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    if (changedBy === '') return;
    const timers = RELOAD_AFTER_MS.map((ms) => setTimeout(reload, ms));
    return () => timers.forEach(clearTimeout);
  }, [changedBy]);

  const forget = (): void => {
    setFailed(null);
    call(path, { method: 'DELETE' }).then(reload, (problem: unknown) => setFailed(errorText(problem)));
  };
  if (!value && error === null) return <LoadingPlaceholder what="memory" />;
  return (
    <section class="memory" aria-label="Memory">
      {(failed ?? error) !== null && (
        <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
          {failed ?? error}
        </Notice>
      )}
      {value && editing && (
        <MemoryForm
          path={path}
          memory={value}
          onDone={() => {
            setEditing(false);
            reload();
          }}
        />
      )}
      {value && !editing && (
        <>
          <dl>
            <dt>Name</dt>
            <dd class="text">{value.name}</dd>
            <dt>Preferred style</dt>
            <dd class="text">{value.preferred_style}</dd>
            <dt>Summary</dt>
            <dd class="text summary">{value.user_summary}</dd>
            <dt>Favourite topics</dt>
            <dd class="text">
              {value.favourite_topics.length === 0 ? (
                <span class="soft">none yet</span>
              ) : (
                value.favourite_topics.join(', ')
              )}
            </dd>
          </dl>
          <div class="row">
            <button type="button" onClick={() => setEditing(true)}>
              Edit
            </button>
            <button type="button" class="danger" disabled={value.version === 0} onClick={forget}>
              Forget
            </button>
          </div>
          <SummaryHistory key={value.version} userId={userId} />
        </>
      )}
    </section>
  );
}
