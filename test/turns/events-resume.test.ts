import test from 'ava';
import { Redis } from 'ioredis';
import { connect } from '../../src/store/connect.ts';
import { isAvailable, startApp, type TestApp } from '../support/app.ts';
import { chat, ended, eventually } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import { openEvents, read, Reading } from '../support/sse.ts';

const REPLY = Array.from({ length: 60 }, (_, number) => `word-${number}`).join(' ');
const someDeltas = (least: number) => (reading: Reading) =>
  reading.events.filter(({ event }) => event === 'delta').length >= least;

/** A turn whose reply comes word by word. */
async function slowTurn({ url, model }: TestApp, trickleMs = 20): Promise<string> {
  model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs } : {}));
  return (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id;
}

test('a stream that breaks again and again is resumed at another ingress without gap or repeat', async (t) => {
  const app = await startApp(t);
  const other = await startSecondIngress(t, app);
  const turnId = await slowTurn(app);
  const reading = new Reading();
  for (let cut = 0; !reading.isOver; cut += 1) {
    const until = reading.events.length + 1 + Math.floor(Math.random() * 6);
    await read(cut % 2 ? other.url : app.url, turnId, reading, ({ events }) => events.length >= until);
  }
  t.is(reading.text, REPLY);
  t.is(reading.begun, 1);
});

const dapr = isAvailable('dapr') ? test : test.skip;
dapr('dapr: an ingress process that is replaced ends its streams, and another one goes on with them', async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  const { databaseUrl, redisUrl, model, placement } = app;
  const http = await startApp(t, {
    runtime: 'dapr',
    roles: 'http',
    databaseUrl,
    redisUrl,
    model,
    placement: placement!,
  });
  const turnId = await slowTurn(app, 50);
  let stopping: Promise<void> | undefined;
  // It stops in mid-stream, and the stream just ends.
  const reading = await read(http.url, turnId, new Reading(), (now) => {
    if (someDeltas(3)(now)) stopping ??= http.stop();
    return false;
  });
  t.false(reading.isOver);
  await stopping;
  await read(app.url, turnId, reading);
  t.is(reading.text, REPLY);
});

test('stopping ends streams at once, and cancels nothing', async (t) => {
  const app = await startApp(t);
  const other = await startSecondIngress(t, app);
  const turnId = await slowTurn(app, 50);
  const reading = await read(other.url, turnId, new Reading(), (now) => {
    if (someDeltas(2)(now)) void other.stop();
    return false;
  });
  const begun = performance.now();
  await other.stop();
  t.true(performance.now() - begun < 3_000, 'it does not wait for the deadline');
  t.false(reading.isOver);
  t.is((await read(app.url, turnId, reading)).text, REPLY);
  t.is(app.model.chatCalls.length, 1);
});

test('a client that hangs up cancels nothing', async (t) => {
  const app = await startApp(t);
  const turnId = await slowTurn(app);
  await read(app.url, turnId, new Reading(), someDeltas(1));
  t.like(await ended(app.url, turnId), { status: 'completed', reply: REPLY, attempts: 1 });
});

for (const [what, lose] of [
  ['after its end', async (app: TestApp, turnId: string) => void (await ended(app.url, turnId))],
  ['while it is written', async () => {}],
] as const) {
  test(`a stream that was lost ${what}: the rest comes from the row, then the final turn`, async (t) => {
    const app = await startApp(t);
    const turnId = await slowTurn(app);
    const reading = await read(app.url, turnId, new Reading(), someDeltas(3));
    t.true(reading.text.length > 0 && reading.text.length < REPLY.length);
    await lose(app, turnId);
    const redis = new Redis(app.redisUrl);
    t.teardown(() => redis.disconnect());
    t.is(await redis.del(`turnkeeper:deltas:${turnId}`), 1);
    for (const from of [undefined, ...reading.events.map(({ id }) => id)]) {
      const again = new Reading();
      for (const event of reading.events.slice(0, reading.events.findIndex(({ id }) => id === from) + 1))
        again.take(event);
      await read(app.url, turnId, again);
      t.like(again.turn, { status: 'completed', reply: REPLY });
      // Who comes to a final turn for the first time has the reply in it, and no deltas.
      if (again.events.length > 1) t.is(again.text, REPLY, from ?? 'from the beginning');
    }
  });
}

