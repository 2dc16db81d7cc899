// Server-sent events, which the browser resumes by Last-Event-ID. A server that answers with an error ends an
// EventSource for good; then we begin anew, ever more slowly.
import { report } from './connection.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

export interface StreamOptions {
  readonly url: string;
  /** What is done with an event of this name. */
  readonly on: Readonly<Record<string, (data: string) => void>>;
  /** The stream is open (again). */
  readonly opened?: () => void;
  /** Before a stream that was refused begins anew: look at what was missed. False, or a rejection that is no network
   *  error, ends it. */
  readonly again: () => Promise<boolean>;
}

/** Follows the events until what it gives is called. */
export function followEvents({ url, on, opened, again }: StreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let ended = false;

  const end = (): void => {
    ended = true;
    clearTimeout(timer);
    source?.close();
    report(url, true);
  };

  const open = (): void => {
    if (ended) return;
    source = new EventSource(url);
    source.addEventListener('open', () => {
      retryMs = FIRST_RETRY_MS;
      report(url, true);
      opened?.();
    });
    source.addEventListener('error', () => {
      if (ended) return;
      report(url, false);
      if (source?.readyState === EventSource.CLOSED) retry();
    });
    for (const [name, act] of Object.entries(on)) {
      source.addEventListener(name, (event) => act((event as MessageEvent<string>).data));
    }
  };

  const retry = (): void => {
    timer = setTimeout(() => {
      again().then(
        (wanted) => (wanted ? open() : end()),
        () => !ended && retry(),
      );
    }, retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  };

  open();
  return end;
}
