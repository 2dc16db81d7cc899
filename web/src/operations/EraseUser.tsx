import { useEffect, useState } from 'preact/hooks';
import { call, errorText, pathTo } from '../api/call.ts';
import type { Erasure } from '../api/types.ts';
import { Dialog } from '../parts/Dialog.tsx';
import { Notice } from '../parts/Notice.tsx';

const POLL_MS = 1_000;

/** Erases a user from every store after the user id is typed, and shows the progress. */
export function EraseUser({ userId }: { readonly userId: string }) {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState('');
  const [erasure, setErasure] = useState<Erasure | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const done = erasure?.status === 'completed';
  useEffect(() => {
    if (!erasure || done) return;
    const timer = setTimeout(() => {
      call<Erasure>(erasure.links.self).then(setErasure, (error: unknown) => {
        setFailed(errorText(error));
        setErasure({ ...erasure });
      });
    }, POLL_MS);
    return () => clearTimeout(timer);
  }, [erasure]);
  const erase = (event: Event): void => {
    event.preventDefault();
    setAsking(false);
    setFailed(null);
    call<Erasure>(pathTo(['users', userId]), { method: 'DELETE' }).then(setErasure, (error: unknown) =>
      setFailed(errorText(error)),
    );
  };
  return (
    <section class="card stack" aria-labelledby="erase-title">
      <h2 id="erase-title">Erase user</h2>
      <p class="soft small">Permanently deletes the turns, messages, reviews, memory and queued events of this user.</p>
      {erasure && (
        <Notice kind={done ? 'good' : 'info'}>
          {done ? 'All data of this user is erased.' : 'Database rows are deleted. Erasing the rest…'}
        </Notice>
      )}
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
      <p>
        <button type="button" class="danger" disabled={erasure !== null && !done} onClick={() => setAsking(true)}>
          Erase {userId}…
        </button>
      </p>
      {asking && (
        <Dialog title={`Erase ${userId}?`} onClose={() => setAsking(false)}>
          <form class="stack" onSubmit={erase}>
            <p>This cannot be undone.</p>
            <div>
              <label for="erase-id">Type the user id to confirm</label>
              <input
                id="erase-id"
                autocomplete="off"
                value={typed}
                onInput={({ currentTarget }) => setTyped(currentTarget.value)}
              />
            </div>
            <div class="row">
              <button class="primary danger" type="submit" disabled={typed !== userId}>
                Erase permanently
              </button>
              <button type="button" onClick={() => setAsking(false)}>
                Cancel
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </section>
  );
}
