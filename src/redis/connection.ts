// Connections to Redis. Publishers must fail fast; consumers wait until Redis is available again.
import { Redis } from 'ioredis';
import type { Log } from '../telemetry/log.ts';

/** The type of a connection, for folders that do not import ioredis. */
export type RedisConnection = Redis;

const RECONNECT_MAX_MS = 1_000;

/** Nothing reports that the other end of a connection has gone. So each connection asks for an answer this often, also
 *  one that only receives hints, and is opened again if there is none within `socketTimeout`. */
const PING_MS = 4_000;

const common = {
  retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 6), RECONNECT_MAX_MS),
  connectTimeout: 5_000,
};

/** A command fails at once while Redis is unavailable. */
const FAIL_FAST = {
  ...common,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 5_000,
  socketTimeout: 6_000,
};
/** A blocking command waits without a timeout of its own. BullMQ's wait for 10 s at most. */
const PATIENT = { ...common, maxRetriesPerRequest: null, socketTimeout: 12_000 };

/** Replies with which Redis refuses commands for a while: it loads its data, cannot write, or is full. */
const REFUSALS = /^(?:LOADING|READONLY|MISCONF|OOM|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS)\b/;
const UNANSWERED =
  /Connection is closed|isn't writeable|timed out|timeout|connection close|E(?:CONN|PIPE|TIMEDOUT|HOST)/;

/** Whether an error of a command means that Redis is unavailable, rather than that the command is wrong. */
export function isRedisUnavailable(error: unknown): boolean {
  const { name, message } = error as Error;
  if (name === 'ReplyError') return REFUSALS.test(message);
  return name === 'MaxRetriesPerRequestError' || UNANSWERED.test(message);
}

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
  const pinging = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => {});
  }, PING_MS).unref();
  redis.on('end', () => clearInterval(pinging));
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
