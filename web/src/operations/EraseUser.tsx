import { useEffect, useState } from 'preact/hooks';
import { call, pathTo, told } from '../api/call.ts';
import type { Erasure } from '../api/types.ts';
import { Dialog } from '../parts/Dialog.tsx';
import { Notice } from '../parts/Notice.tsx';

const LOOK_MS = 1_000;

/** Erases a user everywhere, after their id was typed, and tells when it is done. */
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
        setFailed(told(error));
        setErasure({ ...erasure });
      });
    }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [erasure]);
  const erase = (event: Event): void => {
    event.preventDefault();
    setAsking(false);
    setFailed(null);
    call<Erasure>(pathTo(['users', userId]), { method: 'DELETE' }).then(setErasure, (error: unknown) =>
      setFailed(told(error)),
    );
  };
  return (
    <section class="card stack" aria-labelledby="erase-title">
      <h2 id="erase-title">Erase</h2>
      <p class="soft small">Turns, messages, reviews, memory and queued events of this user go everywhere, for good.</p>
      {erasure && (
        <Notice kind={done ? 'good' : 'info'}>
          {done ? 'Everything of this user is erased.' : 'The rows are gone; the rest follows …'}
        </Notice>
      )}
      {failed !== null && <Notice kind="bad">{failed}</Notice>}
      <p>
        <button type="button" class="danger" disabled={erasure !== null && !done} onClick={() => setAsking(true)}>
          Erase {userId} …
        </button>
      </p>
      {asking && (
        <Dialog title={`Erase ${userId}?`} onClose={() => setAsking(false)}>
          <form class="stack" onSubmit={erase}>
            <p>This cannot be taken back.</p>
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
                Erase for good
              </button>
              <button type="button" onClick={() => setAsking(false)}>
                Keep
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </section>
  );
}
