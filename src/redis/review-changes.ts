// Telling who watches the reviews, in whatever process, that something happened. A hint only: the rows are the truth.
import type { Redis } from 'ioredis';

const CHANNEL = 'turnkeeper:review-changes';

export class ReviewChanges {
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #listeners = new Set<() => void>();

  /** `subscriber` may hear other channels too. */
  constructor(publisher: Redis, subscriber: Redis) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
  }

  /** Starts to listen; ioredis subscribes again after every reconnect. */
  start(): void {
    this.#subscriber.on('message', (channel: string) => {
      if (channel !== CHANNEL) return;
      for (const listener of this.#listeners) listener();
    });
    // Rejects only when the connection is ended for good.
    this.#subscriber.subscribe(CHANNEL).catch(() => {});
  }

  /** True while changes can be heard; otherwise one has to look. */
  get listening(): boolean {
    return this.#subscriber.status === 'ready';
  }

  announce(): void {
    // Who watches looks by itself while Redis is away.
    this.#publisher.publish(CHANNEL, '').catch(() => {});
  }

  /** Calls `listener` at every change until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
