// Following what happens to reviews, for one reader at a time.
import { wakeUp } from '../concurrency/wake-up.ts';
import type { Database } from '../store/database.ts';
import { FEED_PAGE, feedPlaces, reviewsAfter, type FedReview } from '../store/review-feed.ts';

/** How often the feed is read without a change being announced: while announcements arrive, and while they cannot. */
const POLL_MS = 5_000;
const UNHEARD_POLL_MS = 500;
/** Proxies cut connections on which nothing comes for a minute, some for half of one. */
const HEARTBEAT_MS = 15_000;
/** Who comes without a place begins so far back: it listed the reviews a moment ago, and what happened since must not
 *  be missed. Seconds. */
const BACK_S = 60;

export interface ReviewFeedDeps {
  readonly database: Database;
  readonly hints: { readonly listening: boolean; listen(listener: () => void): () => void };
  readonly heartbeatMs?: number;
}

export type FeedEvent =
  | ({ readonly type: 'review' } & FedReview)
  /** Where the reader stands, before anything has happened. */
  | { readonly type: 'place'; readonly position: number }
  /** Nothing happened for a while. */
  | { readonly type: 'heartbeat' };

class Follower {
  readonly #deps: ReviewFeedDeps;
  readonly #signal: AbortSignal;
  #place: number;
  #changed = true;
  #lastSent = performance.now();
  readonly #wakeUp = wakeUp();

  constructor(deps: ReviewFeedDeps, from: number, signal: AbortSignal) {
    this.#deps = deps;
    this.#place = from;
    this.#signal = signal;
  }

  async *run(): AsyncGenerator<FeedEvent, void, undefined> {
    const changed = () => {
      this.#changed = true;
      this.#wakeUp.wake();
    };
    // Listening begins before the look, so that a change in between is heard.
    const unlisten = this.#deps.hints.listen(changed);
    this.#signal.addEventListener('abort', changed);
    try {
      yield { type: 'place', position: this.#place };
      while (!this.#signal.aborted) {
        if (this.#changed) yield* this.#look();
        else if (!(await this.#somethingHappens())) yield { type: 'heartbeat' };
      }
    } finally {
      unlisten();
      this.#signal.removeEventListener('abort', changed);
    }
  }

  /** One page, asked for when the page before was taken. */
  async *#look(): AsyncGenerator<FeedEvent, void, undefined> {
    this.#changed = false;
    let page: FedReview[];
    try {
      page = await reviewsAfter(this.#deps.database, this.#place);
    } catch {
      // The next look comes by itself; the readiness probe tells whom it concerns.
      return;
    }
    for (const fed of page) {
      if (this.#signal.aborted) return;
      this.#place = fed.position;
      yield { type: 'review', ...fed };
    }
    if (page.length > 0) this.#lastSent = performance.now();
    if (page.length === FEED_PAGE) this.#changed = true;
  }

  /** Waits until there may be something to send. False: a heartbeat is due. */
  async #somethingHappens(): Promise<boolean> {
    const { hints, heartbeatMs = HEARTBEAT_MS } = this.#deps;
    const beatMs = this.#lastSent + heartbeatMs - performance.now();
    const pollMs = hints.listening ? POLL_MS : UNHEARD_POLL_MS;
    if (await this.#wakeUp.wait(Math.min(beatMs, pollMs))) return true;
    if (pollMs < beatMs) this.#changed = true;
    else this.#lastSent = performance.now();
    return pollMs < beatMs;
  }
}

export class ReviewFeed {
  readonly #deps: ReviewFeedDeps;

  constructor(deps: ReviewFeedDeps) {
    this.#deps = deps;
  }

  /** Where a reader begins who saw everything up to `seen`; null: who comes new. @throws Unavailable */
  async positionOf(seen: number | null): Promise<number> {
    const { last, lately } = await feedPlaces(this.#deps.database, BACK_S);
    // A place that was never given belongs to another database; waiting for it would be waiting for ever.
    return seen === null ? lately : Math.min(seen, last);
  }

  /** What happens behind `from`, until the signal aborts. Asks for more only when what it gave was taken. */
  follow(from: number, signal: AbortSignal): AsyncGenerator<FeedEvent, void, undefined> {
    return new Follower(this.#deps, from, signal).run();
  }
}
