// Hears the pieces of replies for all readers of this process, on one connection, and reads kept ones. A channel a turn
// rather than one blocking read over all streams: that read would have to be broken off and begun again with every
// reader who comes or goes, costs all keys with every answer, and does not work over the slots of a Redis Cluster.
import type { RedisConnection } from './connection.ts';
import type { DeltaFeed, DeltaListener, DeltaRecord, Generation } from '../domain/delta.ts';
import { channelOf, entryIdOf, recordOf, recordOfMessage, streamOf, turnOfChannel } from './delta-records.ts';

/** Records of one read: a reader who does not take them has no more than this in memory. */
const PAGE = 32;

export class RedisDeltaFeed implements DeltaFeed {
  readonly #redis: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #listeners = new Map<string, Set<DeltaListener>>();

  /** `subscriber` is used for nothing else. */
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
    // After a reconnect ioredis subscribes again by itself; what was told in between was not heard.
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
      // Rejects only when the connection is ended for good.
      this.#subscriber.unsubscribe(channelOf(turnId)).catch(() => {});
    };
  }

  /** What was written before the subscription stood was not heard, so everybody reads once more. */
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
