import test from 'ava';
import { Redis } from 'ioredis';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually, type TurnJson } from '../support/client.ts';
import { startPostgresServer, startRedisServer } from '../support/services.ts';

const ready = async (url: string) => (await fetch(`${url}/readyz`)).status === 200;

test('turns are accepted while Redis is unavailable and answered when it is back', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'before' })).turn_id)).reply, 'echo: before');
  await redis.kill();
  const turns = await Promise.all(['one', 'two', 'three'].map((text) => chat(url, { user_id: 'ann', text })));
  t.is((await call(url, `/turns/${turns[0]!.turn_id}?wait=1`)).status, 200);
  const { status, body } = await call(url, '/readyz?verbose');
  t.is(status, 503);
  t.like(body, { status: 'unready', checks: { redis: { status: 'down' }, database: { status: 'up' } } });
  await redis.restart();
  for (const turn of turns) t.is((await waitForTurn(url, turn.turn_id)).reply, `echo: ${turn.text}`);
  t.true(await eventually('ready again', () => ready(url)));
});

test('no turn is lost if Redis loses all its data', async (t) => {
  const redis = await startRedisServer(t);
  // The first turn keeps the worker busy while the jobs of the others are deleted.
  const { url, model } = await startApp(t, { redisUrl: redis.url, settings: { WORKER_CONCURRENCY: '1' } });
  model.script((one) => ({ delayMs: one.lastUserMessage === 'slow' ? 1_500 : 0 }));
  const turns = [await chat(url, { user_id: 'slow', text: 'slow' })];
  for (let number = 0; number < 20; number += 1)
    turns.push(await chat(url, { user_id: `user-${number}`, text: `message ${number}` }));
  const admin = new Redis(redis.url);
  t.teardown(() => admin.disconnect());
  await admin.flushall();
  for (const turn of turns) t.is((await waitForTurn(url, turn.turn_id)).reply, `echo: ${turn.text}`);
  t.is(model.chatCalls.length, turns.length);
});

test('an unavailable database causes 503 with Retry-After, and the process recovers without a restart', async (t) => {
  const postgres = await startPostgresServer(t);
  const { url, fatal } = await startApp(t, { databaseUrl: postgres.url });
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'before' })).turn_id);
  await postgres.kill();
  await eventually('unready', async () => !(await ready(url)));
  for (const path of ['/users/ann/turns', '/conversations/00000000-0000-4000-8000-000000000000', '/analytics/ann']) {
    const { status, body, headers } = await call(url, path);
    t.is(status, 503, path);
    t.is(headers.get('content-type'), 'application/problem+json');
    t.truthy(headers.get('retry-after'));
    t.is(body['code'], 'database_unavailable');
  }
  const refused = await call(url, '/chat', { body: { user_id: 'ann', text: 'now' } });
  t.is(refused.status, 503);
  t.truthy(refused.headers.get('retry-after'));
  t.is((await call(url, '/memories/ann')).status, 503);
  t.is((await call(url, '/livez')).status, 200, 'the process is alive: a restart would not help');
  await postgres.restart();
  t.true(await eventually('ready again', () => ready(url)));
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'after' })).turn_id)).reply, 'echo: after');
  t.deepEqual(fatal, []);
});

test('a reply is committed after the database was unavailable during the model call', async (t) => {
  const postgres = await startPostgresServer(t);
  const { url, model } = await startApp(t, { databaseUrl: postgres.url, settings: { LEASE_S: '30' } });
  const called = new Promise<void>((resolve) => {
    model.script(() => {
      resolve();
      return { delayMs: 500 };
    });
  });
  const turn = await chat(url, { user_id: 'ann', text: 'hold on' });
  await called;
  await postgres.kill();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await postgres.restart();
  const final = await eventually<TurnJson>('the turn is completed', async () => {
    const { status, body } = await call<TurnJson>(url, `/turns/${turn.turn_id}`);
    return status === 200 && body.status === 'completed' && body;
  });
  t.like(final, { reply: 'echo: hold on', attempts: 1 });
  t.is(model.count('hold on'), 1, 'the model was called once');
});
