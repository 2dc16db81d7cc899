import test from 'ava';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { fileOwner } from './owner.ts';
import { freshDatabase, redisUrl, startPostgresServer, startRedisServer } from './services.ts';

const file = fileOwner();
let shared: string;
test.before(async () => {
  shared = (await freshDatabase(file)).url;
});

async function select<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

test('every caller gets its own database', async (t) => {
  const { url } = await freshDatabase(t);
  await select(url, 'CREATE TABLE here ()');
  await t.throwsAsync(select(shared, 'SELECT * FROM here'), { message: /does not exist/ });
});

test('every caller gets its own Redis database', async (t) => {
  const clients = [await redisUrl(t), await redisUrl(t)].map((url) => new Redis(url));
  t.teardown(() => clients.forEach((client) => client.disconnect()));
  await clients[0]!.set('key', 'value');
  t.is(await clients[1]!.get('key'), null);
});

test('a server that a test started keeps its address and data after a kill and a restart', async (t) => {
  const postgres = await startPostgresServer(t);
  await select(postgres.url, 'CREATE TABLE kept ()');
  await postgres.kill();
  await t.throwsAsync(select(postgres.url, 'SELECT 1'));
  await postgres.restart();
  t.deepEqual(await select(postgres.url, 'SELECT * FROM kept'), []);

  const redis = await startRedisServer(t);
  const client = new Redis(redis.url);
  client.on('error', () => {});
  t.teardown(() => client.disconnect());
  await client.set('key', 'value');
  await redis.stop();
  await redis.restart();
  t.is(await client.get('key'), 'value');
});
