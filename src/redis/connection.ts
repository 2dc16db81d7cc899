// Connections to Redis. Publishers must fail fast; consumers wait until Redis is available again.
import { Redis } from 'ioredis';
import type { Log } from '../telemetry/log.ts';

/** The type of a connection, for folders that do not import ioredis. */
export type RedisConnection = Redis;

const RECONNECT_MAX_MS = 1_000;

const common = {
  retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 6), RECONNECT_MAX_MS),
};

/** A command fails at once while Redis is unavailable. */
const FAIL_FAST = { ...common, enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 5_000 };
/** A blocking command waits without a timeout. */
const PATIENT = { ...common, maxRetriesPerRequest: null };

export type Patience = 'fail-fast' | 'patient';

/** Resolves with a connection that is ready. It reconnects by itself, and logs each outage once. */
export async function connectRedis(url: string, patience: Patience, log: Log): Promise<Redis> {
  const redis = new Redis(url, patience === 'patient' ? PATIENT : FAIL_FAST);
  let unavailable = false;
  redis.on('error', (error: Error) => {
    if (!unavailable) log.warn({ detail: error.message }, 'Redis does not answer.');
    unavailable = true;
  });
  redis.on('ready', () => {
    if (unavailable) log.info({}, 'Redis answers again.');
    unavailable = false;
  });
  // BullMQ does not recover if it gets a fail-fast connection before it is ready.
  await new Promise<void>((resolve) => {
    redis.once('ready', resolve);
  });
  return redis;
}

/** Rejects if Redis may evict keys, which would lose jobs, or if it does not answer. */
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
