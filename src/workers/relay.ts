// The outbox relay: publishes what this process committed at once, and what others left behind a little later.
import type { Log } from '../log.ts';
import { inSpan, traceparent } from '../tracing.ts';
import type { Metrics } from '../metrics.ts';
import { leftOverEvents, removeEvents } from '../store/outbox.ts';
import type { Database } from '../store/database.ts';
import type { OutboxEvent } from '../turns/events.ts';
import type { Queues } from './queues.ts';

/** Events at most that wait in memory; the rest is found in the table. */
const BUFFER = 10_000;
const BATCH = 500;
/** Old enough that the process that committed it will not publish it any more. */
const LEFT_OVER_AGE_S = 5;

/** The event as it is published: who takes it up goes on in the trace from there. */
async function placed(event: OutboxEvent): Promise<OutboxEvent> {
  const { topic, traceparent: parent } = event;
  if (parent === null) return event;
  const create = async () => ({ ...event, traceparent: traceparent() });
  return inSpan(`${topic} create`, { kind: 'producer', parent }, create);
}

export class Relay {
  readonly #database: Database;
  readonly #queues: Queues;
  readonly #metrics: Metrics;
  readonly #log: Log;
  #waiting: OutboxEvent[] = [];
  #flushing: Promise<void> | undefined;

  constructor(database: Database, queues: Queues, metrics: Metrics, log: Log) {
    this.#database = database;
    this.#queues = queues;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Publishes committed events soon; bursts go together. */
  push(events: readonly OutboxEvent[]): void {
    if (this.#waiting.length + events.length > BUFFER) return;
    this.#waiting.push(...events);
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
  }

  async #flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#publish(batch);
      } catch (error) {
        this.#waiting = [];
        this.#log.warn({ detail: (error as Error).message }, 'Events could not be published; they stay in the outbox.');
      }
    }
  }

  /** Published first and removed then: an end in between publishes again, and consumers are idempotent. */
  async #publish(events: readonly OutboxEvent[]): Promise<void> {
    await this.#queues.publish(await Promise.all(events.map(placed)));
    for (const { topic } of events) this.#metrics.eventsPublished.inc({ topic });
    await removeEvents(
      this.#database,
      events.map(({ eventId }) => eventId),
    );
  }

  /** Publishes what others left behind. Rejects while the database or Redis is away. */
  async sweep(): Promise<void> {
    for (;;) {
      const events = await leftOverEvents(this.#database, LEFT_OVER_AGE_S, BATCH);
      if (events.length > 0) await this.#publish(events);
      if (events.length < BATCH) return;
    }
  }

  /** Resolves when nothing waits in memory. */
  async idle(): Promise<void> {
    await this.#flushing;
  }
}
