import test from 'ava';
import { Redis } from 'ioredis';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { WebhookSender } from '../../src/webhooks/webhook-sender.ts';
import { resolverFor } from '../../src/outbound/names.ts';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import {
  deliveriesOf,
  waitForDelivery,
  PRIVATE,
  register,
  startReceiver,
  status,
  verified,
  type WebhookJson,
} from './support.ts';

/** Duration of an attempt that gets no response. */
const ATTEMPT_MS = 15_000;

test('a receiver that never answers does not delay other receivers', async (t) => {
  const [silent, quick] = [await startReceiver(t), await startReceiver(t)];
  silent.answer = () => {};
  const { url } = await startApp(t, { settings: PRIVATE });
  const slow = await register(url, { url: silent.url, user_id: 'slow' });
  for (let n = 0; n < 60; n += 1) await call(url, `/webhooks/${slow.webhook_id}/test`, { method: 'POST' });
  await silent.has(1);
  const hook = await register(url, { url: quick.url, user_id: 'ann' });
  const startedAt = Date.now();
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
  await quick.has(1);
  t.true(Date.now() - startedAt < ATTEMPT_MS - 3_000);
  t.like((await deliveriesOf(url, hook))[0], { attempts: 1 });
  t.true(silent.received.length <= 32, `${silent.received.length} concurrent attempts at one receiver`);
});

test('two senders send each due delivery once', async (t) => {
  t.timeout(60_000);
  const receiver = await startReceiver(t);
  const { url, databaseUrl } = await startApp(t, { settings: PRIVATE });
  const hooks: WebhookJson[] = [];
  for (const user of ['ann', 'ben', 'cleo']) hooks.push(await register(url, { url: receiver.url, user_id: user }));
  const database = new Database(await connect(databaseUrl, { poolSize: 4 }));
  t.teardown(() => database.close());
  const other = new WebhookSender({
    database,
    post: { allowPrivate: true, resolve: resolverFor(true) },
    show: () => ({}),
    metrics: createMetrics(),
    log: createLog('silent'),
  });
  receiver.answer = (response) => void setTimeout(() => status(204)(response), 5);
  const pings = [];
  for (let n = 0; n < 90; n += 1) {
    pings.push(call(url, `/webhooks/${hooks[n % 3]!.webhook_id}/test`, { method: 'POST' }));
    if (n % 10 === 0) await other.sweep();
  }
  await Promise.all(pings);
  await eventually('all delivered', async () => {
    await other.sweep();
    const delivered = await Promise.all(hooks.map((hook) => deliveriesOf(url, hook, '?status=delivered')));
    return delivered.flat().length === 90;
  });
  await other.stop(1_000);
  const ids = receiver.received.map(({ id }) => id);
  t.is(ids.length, 90);
  t.is(new Set(ids).size, 90);
});

test('no delivery is lost if Redis loses all its data', async (t) => {
  const receiver = await startReceiver(t);
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { settings: PRIVATE, redisUrl: redis.url });
  const hook = await register(url, { url: receiver.url });
  receiver.answer = status(503);
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
  await waitForDelivery(url, hook, ({ last_status: last }) => last === 503);
  const admin = new Redis(redis.url);
  t.teardown(() => admin.disconnect());
  await admin.flushall();
  receiver.answer = status(204);
  t.like(await waitForDelivery(url, hook, (now) => now.status === 'delivered'), { attempts: 2 });
});

test('a delivery of a process that ended right after the commit is sent by another process', async (t) => {
  const receiver = await startReceiver(t);
  const model = await startScriptedModel(t, () => ({ delayMs: 60_000 }));
  const app = await startApp(t, { settings: PRIVATE, model });
  const hook = await register(app.url, { url: receiver.url });
  const turn = await chat(app.url, { user_id: 'ann', text: 'hello' });
  await eventually('the model call', async () => model.chatCalls.length > 0);
  const ingress = await startSecondIngress(t, app);
  await app.stop();
  // This ingress has no webhook sender, so it commits a delivery and does not send it.
  t.is((await call(ingress.url, `/turns/${turn.turn_id}/cancel`, { method: 'POST' })).status, 200);
  await ingress.stop();
  t.is(receiver.received.length, 0);
  const { databaseUrl, redisUrl } = app;
  const next = await startApp(t, { settings: PRIVATE, model, databaseUrl, redisUrl });
  const [one] = await receiver.has(1);
  t.like(one!.event, { type: 'turn.cancelled' });
  verified(hook.secret, one!);
  await waitForDelivery(next.url, hook, (now) => now.status === 'delivered');
});

test('after kill -9 during turns and deliveries every final turn is delivered, each under one id', async (t) => {
  t.timeout(180_000);
  const receiver = await startReceiver(t);
  const model = await startScriptedModel(t, () => ({ delayMs: 50 }));
  const env = {
    ...PRIVATE,
    DATA_DIR: temporaryFolder(t),
    ACTOR_RUNTIME: 'embedded',
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_MODEL: SCRIPTED_MODEL,
  };
  const before = await startProcess(t, { env });
  const hook = await register(before.url, { url: receiver.url });
  // Every second delivery is in flight when the processes are killed.
  receiver.answer = (response, { event }) => (event.data.seq % 2 === 0 ? status(204)(response) : undefined);
  const turns = await Promise.all(
    Array.from({ length: 60 }, (_, n) => chat(before.url, { user_id: `user-${n % 10}`, text: `message ${n}` })),
  );
  await receiver.has(6);
  await before.killAll();
  receiver.answer = status(204);
  const after = await startProcess(t, { env });
  for (const { turn_id: id } of turns) t.is((await waitForTurn(after.url, id)).status, 'completed');
  await eventually(
    'all delivered',
    async () => (await deliveriesOf(after.url, hook, '?limit=100&status=delivered')).length === turns.length,
    60_000,
  );
  const ids = Map.groupBy(receiver.received, ({ event }) => event.data.turn_id);
  t.deepEqual([...ids.keys()].toSorted(), turns.map(({ turn_id: id }) => id).toSorted());
  for (const events of ids.values()) t.is(new Set(events.map(({ id }) => id)).size, 1);
  t.is(await after.stop(), 0);
});
