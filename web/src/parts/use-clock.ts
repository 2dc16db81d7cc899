import { useEffect, useState } from 'preact/hooks';

/** The current time, updated every `everyMs` while the page is visible. */
export function useClock(everyMs = 1_000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
