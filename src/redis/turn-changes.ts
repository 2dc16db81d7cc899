// Telling waiting clients, in whatever process they wait, that a turn changed. A hint only: the row is the truth.
import type { Redis } from 'ioredis';

const CHANNEL = 'turnkeeper:turn-changes';

type Listener = () => void;

export class TurnChanges {
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #listeners = new Map<string, Set<Listener>>();

  /** `subscriber` may hear other channels too. */
  constructor(publisher: Redis, subscriber: Redis) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
  }

  /** Starts to listen; ioredis subscribes again after every reconnect. */
  start(): void {
    this.#subscriber.on('message', (channel: string, turnId: string) => {
      if (channel !== CHANNEL) return;
      for (const listener of this.#listeners.get(turnId) ?? []) listener();
    });
    // Rejects only when the connection is ended for good.
    this.#subscriber.subscribe(CHANNEL).catch(() => {});
  }

  /** True while changes can be heard; otherwise one has to look. */
  get listening(): boolean {
    return this.#subscriber.status === 'ready';
  }

  announce(turnId: string): void {
    // Who waits looks by itself while Redis is away.
    this.#publisher.publish(CHANNEL, turnId).catch(() => {});
  }

  /** Calls `listener` at every change of the turn until the returned function is called. */
  listen(turnId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(turnId) ?? new Set();
    this.#listeners.set(turnId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(turnId) === listeners) this.#listeners.delete(turnId);
    };
  }
}
