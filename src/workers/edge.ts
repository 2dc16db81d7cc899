// The second destination of the outbox: pub/sub at the edge (Dapr). It gets what BullMQ has, and removes the rows. While
// it is away rows are marked, so that neither BullMQ nor the sweep for it ever sees them again.
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { eventsForEdge, leaveToEdge, removeEvents } from '../store/outbox.ts';
import type { Database } from '../store/database.ts';
import { outboxCloudEvent, type CloudEvent, type OutboxEvent, type OutboxTopic } from '../turns/events.ts';

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
export type PublishAtEdge = (topic: OutboxTopic, events: readonly CloudEvent[]) => Promise<Published>;

const idsOf = (events: readonly OutboxEvent[]): string[] => events.map(({ eventId }) => eventId);

export class Edge {
  readonly #database: Database;
  readonly #publish: PublishAtEdge;
  readonly #metrics: Metrics;
  readonly #log: Log;
  #waiting: OutboxEvent[] = [];
  #draining: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;
  #away = false;

  constructor(database: Database, publish: PublishAtEdge, metrics: Metrics, log: Log) {
    this.#database = database;
    this.#publish = publish;
    this.#metrics = metrics;
    metrics.edgeAway.set(0);
    this.#log = log;
  }

  /** Takes over events that BullMQ has. What comes while a call is under way goes together in the next. */
  push(events: readonly OutboxEvent[]): void {
    this.#waiting.push(...events);
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0, BATCH);
      try {
        // Only a sweep asks an edge that is away, so that nothing here waits for it.
        const left = this.#away ? events : await this.#send(events, true);
        if (left.length > 0) await leaveToEdge(this.#database, idsOf(left));
      } catch (error) {
        this.#log.debug({ detail: (error as Error).message }, 'Events at the edge could not be settled.');
      }
    }
  }

  /** Starts publishing what is left for the edge, unless that is under way. */
  sweep(): void {
    this.#sweeping ??= this.#sweepAll().finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweepAll(): Promise<void> {
    try {
      for (;;) {
        const limit = this.#away ? PROBE : BATCH;
        const events = await eventsForEdge(this.#database, limit);
        if (events.length === 0) return;
        const left = await this.#send(events, false);
        // To the back of the line, so that some which are never taken keep no others from their turn.
        if (left.length > 0) return await leaveToEdge(this.#database, idsOf(left));
        if (events.length < limit) return;
      }
    } catch (error) {
      this.#log.debug({ detail: (error as Error).message }, 'A sweep for the edge was cut short.');
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
    this.#setAway(settled.size === 0 ? fault : null);
    if (settled.size === 0) return left;
    for (const { topic, eventId: event } of left)
      this.#log[first ? 'warn' : 'debug']({ topic, event, detail: fault }, 'An event was not taken by Dapr pub/sub.');
    await removeEvents(this.#database, [...settled]);
    return left;
  }

  async #sendTo(topic: OutboxTopic, events: readonly CloudEvent[]): Promise<Published> {
    const result = await this.#publish(topic, events);
    this.#metrics.edgeEventsPublished.inc({ topic }, result.out.size);
    this.#metrics.edgeEventsRefused.inc({ topic }, result.refused.size);
    for (const id of result.refused) this.#log.error({ topic, event: id }, 'Dapr pub/sub refuses an event for ever.');
    return result;
  }

  #setAway(fault: string | null): void {
    const away = fault !== null;
    if (away && !this.#away)
      this.#log.warn({ detail: fault }, 'Dapr pub/sub takes no events; they stay in the outbox.');
    if (!away && this.#away) this.#log.info({}, 'Dapr pub/sub takes events again.');
    this.#away = away;
    this.#metrics.edgeAway.set(away ? 1 : 0);
  }

  /** Resolves when nothing waits in memory. */
  async idle(): Promise<void> {
    await this.#draining;
    await this.#sweeping;
  }
}
