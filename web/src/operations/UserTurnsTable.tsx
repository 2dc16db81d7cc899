import { useState } from 'preact/hooks';
import { call, errorText, pathTo } from '../api/call.ts';
import type { Page } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';
import { Badge } from '../parts/Badge.tsx';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Notice } from '../parts/Notice.tsx';
import { Steps } from '../parts/Steps.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { STATUS } from '../chat/turn-state.ts';

/** A page of a user's turns, newest first. A failed turn can be retried. */
export function UserTurnsTable({ userId }: { readonly userId: string }) {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const path = pathTo(['users', userId, 'turns'], { limit: 25, cursor: cursors.at(-1) });
  const { value, error, reload } = useLoaded(path, (signal) => call<Page<Turn>>(path, { signal }), 5_000);
  const [retryFault, setRetryFault] = useState<string | null>(null);
  const retry = ({ turn_id: id }: Turn): void => {
    setRetryFault(null);
    call(pathTo(['turns', id, 'retry']), { method: 'POST' }).then(reload, (problem: unknown) => {
      setRetryFault(errorText(problem));
      reload();
    });
  };
  return (
    <section class="card" aria-labelledby="turns-title">
      <h2 id="turns-title">Turns</h2>
      {retryFault !== null && <Notice kind="bad">{retryFault}</Notice>}
      {error !== null && (
        <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
          {error}
        </Notice>
      )}
      {!value && error === null && <LoadingPlaceholder what="turns" />}
      {value?.items.length === 0 && <p class="soft">This user has no turns.</p>}
      {value && value.items.length > 0 && (
        <div class="table-box" tabIndex={0} role="region" aria-label="Turns, table">
          <table class="turns">
            <thead>
              <tr>
                <th scope="col">Seq</th>
                <th scope="col">Message</th>
                <th scope="col">Status</th>
                <th scope="col">Attempts</th>
                <th scope="col">Created</th>
              </tr>
            </thead>
            <tbody>
              {value.items.map((turn) => (
                <tr key={turn.turn_id}>
                  <th scope="row">{turn.seq}</th>
                  <td class="said-cell one-line" title={turn.turn_id}>
                    {turn.text}
                  </td>
                  <td>
                    <Badge tone={STATUS[turn.status].tone}>{STATUS[turn.status].label}</Badge>
                    <Steps steps={turn.steps} />
                    {turn.error && <code class="small"> {turn.error.code}</code>}
                    {turn.status === 'failed' && (
                      <button
                        type="button"
                        class="quiet"
                        aria-label={`Retry turn ${turn.seq}`}
                        onClick={() => retry(turn)}
                      >
                        Retry
                      </button>
                    )}
                  </td>
                  <td>{turn.attempts}</td>
                  <td>
                    <Moment at={turn.created_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div class="row">
        {cursors.length > 0 && (
          <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
            Newer
          </button>
        )}
        {value?.next_cursor && (
          <button type="button" onClick={() => setCursors([...cursors, value.next_cursor!])}>
            Older
          </button>
        )}
      </div>
    </section>
  );
}
