import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { Client } from 'pg';
import { isAvailable, startApp } from '../support/app.ts';
import { chat, waitForTurn, eventually } from '../support/client.ts';
import { startScriptedModel } from '../support/model.ts';
import { startRoles } from '../support/roles.ts';
import { startPostgresServer, startRedisServer } from '../support/services.ts';
import { scrapeOf } from './scrape.ts';

const METRICS = { METRICS_PORT: '0' };
const runOnDapr = isAvailable('dapr') ? test : test.skip;

test('without METRICS_PORT there is no metrics port', async (t) => {
  t.is((await startApp(t)).metricsUrl, null);
});

test('the metrics port requires no key and serves only its three paths', async (t) => {
  const { metricsUrl } = await startApp(t, {
    settings: { ...METRICS, AUTH: 'keys', API_KEYS: `admin:admin:${'0'.repeat(64)}` },
  });
  t.is((await fetch(`${metricsUrl}/livez`)).status, 200);
  t.deepEqual(await (await fetch(`${metricsUrl}/readyz`)).json(), {
    status: 'ready',
    draining: false,
    up: { database: true, redis: true, actors: true },
  });
  const scraped = await fetch(`${metricsUrl}/metrics?x=1`);
  t.is(scraped.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.is((await fetch(`${metricsUrl}/metrics`, { method: 'HEAD' })).status, 200);
  for (const [path, method, status] of [
    ['/', 'GET', 404],
    ['/chat', 'POST', 404],
    ['/constructor', 'GET', 404],
    ['/metrics', 'POST', 405],
  ] as const) {
    const refused = await fetch(metricsUrl + path, { method });
    t.is(refused.status, status, path);
    t.is(refused.headers.get('content-type'), 'application/problem+json');
    t.like(await refused.json(), { status });
  }
});

test('if the metrics port is in use, the error names the setting', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const error = await t.throwsAsync(startApp(t, { settings: { METRICS_PORT: String(port) } }));
  t.regex(error.message, /set METRICS_PORT/);
});

test('if the database or Redis is unavailable, a scrape reports it, leaves out unknown values, and succeeds', async (t) => {
  const [postgres, redis] = await Promise.all([startPostgresServer(t), startRedisServer(t)]);
  const { metricsUrl } = await startApp(t, { databaseUrl: postgres.url, redisUrl: redis.url, settings: METRICS });
  const readable = async (store: string) =>
    (await scrapeOf(metricsUrl!)).value('turnkeeper_backlog_readable', { store });
  const until = (store: string, value: number) =>
    eventually(`${store} is ${value}`, async () => (await readable(store)) === value, 30_000);
  await until('database', 1);
  await until('queues', 1);

  // A statement that hangs instead of failing.
  const holder = new Client(postgres.url);
  holder.on('error', () => {});
  await holder.connect();
  await holder.query('begin; lock table erasures in access exclusive mode');
  await until('database', 0);
  const frozen = await scrapeOf(metricsUrl!);
  t.is(frozen.value('turnkeeper_turns_waiting'), undefined);
  t.is(frozen.value('turnkeeper_outbox_events'), undefined);
  t.is(frozen.value('turnkeeper_jobs', { topic: 'chat-requests', state: 'waiting' }), 0);
  t.true(frozen.types.has('turnkeeper_turns_waiting'));
  await holder.end();
  await until('database', 1);

  await redis.kill();
  await until('queues', 0);
  const withoutRedis = await scrapeOf(metricsUrl!);
  t.is(withoutRedis.value('turnkeeper_jobs'), undefined);
  t.is(withoutRedis.value('turnkeeper_turns_waiting'), 0);
  await redis.restart();
  await until('queues', 1);

  await postgres.kill();
  await until('database', 0);
  t.is((await fetch(`${metricsUrl}/livez`)).status, 200);
  t.is((await fetch(`${metricsUrl}/readyz`)).status, 503);
});

runOnDapr('each role has a metrics port and reports only its own metrics', async (t) => {
  t.timeout(120_000);
  const roles = await startRoles(t, await startScriptedModel(t), METRICS);
  const portOf = (role: keyof typeof roles) => /metrics {3}(\S+)\/metrics/.exec(roles[role].output())![1]!;
  const { turn_id } = await chat(roles.http.url, { user_id: 'ann', text: 'hello' });
  await waitForTurn(roles.http.url, turn_id);
  const [http, worker, actors] = await Promise.all([
    scrapeOf(portOf('http')),
    scrapeOf(portOf('worker')),
    scrapeOf(portOf('actors')),
  ]);
  t.is(http.value('turnkeeper_turns_accepted_total'), 1);
  t.is(worker.value('turnkeeper_turns_finished_total', { status: 'completed' }), 1);
  t.is(worker.value('turnkeeper_turn_duration_seconds_count', { status: 'completed' }), 1);
  t.is(worker.value('turnkeeper_edge_away'), 0);
  for (const scraped of [http, worker]) t.is(scraped.value('turnkeeper_turns_waiting'), 0);
  t.is(http.value('turnkeeper_edge_away'), undefined);
  t.is(actors.value('turnkeeper_turns_waiting'), undefined);
  for (const role of ['http', 'worker', 'actors'] as const) {
    for (const path of ['/livez', '/readyz']) t.is((await fetch(portOf(role) + path)).status, 200, `${role} ${path}`);
  }
});
