import { useCallback, useEffect, useState } from 'preact/hooks';
import { told } from '../api/call.ts';

export interface Loaded<T> {
  /** The last that was loaded; kept while it is loaded again, or cannot be. */
  readonly value: T | undefined;
  /** Why the last attempt failed. */
  readonly error: string | null;
  readonly reload: () => void;
}

/** Loads when `key` changes and when asked to, and every `everyMs` while the page is looked at. */
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
          setLoaded((last) => ({ ...(last.key === key ? last : { key }), error: told(error) }));
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
