import test from 'ava';
import { Redis } from 'ioredis';
import { connect } from '../../src/store/connect.ts';
import { isAvailable, startApp, type TestApp } from '../support/app.ts';
import { chat, waitForTurn, eventually } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import { openEvents, read, TurnView } from '../support/sse.ts';

const REPLY = Array.from({ length: 60 }, (_, number) => `word-${number}`).join(' ');
const hasDeltas = (least: number) => (view: TurnView) =>
  view.events.filter(({ event }) => event === 'delta').length >= least;

/** Posts a turn whose reply arrives word by word. */
async function slowTurn({ url, model }: TestApp, trickleMs = 20): Promise<string> {
  model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs } : {}));
  return (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id;
}

test('a stream that breaks repeatedly resumes at another ingress without gaps or repeats', async (t) => {
  const app = await startApp(t);
  const other = await startSecondIngress(t, app);
  const turnId = await slowTurn(app);
  const view = new TurnView();
  for (let cut = 0; !view.isFinal; cut += 1) {
    const until = view.events.length + 1 + Math.floor(Math.random() * 6);
    await read(cut % 2 ? other.url : app.url, turnId, view, ({ events }) => events.length >= until);
  }
  t.is(view.text, REPLY);
  t.is(view.starts, 1);
});

const dapr = isAvailable('dapr') ? test : test.skip;
dapr('dapr: an ingress process that stops ends its streams, and another one resumes them', async (t) => {
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
  // The process stops in mid-stream. The stream ends without an error.
  const view = await read(http.url, turnId, new TurnView(), (current) => {
    if (hasDeltas(3)(current)) stopping ??= http.stop();
    return false;
  });
  t.false(view.isFinal);
  await stopping;
  await read(app.url, turnId, view);
  t.is(view.text, REPLY);
});

test('a stopping ingress ends its streams at once and does not cancel turns', async (t) => {
  const app = await startApp(t);
  const other = await startSecondIngress(t, app);
  const turnId = await slowTurn(app, 50);
  const view = await read(other.url, turnId, new TurnView(), (current) => {
    if (hasDeltas(2)(current)) void other.stop();
    return false;
  });
  const startedAt = performance.now();
  await other.stop();
  t.true(performance.now() - startedAt < 3_000, 'the stop does not wait for its timeout');
  t.false(view.isFinal);
  t.is((await read(app.url, turnId, view)).text, REPLY);
  t.is(app.model.chatCalls.length, 1);
});

test('a client that closes its stream does not cancel the turn', async (t) => {
  const app = await startApp(t);
  const turnId = await slowTurn(app);
  await read(app.url, turnId, new TurnView(), hasDeltas(1));
  t.like(await waitForTurn(app.url, turnId), { status: 'completed', reply: REPLY, attempts: 1 });
});

for (const [when, wait] of [
  ['after the turn is final', async (app: TestApp, turnId: string) => void (await waitForTurn(app.url, turnId))],
  ['while the reply is written', async () => {}],
] as const) {
  test(`if the deltas in Redis are lost ${when}, the reader still receives the rest of the reply`, async (t) => {
    const app = await startApp(t);
    const turnId = await slowTurn(app);
    const view = await read(app.url, turnId, new TurnView(), hasDeltas(3));
    t.true(view.text.length > 0 && view.text.length < REPLY.length);
    await wait(app, turnId);
    const redis = new Redis(app.redisUrl);
    t.teardown(() => redis.disconnect());
    t.is(await redis.del(`turnkeeper:deltas:${turnId}`), 1);
    for (const from of [undefined, ...view.events.map(({ id }) => id)]) {
      const resumed = new TurnView();
      for (const event of view.events.slice(0, view.events.findIndex(({ id }) => id === from) + 1))
        resumed.apply(event);
      await read(app.url, turnId, resumed);
      t.like(resumed.turn, { status: 'completed', reply: REPLY });
      // A first read of a final turn has one event: the turn with its reply, without deltas.
      if (resumed.events.length > 1) t.is(resumed.text, REPLY, from ?? 'from the start');
    }
  });
}

