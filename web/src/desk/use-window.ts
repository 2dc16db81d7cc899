import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows rendered before and after the visible ones. */
const OVERSCAN = 6;
/** When so few rows are left below the visible ones, the next page is requested. */
const LOAD_AHEAD = 20;

export interface ListWindow {
  readonly box: { current: HTMLDivElement | null };
  readonly onScroll: () => void;
  /** The rows to render: from `first` up to, not including, `last`. */
  readonly first: number;
  readonly last: number;
}

/** Renders only the visible rows of a long list with rows of one height. The `active` row is scrolled into view. */
export function useWindow(count: number, rowPx: number, active: number, onNearEnd: () => void): ListWindow {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const measure = (): void => {
    const at = box.current;
    if (!at) return;
    setView({ top: at.scrollTop, height: at.clientHeight });
    if (at.scrollTop + at.clientHeight > (count - LOAD_AHEAD) * rowPx) onNearEnd();
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
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
  const first = Math.max(0, Math.floor(view.top / rowPx) - OVERSCAN);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowPx) + OVERSCAN);
  return { box, onScroll: measure, first, last };
}
