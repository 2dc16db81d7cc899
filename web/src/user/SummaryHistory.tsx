import { useState } from 'preact/hooks';
import { call, pathTo } from '../api/call.ts';
import type { MemoryHistory } from '../api/types.ts';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';

const Items = ({ userId }: { readonly userId: string }) => {
  const path = pathTo(['memories', userId, 'history']);
  const { value, error, reload } = useLoaded(path, (signal) => call<MemoryHistory>(path, { signal }));
  if (error !== null)
    return (
      <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
        {error}
      </Notice>
    );
  if (value?.items.length === 0) return <p class="soft small">No earlier summaries.</p>;
  return (
    <ul>
      {value?.items.map(({ version, user_summary: summary, replaced_at: at }) => (
        <li key={version}>
          <p class="text small">{summary}</p>
          <p class="soft small">
            replaced <Moment at={at} />
          </p>
        </li>
      ))}
    </ul>
  );
};

/** Earlier summaries, loaded when the section is opened. */
export function SummaryHistory({ userId }: { readonly userId: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="earlier" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Earlier summaries</summary>
      {open && <Items userId={userId} />}
    </details>
  );
}