test('a reader receives the whole reply if Redis restarts in mid-stream', async (t) => {
  const redis = await startRedisServer(t);
  const app = await startApp(t, { redisUrl: redis.url });
  const turnId = await slowTurn(app, 40);
  let outage: Promise<void> | undefined;
  const view = await read(app.url, turnId, new TurnView(), (current) => {
    if (hasDeltas(3)(current)) outage ??= redis.kill().then(() => redis.restart());
    return false;
  });
  await outage;
  t.like(view.turn, { status: 'completed', reply: REPLY });
  t.is(view.text, REPLY);
});

test('a reader receives the final turn if Redis stays unavailable', async (t) => {
  const redis = await startRedisServer(t);
  const app = await startApp(t, { redisUrl: redis.url });
  const turnId = await slowTurn(app);
  let outage: Promise<void> | undefined;
  const view = await read(app.url, turnId, new TurnView(), (current) => {
    if (hasDeltas(3)(current)) outage ??= redis.kill();
    return false;
  });
  await outage;
  t.like(view.turn, { status: 'completed', reply: REPLY });
  t.is(view.text, REPLY);
});

test('a failed attempt restarts the reply for its readers', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => {
    if (call.kind !== 'chat') return {};
    return call.attempt === 1
      ? { text: 'this is never delivered', delayMs: 1_500, trickleMs: 200, reset: 4 }
      : { text: REPLY };
  });
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  const view = await read(url, turnId);
  t.is(view.starts, 2);
  t.true(view.events.some(({ data }) => data.includes('never')));
  t.is(view.text, REPLY);
  t.like(view.turn, { status: 'completed', reply: REPLY, attempts: 2 });
  for (const [index, event] of view.events.slice(0, -1).entries()) {
    const rest = new TurnView();
    for (const earlier of view.events.slice(0, index + 1)) rest.apply(earlier);
    t.is((await read(url, turnId, rest)).text, REPLY, event.id);
  }
});

test('a takeover by another worker restarts the reply, and deltas of the first worker are ignored', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '30' } });
  app.model.script((call) => {
    if (call.kind !== 'chat') return {};
    return call.attempt === 1
      ? { text: 'old '.repeat(400), trickleMs: 20 }
      : { text: REPLY, trickleMs: 20, delayMs: 500 };
  });
  const { turn_id: turnId } = await chat(app.url, { user_id: 'ann', text: 'hello' });
  const following = read(app.url, turnId);
  await eventually('the first model call', async () => app.model.chatCalls.length === 1);
  await read(app.url, turnId, new TurnView(), hasDeltas(2));
  // Simulates a first worker that has lost its database connection but not Redis: it continues to write deltas.
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder('turns')
    .where('turn_id', turnId)
    .update({ epoch: 2, lease_until: new Date(Date.now() - 1_000) });
  const view = await following;
  t.like(view.turn, { status: 'completed', reply: REPLY });
  t.is(view.text, REPLY);
  t.true(view.events.some(({ data }) => data.includes('old')));
  await app.model.stop();
});

test('a stream reports that a turn awaits review, and then waits for the decision', async (t) => {
  const app = await startApp(t);
  app.model.script((call) => (call.kind === 'chat' ? { hang: true } : {}));
  const { turn_id: turnId } = await chat(app.url, { user_id: 'ann', text: 'hello' });
  await eventually('the model call', async () => app.model.chatCalls.length === 1);
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  const redis = new Redis(app.redisUrl);
  t.teardown(async () => {
    redis.disconnect();
    await builder.destroy();
  });
  const update = async (change: object) => {
    await builder('turns').where('turn_id', turnId).update(change);
    await redis.publish('turnkeeper:turn-changes', turnId);
  };
  await update({ status: 'awaiting_review', lease_until: null });
  const { events } = await openEvents(app.url, turnId);
  t.like(JSON.parse(((await events.next()).value as { data: string }).data), {
    status: 'awaiting_review',
    reply: null,
  });
  const next = events.next();
  await update({ status: 'completed', reply: 'as the reviewer wrote it', finished_at: new Date() });
  const last = await next;
  t.like(JSON.parse((last.value as { data: string }).data), { status: 'completed', reply: 'as the reviewer wrote it' });
  t.true((await events.next()).done);
});
