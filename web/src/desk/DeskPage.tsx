import { useEffect, useMemo, useState } from 'preact/hooks';
import { Empty } from '../parts/Empty.tsx';
import { Filters } from './Filters.tsx';
import { Queue } from './queue.ts';
import { QueueList } from './QueueList.tsx';
import { ReviewPane } from './ReviewPane.tsx';
import { Shortcuts } from './Shortcuts.tsx';
import { useKeys } from './use-keys.ts';

/** The review desk: the queue on the left, the selected review on the right. */
export function DeskPage({ me }: { readonly me: string }) {
  const queue = useMemo(() => new Queue(me), [me]);
  useEffect(() => () => queue.stop(), [queue]);
  const [selected, setSelected] = useState<string | null>(() => location.hash.slice(1) || null);
  const [reading, setReading] = useState(selected !== null);
  const [help, setHelp] = useState(false);
  const list = queue.list.value;

  const select = (reviewId: string | null, read = true): void => {
    history.replaceState(null, '', reviewId === null ? '/desk' : `/desk#${reviewId}`);
    setSelected(reviewId);
    setReading(read && reviewId !== null);
  };
  const move = (by: number): void => {
    if (list.length === 0) return;
    const at = list.findIndex(({ review_id: id }) => id === selected);
    const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1);
    select(list[to]!.review_id, reading);
  };
  const enter = (): void => {
    setReading(selected !== null);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('.review-body')?.focus());
  };
  /** The review to open after this one: the one below it in the current list, else the one above. */
  const nextOf = (reviewId: string): string | null => {
    const now = queue.list.peek();
    const at = now.findIndex(({ review_id: id }) => id === reviewId);
    return (now[at + 1] ?? now[at - 1])?.review_id ?? null;
  };
  const focusList = (): void => {
    setReading(false);
    document.querySelector<HTMLElement>('.queue-box')?.focus();
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    '/': () => document.querySelector<HTMLElement>('#filter-user')?.focus(),
    '?': () => setHelp(true),
    l: focusList,
  });
  return (
    <main class="desk" data-reading={reading}>
      <h1 class="hidden">Review desk</h1>
      <section class="queue" aria-label="Queue">
        <Filters filter={queue.filter.value} onFilter={(filter) => queue.setFilter(filter)} />
        <QueueList queue={queue} selected={selected} onSelect={(id) => select(id)} onMove={move} onEnter={enter} />
        <button type="button" class="quiet small help" onClick={() => setHelp(true)}>
          Shortcuts <kbd>?</kbd>
        </button>
      </section>
      <section class="review" aria-label="Review">
        {selected === null ? (
          <div class="middle">
            <Empty title="Select a review">
              <p>
                The nearest deadline is at the top. <kbd>J</kbd> opens the first review, <kbd>?</kbd> shows all
                shortcuts.
              </p>
            </Empty>
          </div>
        ) : (
          <ReviewPane
            key={selected}
            queue={queue}
            reviewId={selected}
            nextOf={nextOf}
            onNext={(next) => select(next, true)}
            onBack={focusList}
          />
        )}
      </section>
      {help && <Shortcuts onClose={() => setHelp(false)} />}
    </main>
  );
}
