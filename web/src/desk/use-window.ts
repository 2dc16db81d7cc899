import { useLayoutEffect, useRef, useState } from 'preact/hooks';

const BEYOND = 6;
/** Rows before the end of the list at which more is asked for. */
const EARLY = 20;

export interface ListWindow {
  readonly box: { current: HTMLDivElement | null };
  readonly onScroll: () => void;
  /** The rows that are in sight, and some around: from `first` to before `last`. */
  readonly first: number;
  readonly last: number;
}

/** Of a long list of rows of one height only those in sight are in the page. `active` is kept in sight. */
export function useWindow(count: number, rowPx: number, active: number, onNearEnd: () => void): ListWindow {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const look = (): void => {
    const at = box.current;
    if (!at) return;
    setView({ top: at.scrollTop, height: at.clientHeight });
    if (at.scrollTop + at.clientHeight > (count - EARLY) * rowPx) onNearEnd();
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [count]);
  useLayoutEffect(() => {
    const at = box.current;
    if (!at || active < 0) return;
    if (active * rowPx < at.scrollTop) at.scrollTop = active * rowPx;
    else if ((active + 1) * rowPx > at.scrollTop + at.clientHeight)
      at.scrollTop = (active + 1) * rowPx - at.clientHeight;
  }, [active]);
  const first = Math.max(0, Math.floor(view.top / rowPx) - BEYOND);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowPx) + BEYOND);
  return { box, onScroll: look, first, last };
}
