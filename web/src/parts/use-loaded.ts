import { useCallback, useEffect, useState } from 'preact/hooks';
import { errorText } from '../api/call.ts';

export interface Loaded<T> {
  /** The last value loaded; kept during a reload and after a failed one. */
  readonly value: T | undefined;
  /** The error of the last load; null if it succeeded. */
  readonly error: string | null;
  readonly reload: () => void;
}

/** Loads when `key` changes, on `reload`, and every `everyMs` while the page is visible. */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMs?: number): Loaded<T> {
  const [loaded, setLoaded] = useState<{ key: string; value?: T; error: string | null }>({ key, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const run = (): void => {
      load(abort.signal).then(
        (value) => setLoaded({ key, value, error: null }),
        (error: unknown) => {
          if (abort.signal.aborted) return;
          setLoaded((last) => ({ ...(last.key === key ? last : { key }), error: errorText(error) }));
        },
      );
    };
    run();
    const timer = everyMs === undefined ? undefined : setInterval(() => !document.hidden && run(), everyMs);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [key, round]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  const current = loaded.key === key;
  return { value: current ? loaded.value : undefined, error: current ? loaded.error : null, reload };
}
