// The hooks of a process: hints for other processes, and calls of this process's own worker role.
import type { Hooks, OutboxEvent } from '../domain/events.ts';
import type { Hints } from '../redis/hints.ts';

/** What the worker role does after a commit of the same process. */
export interface WorkerHooks {
  /** Publishes committed events. */
  publish(events: readonly OutboxEvent[]): void;
  /** A webhook delivery may be due. */
  deliveryDue(): void;
  /** A webhook was added, or a delivery by hand. */
  webhookAdded(): void;
}

const NO_WORKER: WorkerHooks = { publish: () => {}, deliveryDue: () => {}, webhookAdded: () => {} };

export class ProcessHooks implements Hooks {
  /** Set by the worker role. Without it the sweep of another process publishes and sends. */
  worker: WorkerHooks = NO_WORKER;
  readonly #hints: Hints;

  constructor(hints: Hints) {
    this.#hints = hints;
  }

  turnChanged(turnId: string): void {
    this.#hints.turns.announce(turnId);
    this.worker.deliveryDue();
  }

  turnCancelled(turnId: string): void {
    this.#hints.cancellations.announce(turnId);
  }

  reviewChanged(): void {
    this.#hints.reviews.announce();
  }

  eventsCommitted(events: readonly OutboxEvent[]): void {
    this.worker.publish(events);
  }

  webhookAdded(): void {
    this.worker.webhookAdded();
  }
}
