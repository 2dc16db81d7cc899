// The reviews as the desk shows them: a list that is loaded page by page and kept up to date by events.
import { batch, signal } from '@preact/signals';
import { call, pathTo, told } from '../api/call.ts';
import { followEvents } from '../api/event-stream.ts';
import { isStillSignedIn } from '../api/session.ts';
import type { Page } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';
import { NO_FILTER, queryOf, shows, withHeard, type Filter } from './review-order.ts';

const PAGE = 100;

export class Queue {
  readonly me: string;
  readonly filter = signal<Filter>(NO_FILTER);
  readonly list = signal<readonly ListedReview[]>([]);
  /** `loading`: nothing of this filter is here yet. */
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading');
  readonly error = signal<string | null>(null);
  readonly next = signal<string | null>(null);
  /** The last review that was heard of, whatever the filter. */
  readonly heard = signal<ListedReview | null>(null);
  #round = 0;
  #loadingMore = false;
  /** What is heard while the list is on its way is newer than it. */
  #meanwhile: ListedReview[] = [];
  readonly #endStream: () => void;

  constructor(me: string) {
    this.me = me;
    this.#endStream = followEvents({
      url: '/reviews/events',
      on: { review: (data) => this.hear(JSON.parse(data) as ListedReview) },
      // What happened before the stream is open is in the list only.
      opened: () => void this.load(),
      again: isStillSignedIn,
    });
    void this.load();
  }

  end(): void {
    this.#endStream();
  }

  narrow(filter: Filter): void {
    batch(() => {
      this.filter.value = filter;
      this.list.value = [];
      this.next.value = null;
      this.state.value = 'loading';
    });
    void this.load();
  }

  /** Loads the first page (again). */
  async load(): Promise<void> {
    const round = (this.#round += 1);
    this.#meanwhile = [];
    try {
      const page = await this.#page(null);
      if (round !== this.#round) return;
      batch(() => {
        this.list.value = page.items;
        this.next.value = page.next_cursor;
        this.state.value = 'ready';
        this.error.value = null;
        for (const review of this.#meanwhile) this.#place(review);
      });
    } catch (error) {
      if (round !== this.#round) return;
      batch(() => {
        this.error.value = told(error);
        if (this.state.value === 'loading') this.state.value = 'failed';
      });
    }
  }

  async loadMore(): Promise<void> {
    const cursor = this.next.value;
    if (cursor === null || this.#loadingMore) return;
    this.#loadingMore = true;
    const round = this.#round;
    try {
      const page = await this.#page(cursor);
      if (round !== this.#round) return;
      batch(() => {
        const known = new Set(this.list.value.map(({ review_id: id }) => id));
        this.list.value = [...this.list.value, ...page.items.filter(({ review_id: id }) => !known.has(id))];
        this.next.value = page.next_cursor;
      });
    } catch (error) {
      this.error.value = told(error);
    } finally {
      this.#loadingMore = false;
    }
  }

  /** Takes in a review as it is now. */
  hear(review: ListedReview): void {
    this.#meanwhile.push(review);
    batch(() => {
      this.heard.value = review;
      this.#place(review);
    });
  }

  #place(review: ListedReview): void {
    const shown = shows(this.filter.value, review, this.me, new Date());
    this.list.value = withHeard(this.list.value, review, shown, this.next.value === null);
  }

  #page(cursor: string | null): Promise<Page<ListedReview>> {
    const query = queryOf(this.filter.value, this.me, new Date());
    return call<Page<ListedReview>>(pathTo(['reviews'], { ...query, limit: PAGE, cursor }));
  }
}