test('a Redis that goes away in mid-stream and comes back: the reader gets all of the reply', async (t) => {
  const redis = await startRedisServer(t);
  const app = await startApp(t, { redisUrl: redis.url });
  const turnId = await slowTurn(app, 40);
  let outage: Promise<void> | undefined;
  const reading = await read(app.url, turnId, new Reading(), (now) => {
    if (someDeltas(3)(now)) outage ??= redis.kill().then(() => redis.restart());
    return false;
  });
  await outage;
  t.like(reading.turn, { status: 'completed', reply: REPLY });
  t.is(reading.text, REPLY);
});

test('a Redis that goes away and stays away: the reader gets the final turn all the same', async (t) => {
  const redis = await startRedisServer(t);
  const app = await startApp(t, { redisUrl: redis.url });
  const turnId = await slowTurn(app);
  let outage: Promise<void> | undefined;
  const reading = await read(app.url, turnId, new Reading(), (now) => {
    if (someDeltas(3)(now)) outage ??= redis.kill();
    return false;
  });
  await outage;
  t.like(reading.turn, { status: 'completed', reply: REPLY });
  t.is(reading.text, REPLY);
  await redis.restart();
  // BullMQ's workers that are stopped while they reconnect leave their lock timers running.
  await eventually('ready again', async () => (await fetch(`${app.url}/readyz`)).status === 200);
});

test('an attempt that breaks tells the reader to begin anew', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => {
    if (call.kind !== 'chat') return {};
    return call.attempt === 1
      ? { text: 'this will never be said', delayMs: 1_500, trickleMs: 200, reset: 4 }
      : { text: REPLY };
  });
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  const reading = await read(url, turnId);
  t.is(reading.begun, 2);
  t.true(reading.events.some(({ data }) => data.includes('never')));
  t.is(reading.text, REPLY);
  t.like(reading.turn, { status: 'completed', reply: REPLY, attempts: 2 });
  for (const [index, event] of reading.events.slice(0, -1).entries()) {
    const rest = new Reading();
    for (const earlier of reading.events.slice(0, index + 1)) rest.take(earlier);
    t.is((await read(url, turnId, rest)).text, REPLY, event.id);
  }
});

test('a turn that another worker takes over begins anew, and what the first one still writes is not heard', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '30' } });
  app.model.script((call) => {
    if (call.kind !== 'chat') return {};
    return call.attempt === 1
      ? { text: 'old '.repeat(400), trickleMs: 20 }
      : { text: REPLY, trickleMs: 20, delayMs: 500 };
  });
  const { turn_id: turnId } = await chat(app.url, { user_id: 'ann', text: 'hello' });
  const following = read(app.url, turnId);
  await eventually('the first call', async () => app.model.chatCalls.length === 1);
  await read(app.url, turnId, new Reading(), someDeltas(2));
  // As if the first worker were cut off from the database, but not from Redis: it goes on writing.
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder('turns')
    .where('turn_id', turnId)
    .update({ epoch: 2, lease_until: new Date(Date.now() - 1_000) });
  const reading = await following;
  t.like(reading.turn, { status: 'completed', reply: REPLY });
  t.is(reading.text, REPLY);
  t.true(reading.events.some(({ data }) => data.includes('old')));
  await app.model.stop();
});

test('a turn that awaits review is told, and then waits for the decision', async (t) => {
  const app = await startApp(t);
  app.model.script((call) => (call.kind === 'chat' ? { hang: true } : {}));
  const { turn_id: turnId } = await chat(app.url, { user_id: 'ann', text: 'hello' });
  await eventually('the call', async () => app.model.chatCalls.length === 1);
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  const redis = new Redis(app.redisUrl);
  t.teardown(async () => {
    redis.disconnect();
    await builder.destroy();
  });
  const become = async (change: object) => {
    await builder('turns').where('turn_id', turnId).update(change);
    await redis.publish('turnkeeper:turn-changes', turnId);
  };
  await become({ status: 'awaiting_review', lease_until: null });
  const { events } = await openEvents(app.url, turnId);
  t.like(JSON.parse(((await events.next()).value as { data: string }).data), {
    status: 'awaiting_review',
    reply: null,
  });
  const next = events.next();
  await become({ status: 'completed', reply: 'as a person wrote it', finished_at: new Date() });
  const last = await next;
  t.like(JSON.parse((last.value as { data: string }).data), { status: 'completed', reply: 'as a person wrote it' });
  t.true((await events.next()).done);
});
