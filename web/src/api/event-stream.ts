// Server-sent events. The browser resumes a broken stream with Last-Event-ID. An HTTP error closes an EventSource
// permanently; this module then opens another one, with exponential backoff.
import { report } from './connection.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

export interface StreamOptions {
  readonly url: string;
  /** Handlers by event name. */
  readonly on: Readonly<Record<string, (data: string) => void>>;
  /** Called each time the stream is open. */
  readonly onOpen?: () => void;
  /** Called before a closed stream is opened again, to load what was missed. False ends it; a rejection is retried. */
  readonly beforeReopen: () => Promise<boolean>;
}

/** Follows the events of `url`. Returns a function that stops it. */
export function followEvents({ url, on, onOpen, beforeReopen }: StreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let stopped = false;

  const stop = (): void => {
    stopped = true;
    clearTimeout(timer);
    source?.close();
    report(url, true);
  };

  const open = (): void => {
    if (stopped) return;
    source = new EventSource(url);
    source.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS;
      report(url, true);
      onOpen?.();
    });
    source.addEventListener('error', () => {
      if (stopped) return;
      report(url, false);
      if (source?.readyState === EventSource.CLOSED) retry();
    });
    for (const [name, handle] of Object.entries(on)) {
      source.addEventListener(name, (event) => handle((event as MessageEvent<string>).data));
    }
  };

  const retry = (): void => {
    timer = setTimeout(() => {
      beforeReopen().then(
        (wanted) => (wanted ? open() : stop()),
        () => !stopped && retry(),
      );
    }, retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  };

  open();
  return stop;
}
