// Telling the workers at once that a turn was cancelled. A hint only: a worker that misses it learns of it when it renews
// its lease, and cannot commit in any case.
import type { Redis } from 'ioredis';

const CHANNEL = 'turnkeeper:cancellations';

export class Cancellations {
  readonly #publisher: Redis;
  readonly #subscriber: Redis;

  /** `subscriber` may hear other channels too. */
  constructor(publisher: Redis, subscriber: Redis) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
  }

  /** Calls `heard` with the id of every turn that is cancelled from now on, in whatever process. */
  start(heard: (turnId: string) => void): void {
    this.#subscriber.on('message', (channel: string, turnId: string) => {
      if (channel === CHANNEL) heard(turnId);
    });
    // Rejects only when the connection is ended for good.
    this.#subscriber.subscribe(CHANNEL).catch(() => {});
  }

  announce(turnId: string): void {
    this.#publisher.publish(CHANNEL, turnId).catch(() => {});
  }
}
