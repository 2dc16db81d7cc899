import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Empty } from '../parts/Empty.tsx';
import { Notice } from '../parts/Notice.tsx';
import type { Queue } from './queue.ts';
import { QueueRow } from './QueueRow.tsx';
import { useWindow } from './use-window.ts';

const ROW_PX = 92;

interface Props {
  readonly queue: Queue;
  readonly selected: string | null;
  readonly onSelect: (reviewId: string) => void;
  readonly onMove: (by: number) => void;
  /** Moves the focus to the selected review. */
  readonly onEnter: () => void;
}

/** The reviews by deadline. Only the visible rows are in the page. */
export function QueueList({ queue, selected, onSelect, onMove, onEnter }: Props) {
  const list = queue.list.value;
  const active = list.findIndex(({ review_id: id }) => id === selected);
  const { box, onScroll, first, last } = useWindow(list.length, ROW_PX, active, () => void queue.loadMore());
  const more = queue.next.value !== null;
  const keys: Record<string, () => void> = {
    ArrowDown: () => onMove(1),
    ArrowUp: () => onMove(-1),
    PageDown: () => onMove(8),
    PageUp: () => onMove(-8),
    Home: () => onMove(-list.length),
    End: () => onMove(list.length),
    Enter: onEnter,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  };
  const state = queue.state.value;
  return (
    <>
      {queue.error.value !== null && (
        <Notice kind="bad" action={{ label: 'Try again', act: () => void queue.load() }}>
          {queue.error.value}
        </Notice>
      )}
      {state === 'loading' && <LoadingPlaceholder lines={9} what="reviews" />}
      {state === 'ready' && list.length === 0 && (
        <Empty title={queue.filter.value.view === 'pending' ? 'No pending reviews' : 'No reviews'}>
          <p>
            {queue.filter.value.view === 'pending'
              ? 'New reviews appear here automatically.'
              : 'Select another list or change the filters.'}
          </p>
        </Empty>
      )}
      <div
        ref={box}
        class="queue-box"
        role="listbox"
        aria-label="Reviews"
        tabIndex={0}
        hidden={list.length === 0}
        aria-activedescendant={active >= first && active < last ? `review-${selected}` : undefined}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div class="queue-rows" role="presentation" style={{ height: `${list.length * ROW_PX}px` }}>
          {list.slice(first, last).map((review, index) => (
            <QueueRow
              key={review.review_id}
              review={review}
              me={queue.me}
              position={first + index}
              count={more ? -1 : list.length}
              rowPx={ROW_PX}
              selected={review.review_id === selected}
              onSelect={() => onSelect(review.review_id)}
            />
          ))}
        </div>
      </div>
      <p class="queue-count soft small" role="status">
        {state === 'ready' && list.length > 0 && `${list.length.toLocaleString()}${more ? '+' : ''} reviews`}
      </p>
    </>
  );
}
