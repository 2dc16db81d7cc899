// The outbox relay: publishes what this process committed at once, and what others left behind a little later. BullMQ
// first; with an edge, rows go on to it, and whoever publishes last removes them.
import { singleFlight } from '../concurrency/single-flight.ts';
import type { Log } from '../telemetry/log.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { leaveToPubsub, leftOverEvents, removeEvents } from '../store/outbox.ts';
import type { Database } from '../store/database.ts';
import type { OutboxEvent } from '../domain/events.ts';
import type { PubsubBridge } from './pubsub-bridge.ts';
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
const idsOf = (events: readonly OutboxEvent[]): string[] => events.map(({ eventId }) => eventId);

export interface RelayDeps {
  readonly database: Database;
  readonly queues: Queues;
  /** Undefined: BullMQ is the only destination. */
  readonly pubsub: PubsubBridge | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Relay {
  readonly #deps: RelayDeps;
  readonly #flush = singleFlight(() => this.#flushAll());
  #waiting: OutboxEvent[] = [];

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  /** Publishes committed events soon; bursts go together. */
  push(events: readonly OutboxEvent[]): void {
    if (this.#waiting.length + events.length > BUFFER) return;
    this.#waiting.push(...events);
    void this.#flush();
  }

  async #flushAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#publish(batch);
      } catch (error) {
        this.#waiting = [];
        this.#deps.log.warn(
          { detail: (error as Error).message },
          'Events could not be published; they stay in the outbox.',
        );
      }
    }
  }

  /** Published first and removed then: an end in between publishes again, and consumers are idempotent. */
  async #publish(events: readonly OutboxEvent[]): Promise<void> {
    await this.#queue(events);
    if (this.#deps.pubsub) this.#deps.pubsub.push(events);
    else await removeEvents(this.#deps.database, idsOf(events));
  }

  async #queue(events: readonly OutboxEvent[]): Promise<void> {
    await this.#deps.queues.publish(await Promise.all(events.map(placed)));
    for (const { topic } of events) this.#deps.metrics.eventsPublished.inc({ topic });
  }

  /** Publishes what others left behind. Rejects while the database or Redis is away; what is left for the edge is seen
   *  to in the background, since the edge may hang. */
  async sweep(): Promise<void> {
    this.#deps.pubsub?.sweep();
    for (;;) {
      const events = await leftOverEvents(this.#deps.database, LEFT_OVER_AGE_S, BATCH);
      if (events.length === 0) return;
      await this.#queue(events);
      // Settled before the next page is read, which would be this one again.
      await (this.#deps.pubsub ? leaveToPubsub : removeEvents)(this.#deps.database, idsOf(events));
      if (events.length < BATCH) return;
    }
  }

  /** Resolves when nothing waits in memory. */
  async idle(): Promise<void> {
    await this.#flush();
    await this.#deps.pubsub?.idle();
  }
}
