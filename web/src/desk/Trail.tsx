import { useState } from 'preact/hooks';
import { call, pathTo } from '../api/call.ts';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';

interface TrailEvent {
  readonly at: string;
  readonly who: string | null;
  readonly what: string;
  readonly note: string | null;
}

interface Props {
  readonly reviewId: string;
  /** Changes when an event may have been added. */
  readonly version: string;
}

function Events({ reviewId, version }: Props) {
  const path = pathTo(['reviews', reviewId, 'events']);
  const { value, error, reload } = useLoaded(`${path} ${version}`, (signal) =>
    call<{ items: readonly TrailEvent[] }>(path, { signal }),
  );
  if (error !== null)
    return (
      <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
        {error}
      </Notice>
    );
  return (
    <ol class="trail small">
      {value?.items.map(({ at, who, what, note }, index) => (
        // Events are only appended, so the index is a stable key.
        <li key={index}>
          <span class="soft">
            <Moment at={at} />
          </span>{' '}
          {who ?? 'turnkeeper'} {what}
          {note !== null && <span class="text soft"> “{note}”</span>}
        </li>
      ))}
    </ol>
  );
}

/** The audit trail of a review, loaded when the section is opened. */
export function Trail(props: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details class="trail-box" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="soft">Audit trail</summary>
      {open && <Events {...props} />}
    </details>
  );
}
