// The review list of the desk. It is loaded page by page and updated by events.
import { batch, signal } from '@preact/signals';
import { call, errorText, pathTo } from '../api/call.ts';
import { followEvents } from '../api/event-stream.ts';
import { isStillSignedIn } from '../api/session.ts';
import type { Page } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';
import { NO_FILTER, matches, merge, queryOf, type Filter } from './review-order.ts';

const PAGE = 100;

export class Queue {
  readonly me: string;
  readonly filter = signal<Filter>(NO_FILTER);
  readonly list = signal<readonly ListedReview[]>([]);
  /** `loading`: no page of this filter is loaded yet. */
  readonly state = signal<'loading' | 'ready' | 'failed'>('loading');
  readonly error = signal<string | null>(null);
  /** The cursor of the next page; null: all are loaded. */
  readonly next = signal<string | null>(null);
  /** The last review received, whether it matches the filter or not. */
  readonly received = signal<ListedReview | null>(null);
  #round = 0;
  #loadingMore = false;
  /** Reviews received during a load. They are newer than the response. */
  #receivedWhileLoading: ListedReview[] = [];
  readonly #stopStream: () => void;

  constructor(me: string) {
    this.me = me;
    this.#stopStream = followEvents({
      url: '/reviews/events',
      on: { review: (data) => this.receive(JSON.parse(data) as ListedReview) },
      // The stream does not repeat events from before it was open; the list has them.
      onOpen: () => void this.load(),
      beforeReopen: isStillSignedIn,
    });
    void this.load();
  }

  stop(): void {
    this.#stopStream();
  }

  setFilter(filter: Filter): void {
    batch(() => {
      this.filter.value = filter;
      this.list.value = [];
      this.next.value = null;
      this.state.value = 'loading';
    });
    void this.load();
  }

  /** Loads the first page. */
  async load(): Promise<void> {
    const round = (this.#round += 1);
    this.#receivedWhileLoading = [];
    try {
      const page = await this.#page(null);
      if (round !== this.#round) return;
      batch(() => {
        this.list.value = page.items;
        this.next.value = page.next_cursor;
        this.state.value = 'ready';
        this.error.value = null;
        for (const review of this.#receivedWhileLoading) this.#merge(review);
      });
    } catch (error) {
      if (round !== this.#round) return;
      batch(() => {
        this.error.value = errorText(error);
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
      this.error.value = errorText(error);
    } finally {
      this.#loadingMore = false;
    }
  }

  /** Applies a review as it is now. */
  receive(review: ListedReview): void {
    this.#receivedWhileLoading.push(review);
    batch(() => {
      this.received.value = review;
      this.#merge(review);
    });
  }

  #merge(review: ListedReview): void {
    const shown = matches(this.filter.value, review, this.me, new Date());
    this.list.value = merge(this.list.value, review, shown, this.next.value === null);
  }

  #page(cursor: string | null): Promise<Page<ListedReview>> {
    const query = queryOf(this.filter.value, this.me, new Date());
    return call<Page<ListedReview>>(pathTo(['reviews'], { ...query, limit: PAGE, cursor }));
  }
}
