// The feed of review events: follows the changes of all reviews for one reader.
import { wakeUp } from '../concurrency/wake-up.ts';
import type { Database } from '../store/database.ts';
import { FEED_PAGE, feedPositions, reviewsAfter, type FeedReview } from '../store/review-feed.ts';

/** Poll interval of the feed while hints arrive, and while they cannot arrive. */
const POLL_MS = 5_000;
const POLL_WITHOUT_HINTS_MS = 500;
/** Proxies close connections that are idle for 60 s, some after 30 s. */
const HEARTBEAT_MS = 15_000;
/** A reader without a position starts this many seconds in the past. It has just listed the reviews and must not miss
 *  an event that happened since. */
const BACK_S = 60;

export interface ReviewFeedDeps {
  readonly database: Database;
  readonly hints: { readonly listening: boolean; listen(listener: () => void): () => void };
  readonly heartbeatMs?: number;
}

export type FeedEvent =
  | ({ readonly type: 'review' } & FeedReview)
  /** The reader's start position, sent before the first review. */
  | { readonly type: 'position'; readonly position: number }
  /** No event was sent for a while. */
  | { readonly type: 'heartbeat' };

class FeedReader {
  readonly #deps: ReviewFeedDeps;
  readonly #signal: AbortSignal;
  #position: number;
  #changed = true;
  #lastSent = performance.now();
  readonly #wakeUp = wakeUp();

  constructor(deps: ReviewFeedDeps, from: number, signal: AbortSignal) {
    this.#deps = deps;
    this.#position = from;
    this.#signal = signal;
  }

  async *run(): AsyncGenerator<FeedEvent, void, undefined> {
    const changed = () => {
      this.#changed = true;
      this.#wakeUp.wake();
    };
    // Subscribes before the first read, so that a change in between is not missed.
    const unlisten = this.#deps.hints.listen(changed);
    this.#signal.addEventListener('abort', changed);
    try {
      yield { type: 'position', position: this.#position };
      while (!this.#signal.aborted) {
        if (this.#changed) yield* this.#readPage();
        else if (!(await this.#waitForEvent())) yield { type: 'heartbeat' };
      }
    } finally {
      unlisten();
      this.#signal.removeEventListener('abort', changed);
    }
  }

  /** Reads one page. It is called when the consumer has taken the page before. */
  async *#readPage(): AsyncGenerator<FeedEvent, void, undefined> {
    this.#changed = false;
    let page: FeedReview[];
    try {
      page = await reviewsAfter(this.#deps.database, this.#position);
    } catch {
      // The feed is read again at the next hint or poll. The readiness probe reports the outage.
      return;
    }
    for (const fed of page) {
      if (this.#signal.aborted) return;
      this.#position = fed.position;
      yield { type: 'review', ...fed };
    }
    if (page.length > 0) this.#lastSent = performance.now();
    if (page.length === FEED_PAGE) this.#changed = true;
  }

  /** Waits until there may be something to send. False: a heartbeat is due. */
  async #waitForEvent(): Promise<boolean> {
    const { hints, heartbeatMs = HEARTBEAT_MS } = this.#deps;
    const untilHeartbeatMs = this.#lastSent + heartbeatMs - performance.now();
    const pollMs = hints.listening ? POLL_MS : POLL_WITHOUT_HINTS_MS;
    if (await this.#wakeUp.wait(Math.min(untilHeartbeatMs, pollMs))) return true;
    if (pollMs < untilHeartbeatMs) this.#changed = true;
    else this.#lastSent = performance.now();
    return pollMs < untilHeartbeatMs;
  }
}

export class ReviewFeed {
  readonly #deps: ReviewFeedDeps;

  constructor(deps: ReviewFeedDeps) {
    this.#deps = deps;
  }

  /** The start position of a reader that has seen everything up to `seen`; null: a new reader. @throws Unavailable */
  async positionOf(seen: number | null): Promise<number> {
    const { last, lately } = await feedPositions(this.#deps.database, BACK_S);
    // A position after the last one belongs to another database, and this one may never reach it.
    return seen === null ? lately : Math.min(seen, last);
  }

  /** Yields the events after position `from` until the signal aborts. Reads more only when the consumer has taken the
   *  previous events. */
  follow(from: number, signal: AbortSignal): AsyncGenerator<FeedEvent, void, undefined> {
    return new FeedReader(this.#deps, from, signal).run();
  }
}
