// The outbox relay: publishes the events of this process's commits at once, and unpublished events of other processes
// after some seconds. It publishes to BullMQ first. With Dapr, the pub/sub bridge publishes next. The last of the two
// deletes the rows.
import type { Log } from '../telemetry/log.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { removeEvents, unpublishedEvents } from '../store/outbox.ts';
import type { Database } from '../store/database.ts';
import type { OutboxEvent } from '../domain/events.ts';
import type { Queues } from './queues.ts';

/** Maximum number of events in memory. The sweep finds the others in the table. */
const BUFFER = 10_000;
const BATCH = 500;
/** Time for which events are gathered. No client waits for them. */
const GATHER_MS = 100;
/** At this age in seconds, the process that committed an event will not publish it any more. */
export const LEFT_OVER_AGE_S = 5;

/** Creates a producer span and returns the event with its traceparent, so that consumers continue the trace from
 *  there. */
async function withSpan(event: OutboxEvent): Promise<OutboxEvent> {
  const { topic, traceparent: parent } = event;
  if (parent === null) return event;
  const create = async () => ({ ...event, traceparent: traceparent() });
  return inSpan(`${topic} create`, { kind: 'producer', parent }, create);
}
export const idsOf = (events: readonly OutboxEvent[]): string[] => events.map(({ eventId }) => eventId);

/** Where events go when BullMQ has them. The last destination deletes their rows. */
export interface NextDestination {
  /** Publishes events that this process committed, or deletes their rows. */
  push(events: readonly OutboxEvent[]): Promise<void> | void;
  /** Marks unpublished events for its own sweep, or deletes their rows. @throws Unavailable */
  leave(events: readonly OutboxEvent[]): Promise<void>;
  /** Starts to publish the marked events in the background, since the destination may hang. */
  sweep(): void;
  /** Resolves when nothing is in progress. */
  idle(): Promise<void>;
}

/** BullMQ is the only destination. */
export const bullmqOnly = (database: Database): NextDestination => ({
  push: (events) => removeEvents(database, idsOf(events)),
  leave: (events) => removeEvents(database, idsOf(events)),
  sweep: () => {},
  idle: async () => {},
});

export interface RelayDeps {
  readonly database: Database;
  readonly queues: Queues;
  /** Where events go after BullMQ. */
  readonly next: NextDestination;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Relay {
  readonly #deps: RelayDeps;
  #buffer: OutboxEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | null = null;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  /** Publishes committed events soon. Events of a burst share a batch. */
  push(events: readonly OutboxEvent[]): void {
    if (this.#buffer.length + events.length > BUFFER) return;
    this.#buffer.push(...events);
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // A flush that runs takes what is pushed meanwhile.
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = null;
    });
  }

  async #flushAll(): Promise<void> {
    while (this.#buffer.length > 0) {
      const batch = this.#buffer.splice(0, BATCH);
      try {
        await this.#publish(batch);
      } catch (error) {
        this.#buffer = [];
        this.#deps.log.warn(
          { detail: (error as Error).message },
          'Events could not be published; they stay in the outbox.',
        );
      }
    }
  }

  /** Publishes events, then deletes their rows. If the process dies in between, they are published again; consumers are
   *  idempotent. */
  async #publish(events: readonly OutboxEvent[]): Promise<void> {
    await this.#queue(events);
    await this.#deps.next.push(events);
  }

  async #queue(events: readonly OutboxEvent[]): Promise<void> {
    await this.#deps.queues.publish(await Promise.all(events.map(withSpan)));
    for (const { topic } of events) this.#deps.metrics.eventsPublished.inc({ topic });
  }

  /** Publishes unpublished events of other processes. Rejects while the database or Redis is unavailable. */
  async sweep(): Promise<void> {
    const { database, next } = this.#deps;
    next.sweep();
    for (;;) {
      const events = await unpublishedEvents(database, LEFT_OVER_AGE_S, BATCH);
      if (events.length === 0) return;
      await this.#queue(events);
      // Marked or deleted before the next page is read, because the query would return the same page again.
      await next.leave(events);
      if (events.length < BATCH) return;
    }
  }

  /** Resolves when all buffered events were processed, also by the next destination. */
  async idle(): Promise<void> {
    this.#flush();
    await this.#flushing;
    await this.#deps.next.idle();
  }
}
