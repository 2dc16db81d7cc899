// Connections to Redis. Who only publishes must fail fast; who consumes waits for Redis to come back.
import { Redis } from 'ioredis';
import type { Log } from '../telemetry/log.ts';

/** The type of a connection, for folders that do not import ioredis. */
export type RedisConnection = Redis;

const RECONNECT_MAX_MS = 1_000;

const common = {
  retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 6), RECONNECT_MAX_MS),
  // Commands of one turn of the event loop share a write: under load most of what Redis costs us is writing.
  enableAutoPipelining: true,
};

/** A command fails at once while Redis is away. */
const FAIL_FAST = { ...common, enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 5_000 };
/** A blocking command waits, for as long as it takes. */
const PATIENT = { ...common, maxRetriesPerRequest: null };

export type Patience = 'fail-fast' | 'patient';

/** A connection that is ready, and reconnects by itself from then on; an outage is logged once. */
export async function connectRedis(url: string, patience: Patience, log: Log): Promise<Redis> {
  const redis = new Redis(url, patience === 'patient' ? PATIENT : FAIL_FAST);
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ detail: error.message }, 'Redis does not answer.');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({}, 'Redis answers again.');
    away = false;
  });
  // BullMQ never recovers from a fail-fast connection that it was given too early.
  await new Promise<void>((resolve) => {
    redis.once('ready', resolve);
  });
  return redis;
}

/** Refuses a Redis that may throw keys away, which would lose jobs. Rejects where it does not answer. */
export async function checkRedisKeepsKeys(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5_000,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    const memory = await redis.info('memory');
    const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1];
    if (policy !== undefined && policy !== 'noeviction') {
      throw new Error(`REDIS_URL: its maxmemory-policy is ${policy}, which may evict keys; set it to noeviction`);
    }
  } finally {
    redis.disconnect();
  }
}
