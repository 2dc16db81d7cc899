// The pub/sub bridge: publishes outbox events that are in BullMQ to Dapr pub/sub, the second destination, and deletes
// their rows. While pub/sub is unavailable, the rows are marked, so that the relay never publishes them to BullMQ
// again. Of topics that are not published to pub/sub, it only deletes the rows.
import { singleFlight } from '../concurrency/single-flight.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { eventsForPubsub, markQueued, removeEvents } from '../store/outbox.ts';
import type { Database } from '../store/database.ts';
import { idsOf, type NextDestination } from './relay.ts';
import { outboxCloudEvent, type CloudEvent, type OutboxEvent, type Published } from '../domain/events.ts';
import type { OutboxTopic } from '../domain/topics.ts';

const BATCH = 500;
/** Batch size while pub/sub is unavailable: enough to find out whether it is back. */
const PROBE_BATCH = 10;

/** Publishes events of one topic within seconds. Never rejects. */
export type PublishToPubsub = (topic: OutboxTopic, events: readonly CloudEvent[]) => Promise<Published>;

export interface BridgeDeps {
  readonly database: Database;
  /** The topics that are published to pub/sub. */
  readonly topics: readonly OutboxTopic[];
  readonly publish: PublishToPubsub;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class PubsubBridge implements NextDestination {
  readonly #deps: BridgeDeps;
  readonly #sweep = singleFlight(() => this.#sweepAll());
  #buffer: OutboxEvent[] = [];
  #draining: Promise<void> = Promise.resolve();
  #sweeping: Promise<void> = Promise.resolve();
  #unavailable = false;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
    deps.metrics.pubsubUnavailable.set(0);
  }

  /** Accepts events that are in BullMQ. Events that arrive during a call go into the next call together. */
  push(events: readonly OutboxEvent[]): void {
    this.#buffer.push(...events);
    // After the call that is under way: an event that arrives at its very end must not wait for the next one.
    this.#draining = this.#draining.then(() => this.#drainAll());
  }

  /** Marks events that are in BullMQ, so that the next sweep publishes them. @throws Unavailable */
  async leave(events: readonly OutboxEvent[]): Promise<void> {
    const kept = await this.#withoutOthers(events);
    if (kept.length > 0) await markQueued(this.#deps.database, idsOf(kept));
  }

  /** Returns the events to publish, and deletes the rows of the others. @throws Unavailable */
  async #withoutOthers(events: readonly OutboxEvent[]): Promise<OutboxEvent[]> {
    const { database, topics } = this.#deps;
    const others = events.filter(({ topic }) => !topics.includes(topic));
    if (others.length > 0) await removeEvents(database, idsOf(others));
    return events.filter(({ topic }) => topics.includes(topic));
  }

  async #drainAll(): Promise<void> {
    while (this.#buffer.length > 0) {
      const batch = this.#buffer.splice(0, BATCH);
      try {
        const events = await this.#withoutOthers(batch);
        // While pub/sub is unavailable, only sweeps call it, so that new events do not wait for its timeout.
        const left = this.#unavailable ? events : await this.#send(events, true);
        if (left.length > 0) await markQueued(this.#deps.database, idsOf(left));
      } catch (error) {
        this.#deps.log.debug(
          { detail: (error as Error).message },
          'Events for pub/sub could not be marked or deleted.',
        );
      }
    }
  }

  /** Starts publishing the marked events, unless a sweep is running. */
  sweep(): void {
    this.#sweeping = this.#sweep();
  }

  async #sweepAll(): Promise<void> {
    try {
      for (;;) {
        const limit = this.#unavailable ? PROBE_BATCH : BATCH;
        // Marked rows may be of a topic that is not published any more.
        const marked = await eventsForPubsub(this.#deps.database, limit);
        const left = await this.#send(await this.#withoutOthers(marked), false);
        // Moved behind all other marked events, so that events which are never accepted do not block the others.
        if (left.length > 0) return await markQueued(this.#deps.database, idsOf(left));
        if (marked.length < limit) return;
      }
    } catch (error) {
      this.#deps.log.debug(
        { detail: (error as Error).message },
        'A sweep for pub/sub failed; the next sweep tries again.',
      );
    }
  }

  /** Publishes events, then deletes the rows of the published ones. If the process dies in between, they are published
   *  again under the same ids. Returns the events that remain. `first`: the first attempt for these events.
   *  @throws Unavailable */
  async #send(events: readonly OutboxEvent[], first: boolean): Promise<OutboxEvent[]> {
    if (events.length === 0) return [];
    const byTopic = [...Map.groupBy(events, ({ topic }) => topic)];
    const results = await Promise.all(
      byTopic.map(([topic, ofTopic]) => this.#sendTo(topic, ofTopic.map(outboxCloudEvent))),
    );
    const settled = new Set(results.flatMap(({ published, refused }) => [...published, ...refused]));
    const fault = results.find((result) => result.fault !== null)?.fault ?? null;
    const left = events.filter(({ eventId }) => !settled.has(eventId));
    // Pub/sub counts as unavailable only if no event was accepted.
    this.#setUnavailable(settled.size === 0 ? fault : null);
    if (settled.size === 0) return left;
    for (const { topic, eventId: event } of left)
      this.#deps.log[first ? 'warn' : 'debug'](
        { topic, event, detail: fault },
        'Dapr pub/sub did not accept an event.',
      );
    await removeEvents(this.#deps.database, [...settled]);
    return left;
  }

  async #sendTo(topic: OutboxTopic, events: readonly CloudEvent[]): Promise<Published> {
    const result = await this.#deps.publish(topic, events);
    this.#deps.metrics.pubsubEventsPublished.inc({ topic }, result.published.size);
    this.#deps.metrics.pubsubEventsRefused.inc({ topic }, result.refused.size);
    for (const id of result.refused)
      this.#deps.log.error({ topic, event: id }, 'Dapr pub/sub refused an event for good.');
    return result;
  }

  #setUnavailable(fault: string | null): void {
    const unavailable = fault !== null;
    if (unavailable && !this.#unavailable)
      this.#deps.log.warn({ detail: fault }, 'Dapr pub/sub accepts no events; they stay in the outbox.');
    if (!unavailable && this.#unavailable) this.#deps.log.info({}, 'Dapr pub/sub accepts events again.');
    this.#unavailable = unavailable;
    this.#deps.metrics.pubsubUnavailable.set(unavailable ? 1 : 0);
  }

  /** Resolves when the buffer is empty and no sweep is running. */
  async idle(): Promise<void> {
    await this.#draining;
    await this.#sweeping;
  }
}
