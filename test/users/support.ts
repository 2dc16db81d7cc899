// Searches all stores for a word, and erases a user.
import { Redis } from 'ioredis';
import pg from 'pg';
import type { TestApp } from '../support/app.ts';
import { call, eventually } from '../support/client.ts';

export interface ErasureJson {
  readonly erasure_id: string;
  readonly status: string;
  readonly requested_at: string;
  readonly finished_at: string | null;
}

/** Returns the tables whose rows contain the word, including Dapr's tables. */
async function inDatabase(url: string, word: string): Promise<string[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    const found: string[] = [];
    for (const { name } of rows) {
      const hits = await client.query(`select 1 from "${name}" x where x::text like '%' || $1 || '%' limit 1`, [word]);
      if (hits.rowCount! > 0) found.push(`table ${name}`);
    }
    return found;
  } finally {
    await client.end();
  }
}

const READERS: Readonly<Record<string, (redis: Redis, key: string) => Promise<unknown>>> = {
  string: (redis, key) => redis.get(key),
  hash: (redis, key) => redis.hgetall(key),
  list: (redis, key) => redis.lrange(key, 0, -1),
  set: (redis, key) => redis.smembers(key),
  zset: (redis, key) => redis.zrange(key, '0', '-1'),
  stream: (redis, key) => redis.xrange(key, '-', '+'),
};

/** Returns the Redis keys that contain the word in their name or value. */
async function inRedis(url: string, word: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const found: string[] = [];
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key);
      if (type === 'none') continue;
      const value = await READERS[type]!(redis, key);
      if (`${key} ${JSON.stringify(value)}`.includes(word)) found.push(`key ${key}`);
    }
    return found;
  } finally {
    redis.disconnect();
  }
}

/** Returns all tables and Redis keys that contain the word. */
export const locationsOf = async ({ databaseUrl, redisUrl }: TestApp, word: string): Promise<string[]> => [
  ...(await inDatabase(databaseUrl, word)),
  ...(await inRedis(redisUrl, word)),
];

/** Requests the erasure of a user. @throws if the response is not 202 with a Location */
export async function erase(url: string, userId: string): Promise<ErasureJson> {
  const { status, body, headers } = await call<ErasureJson>(url, `/users/${userId}`, { method: 'DELETE' });
  if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
  if (headers.get('location') !== `/erasures/${body.erasure_id}`) throw new Error('no location');
  return body;
}

/** Waits until the erasure is completed. */
export const waitForErasure = (url: string, { erasure_id: id }: ErasureJson): Promise<ErasureJson> =>
  eventually(
    'the erasure is completed',
    async () => {
      const { body } = await call<ErasureJson>(url, `/erasures/${id}`);
      return body.status === 'completed' && body;
    },
    60_000,
  );
