import test from 'ava';
import { Redis } from 'ioredis';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../local/redis.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from '../support/folder.ts';

const log = createLog('warn');

async function withClient<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  client.on('error', () => {}); // the commands fail
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function start(t: { teardown(work: () => unknown): void }, dataDir: string): Promise<EmbeddedRedis> {
  const server = await startEmbeddedRedis({ dataDir, log });
  t.teardown(() => server.stop());
  return server;
}

test('data, port and password stay the same after a restart', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await start(t, dataDir);
  await withClient(first.url, (client) => client.set('word', 'tea'));
  await first.stop();
  t.deepEqual(await first.exited, { code: 0, signal: null });
  const second = await start(t, dataDir);
  t.is(second.url, first.url);
  t.is(await withClient(second.url, (client) => client.get('word')), 'tea');
});

test('the server never evicts keys, writes all changes to disk and requires a password', async (t) => {
  const server = await start(t, temporaryFolder(t));
  const settings = await withClient(server.url, async (client) => [
    await client.config('GET', 'maxmemory-policy'),
    await client.config('GET', 'appendonly'),
    await client.config('GET', 'appendfsync'),
    await client.config('GET', 'bind'),
  ]);
  t.deepEqual(settings, [
    ['maxmemory-policy', 'noeviction'],
    ['appendonly', 'yes'],
    ['appendfsync', 'everysec'],
    ['bind', '127.0.0.1'],
  ]);
  await t.throwsAsync(
    withClient(`redis://127.0.0.1:${server.port}`, (client) => client.ping()),
    { message: /NOAUTH/ },
  );
  t.false(server.detail.includes(new URL(server.url).password));
});

test('the server starts again after kill -9', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await start(t, dataDir);
  first.kill('SIGKILL');
  t.deepEqual(await first.exited, { code: null, signal: 'SIGKILL' });
  const second = await start(t, dataDir);
  t.is(await withClient(second.url, (client) => client.ping()), 'PONG');
});
