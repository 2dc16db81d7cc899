// Receives deltas for all readers of this process on one connection, and reads stored deltas. Each turn has a channel,
// rather than one blocking read over all streams: that read would have to be restarted for every reader that comes or
// goes, would send all keys again after every result, and does not work across the slots of a Redis Cluster.
import type { RedisConnection } from './connection.ts';
import type { DeltaFeed, DeltaListener, DeltaRecord, Generation } from '../domain/delta.ts';
import { channelOf, entryIdOf, recordOf, recordOfMessage, streamOf, turnOfChannel } from './delta-records.ts';

/** Maximum of records in one read, and so in the memory of a slow reader. */
const PAGE = 32;

export class RedisDeltaFeed implements DeltaFeed {
  readonly #redis: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #listeners = new Map<string, Set<DeltaListener>>();

  /** `subscriber` must not be used for anything else. */
  constructor(redis: RedisConnection, subscriber: RedisConnection) {
    this.#redis = redis;
    this.#subscriber = subscriber;
  }

  start(): void {
    this.#subscriber.on('message', (channel: string, message: string) => {
      const listeners = this.#listeners.get(turnOfChannel(channel));
      if (!listeners) return;
      const record = recordOfMessage(message);
      for (const listener of listeners) listener.record(record);
    });
    // After a reconnect ioredis subscribes again by itself, but the messages in between are lost.
    this.#subscriber.on('ready', () => {
      for (const turnId of this.#listeners.keys()) this.#subscribe(turnId);
    });
  }

  get listening(): boolean {
    return this.#subscriber.status === 'ready';
  }

  follow(turnId: string, listener: DeltaListener): () => void {
    const known = this.#listeners.get(turnId);
    if (known) known.add(listener);
    else {
      this.#listeners.set(turnId, new Set([listener]));
      this.#subscribe(turnId);
    }
    return () => {
      const listeners = this.#listeners.get(turnId);
      if (!listeners?.delete(listener) || listeners.size > 0) return;
      this.#listeners.delete(turnId);
      // Rejects only if the connection is closed for good.
      this.#subscriber.unsubscribe(channelOf(turnId)).catch(() => {});
    };
  }

  /** Messages before the subscription is active are lost, so all listeners read again then. */
  #subscribe(turnId: string): void {
    this.#subscriber
      .subscribe(channelOf(turnId))
      .then(() => {
        for (const each of this.#listeners.get(turnId) ?? []) each.missed();
      })
      .catch(() => {});
  }

  async read(turnId: string, after: Generation & { readonly offset: number }): Promise<DeltaRecord[]> {
    const from = `(${entryIdOf(after, after.offset)}`;
    const entries = await this.#redis.xrange(streamOf(turnId), from, '+', 'COUNT', PAGE);
    return entries.map(([id, fields]) => recordOf(id, fields[1] ?? ''));
  }
}
