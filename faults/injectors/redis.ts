// Faults of Redis: ended, emptied, paused, full.
import { connectRedis, type RedisConnection } from '../../src/redis/connection.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { BOTH, type Kind, type Strike } from './kind.ts';

const log = createLog('silent');

/** Runs commands without a proxy. */
async function withRedis(strike: Strike, work: (redis: RedisConnection) => Promise<unknown>): Promise<void> {
  const redis = await connectRedis(strike.system.base.redis.url, 'patient', log);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
}

const REDIS = { runtimes: BOTH, group: 'redis' } as const;

export const REDIS_KINDS: readonly Kind[] = [
  {
    ...REDIS,
    name: 'redis-killed',
    rows: [7, 8],
    seconds: 1,
    async inject({ system }) {
      await system.base.redis.restart('SIGKILL', 5_000);
      return { heal: () => {} };
    },
  },
  {
    ...REDIS,
    name: 'redis-frozen',
    rows: [7, 9],
    seconds: 8,
    inject({ system }) {
      const { redis } = system.base;
      redis.signalAll('SIGSTOP');
      return { heal: () => redis.signalAll('SIGCONT') };
    },
  },
  {
    ...REDIS,
    name: 'redis-emptied',
    rows: [8, 27],
    seconds: 3,
    async inject(strike) {
      await withRedis(strike, (redis) => redis.flushall());
      return { heal: () => {} };
    },
  },
  {
    ...REDIS,
    name: 'redis-paused',
    rows: [9],
    seconds: 6,
    async inject(strike) {
      await withRedis(strike, (redis) => redis.call('CLIENT', 'PAUSE', '6000', 'ALL'));
      return { heal: () => {} };
    },
  },
  {
    ...REDIS,
    name: 'redis-full',
    rows: [9],
    seconds: 5,
    async inject(strike) {
      await withRedis(strike, (redis) => redis.config('SET', 'maxmemory', '1mb'));
      return { heal: () => withRedis(strike, (redis) => redis.config('SET', 'maxmemory', '0')) };
    },
  },
  {
    ...REDIS,
    name: 'redis-scripts-flushed',
    rows: [9],
    seconds: 2,
    async inject(strike) {
      await withRedis(strike, (redis) => redis.script('FLUSH'));
      return { heal: () => {} };
    },
  },
];
