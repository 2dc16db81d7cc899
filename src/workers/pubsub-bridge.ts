// The second destination of the outbox: pub/sub at the edge (Dapr). It gets what BullMQ has, and removes the rows. While
// it is away rows are marked, so that neither BullMQ nor the sweep for it ever sees them again.
import { singleFlight } from '../concurrency/single-flight.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { eventsForPubsub, leaveToPubsub, removeEvents } from '../store/outbox.ts';
import type { Database } from '../store/database.ts';
import { outboxCloudEvent, type CloudEvent, type OutboxEvent } from '../domain/events.ts';
import type { OutboxTopic } from '../domain/topics.ts';

const BATCH = 500;
/** Tried again and again while the edge is away: enough to see that it is back. */
const PROBE = 10;

export interface Published {
  /** Ids of the events that are out. */
  readonly out: ReadonlySet<string>;
  /** Ids of those that would be refused for ever. */
  readonly refused: ReadonlySet<string>;
  /** Why others are not out; null: there are none. */
  readonly fault: string | null;
}

/** Publishes events of a topic, within seconds; never rejects. */
export type PublishToPubsub = (topic: OutboxTopic, events: readonly CloudEvent[]) => Promise<Published>;

const idsOf = (events: readonly OutboxEvent[]): string[] => events.map(({ eventId }) => eventId);

export interface BridgeDeps {
  readonly database: Database;
  readonly publish: PublishToPubsub;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class PubsubBridge {
  readonly #deps: BridgeDeps;
  readonly #drain = singleFlight(() => this.#drainAll());
  readonly #sweep = singleFlight(() => this.#sweepAll());
  #waiting: OutboxEvent[] = [];
  #sweeping: Promise<void> = Promise.resolve();
  #unavailable = false;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
    deps.metrics.edgeAway.set(0);
  }

  /** Takes over events that BullMQ has. What comes while a call is under way goes together in the next. */
  push(events: readonly OutboxEvent[]): void {
    this.#waiting.push(...events);
    void this.#drain();
  }

  async #drainAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0, BATCH);
      try {
        // Only a sweep asks an edge that is away, so that nothing here waits for it.
        const left = this.#unavailable ? events : await this.#send(events, true);
        if (left.length > 0) await leaveToPubsub(this.#deps.database, idsOf(left));
      } catch (error) {
        this.#deps.log.debug({ detail: (error as Error).message }, 'Events at the edge could not be settled.');
      }
    }
  }

  /** Starts publishing what is left for the edge, unless that is under way. */
  sweep(): void {
    this.#sweeping = this.#sweep();
  }

  async #sweepAll(): Promise<void> {
    try {
      for (;;) {
        const limit = this.#unavailable ? PROBE : BATCH;
        const events = await eventsForPubsub(this.#deps.database, limit);
        if (events.length === 0) return;
        const left = await this.#send(events, false);
        // To the back of the line, so that some which are never taken keep no others from their turn.
        if (left.length > 0) return await leaveToPubsub(this.#deps.database, idsOf(left));
        if (events.length < limit) return;
      }
    } catch (error) {
      this.#deps.log.debug({ detail: (error as Error).message }, 'A sweep for the edge was cut short.');
    }
  }

  /** Publishes, and removes the rows of what is out; an end in between publishes again, under the same ids. Returns the
   *  others. `first`: these have not been tried before. Rejects while the database is away. */
  async #send(events: readonly OutboxEvent[], first: boolean): Promise<OutboxEvent[]> {
    const byTopic = [...Map.groupBy(events, ({ topic }) => topic)];
    const results = await Promise.all(
      byTopic.map(([topic, ofTopic]) => this.#sendTo(topic, ofTopic.map(outboxCloudEvent))),
    );
    const settled = new Set(results.flatMap(({ out, refused }) => [...out, ...refused]));
    const fault = results.find((result) => result.fault !== null)?.fault ?? null;
    const left = events.filter(({ eventId }) => !settled.has(eventId));
    // Some that fail while others go do not make the edge away.
    this.#setUnavailable(settled.size === 0 ? fault : null);
    if (settled.size === 0) return left;
    for (const { topic, eventId: event } of left)
      this.#deps.log[first ? 'warn' : 'debug'](
        { topic, event, detail: fault },
        'An event was not taken by Dapr pub/sub.',
      );
    await removeEvents(this.#deps.database, [...settled]);
    return left;
  }

  async #sendTo(topic: OutboxTopic, events: readonly CloudEvent[]): Promise<Published> {
    const result = await this.#deps.publish(topic, events);
    this.#deps.metrics.edgeEventsPublished.inc({ topic }, result.out.size);
    this.#deps.metrics.edgeEventsRefused.inc({ topic }, result.refused.size);
    for (const id of result.refused)
      this.#deps.log.error({ topic, event: id }, 'Dapr pub/sub refuses an event for ever.');
    return result;
  }

  #setUnavailable(fault: string | null): void {
    const unavailable = fault !== null;
    if (unavailable && !this.#unavailable)
      this.#deps.log.warn({ detail: fault }, 'Dapr pub/sub takes no events; they stay in the outbox.');
    if (!unavailable && this.#unavailable) this.#deps.log.info({}, 'Dapr pub/sub takes events again.');
    this.#unavailable = unavailable;
    this.#deps.metrics.edgeAway.set(unavailable ? 1 : 0);
  }

  /** Resolves when nothing waits in memory. */
  async idle(): Promise<void> {
    await this.#drain();
    await this.#sweeping;
  }
}
