// Decisions over Dapr pub/sub, through a real daprd: they have the same effect as decisions over HTTP, and invalid ones
// do not block the topic.
import { Redis } from 'ioredis';
import test from 'ava';
import { Client } from 'pg';
import { newId } from '../../src/domain/ids.ts';
import { daprBinaries, startApp, type AppOptions, type TestApp } from '../support/app.ts';
import { call, chat, eventually } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';
import type { Owner } from '../support/owner.ts';
import { decide, park, reviewOf, topic, turnOf } from '../reviews/support.ts';
import { metricOf, startOutsider, type Outsider } from './support.ts';

const run = daprBinaries ? test : test.skip;
const TOPIC = 'review-decisions';

async function start(t: Owner, options: AppOptions = {}): Promise<{ app: TestApp; outsider: Outsider }> {
  const app = await startApp(t, { runtime: 'dapr', ...options });
  return { app, outsider: await startOutsider(t, app.redisUrl) };
}

const decided = (data: object, id = newId()) => ({
  specversion: '1.0',
  id,
  source: '/test',
  type: 'ReviewDecided',
  data,
});

const settled = (app: TestApp, turnId: string) =>
  eventually(`turn ${turnId} is final`, async () => {
    const turn = await turnOf(app.url, turnId);
    return ['queued', 'running', 'awaiting_review'].includes(turn.status) ? null : turn;
  });

run('every format of a decision is accepted: event, bare data, the tutorial’s format, raw', async (t) => {
  const { app, outsider } = await start(t);
  const held = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((user) => park(app.url, user, 'help')));
  const [a, b, c, d, e] = held.map((turn) => ({ turn: turn.turn_id, review: turn.review!.review_id }));
  await outsider.publish(
    TOPIC,
    decided({ review_id: a!.review, decision: 'edit', reply: 'Edited.', decided_by: 'rob' }),
  );
  // The way in which every Dapr SDK publishes an object: daprd creates the event and its type.
  await outsider.publish(TOPIC, { instance_id: b!.turn, approved: true }, 'application/json');
  await outsider.publish(TOPIC, { turn_id: c!.turn, approved: false, note: 'no' }, 'application/json');
  const raw = ['application/json', '?metadata.rawPayload=true'] as const;
  await outsider.publish(TOPIC, decided({ review_id: d!.review, decision: 'approve' }), ...raw);
  await outsider.publish(TOPIC, { review_id: e!.review, approved: true }, ...raw);
  t.like(await settled(app, a!.turn), { status: 'completed', reply: 'Edited.' });
  t.like(await settled(app, b!.turn), { status: 'completed', reply: 'echo: help' });
  t.like(await settled(app, c!.turn), { status: 'rejected', reply: 'Message rejected by human reviewer.' });
  t.like(await settled(app, d!.turn), { status: 'completed', reply: 'echo: help' });
  t.like(await settled(app, e!.turn), { status: 'completed', reply: 'echo: help' });
  t.like(await reviewOf(app.url, a!.review), { status: 'edited', decided_by: 'rob', decision: 'edit' });
  t.like(await reviewOf(app.url, c!.review), { status: 'rejected', decided_by: 'unknown', note: 'no' });
  t.is(await metricOf(app.url, 'turnkeeper_events_ignored_total', TOPIC), 0);
});

run(
  'the first decision wins, whether it is repeated or contradicted, and even if it arrives before the turn is parked',
  async (t) => {
    const { app, outsider } = await start(t);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    app.model.script(async ({ lastUserMessage }) => {
      if (lastUserMessage === 'help early') await held;
      return {};
    });
    const database = new Client(app.databaseUrl);
    await database.connect();
    t.teardown(() => database.end());

    const early = await chat(app.url, { user_id: 'early', text: 'help early' });
    await waitForCall(app.model, 'help early');
    const reject = decided({ turn_id: early.turn_id, approved: false });
    await outsider.publish(TOPIC, reject);
    await outsider.publish(TOPIC, reject);
    await eventually(
      'the decision is kept',
      async () => (await database.query('select 1 from kept_decisions')).rowCount === 1,
    );
    t.is((await turnOf(app.url, early.turn_id)).status, 'running');
    release();
    t.like(await settled(app, early.turn_id), { status: 'rejected' });

    const { turn_id: turnId, review } = await park(app.url, 'ann', 'help');
    const id = review!.review_id;
    const approve = decided({ review_id: id, decision: 'approve', decided_by: 'first' });
    for (let n = 0; n < 5; n += 1) await outsider.publish(TOPIC, approve);
    t.like(await settled(app, turnId), { status: 'completed', reply: 'echo: help' });
    await outsider.publish(TOPIC, decided({ review_id: id, decision: 'reject', decided_by: 'second' }));
    await outsider.publish(TOPIC, approve);
    // When a later decision for another turn is applied, these have been processed.
    const after = await park(app.url, 'bob', 'help');
    await outsider.publish(TOPIC, decided({ turn_id: after.turn_id, approved: true }));
    await settled(app, after.turn_id);
    t.like(await reviewOf(app.url, id), { status: 'approved', decision: 'approve', decided_by: 'first' });
    const rows = await call<{ items: unknown[] }>(app.url, '/users/ann/conversations');
    t.is(rows.body.items.length, 2, 'the reply is delivered once');
    t.is((await decide(app.url, id, { decision: 'approve' })).status, 200);
    t.is((await decide(app.url, id, { decision: 'reject' })).status, 409);
  },
);

run('with separate roles, the worker publishes and the actor host receives, each through its own daprd', async (t) => {
  const front = await startApp(t, { runtime: 'dapr', roles: 'http,actors' });
  const { databaseUrl, redisUrl, placement, model } = front;
  await startApp(t, { runtime: 'dapr', roles: 'worker', databaseUrl, redisUrl, placement: placement!, model });
  const outsider = await startOutsider(t, redisUrl, ['human-review', 'messages']);
  const { turn_id: turnId } = await park(front.url, 'ann', 'help');
  const requested = await eventually('the review event', async () => outsider.ofTopic('human-review')[0] ?? null);
  await outsider.publish(TOPIC, decided({ review_id: requested.data['review_id'], decision: 'approve' }));
  t.is((await settled(front, turnId)).status, 'completed');
  const sent = await eventually('the message event', async () => outsider.ofTopic('messages')[0] ?? null);
  t.is(sent.data['turn_id'], turnId);
});

run('a decision after the deadline changes nothing', async (t) => {
  const { app, outsider } = await start(t, { settings: { REVIEW_DEADLINE_S: '1' } });
  const { turn_id: turnId, review } = await park(app.url, 'ann', 'help');
  t.is((await settled(app, turnId)).status, 'expired');
  await outsider.publish(TOPIC, decided({ review_id: review!.review_id, decision: 'approve' }));
  const next = await park(app.url, 'bob', 'help');
  await outsider.publish(TOPIC, decided({ turn_id: next.turn_id, approved: true }));
  await settled(app, next.turn_id);
  t.like(await reviewOf(app.url, review!.review_id), { status: 'expired', decision: null });
});

run('an invalid decision is counted, kept as a dead letter and not retried; the topic is not blocked', async (t) => {
  const { app, outsider } = await start(t);
  const { turn_id: turnId, review } = await park(app.url, 'ann', 'help');
  const id = review!.review_id;
  const invalid: [body: unknown, contentType?: string, query?: string][] = [
    [decided({ review_id: id })],
    [decided({ review_id: id, decision: 'approve', approved: false })],
    [decided({ review_id: id, decision: 'edit' })],
    [{ ...decided({ review_id: id, decision: 'approve' }), type: 'SomethingElse' }],
    [{ ...decided({ review_id: id, decision: 'approve' }), specversion: '0.3' }],
    [{ review_id: id }, 'application/json'],
    // Data with the content type of an event.
    [{ review_id: id, decision: 'approve' }],
    ['hello', 'text/plain'],
    ['{"broken', 'application/octet-stream', '?metadata.rawPayload=true'],
    ['null', 'application/json', '?metadata.rawPayload=true'],
    [decided({ review_id: id, decision: 'approve', note: 'x'.repeat(100_000) })],
  ];
  for (const [body, contentType, query] of invalid) await outsider.publish(TOPIC, body, contentType, query);
  // Entries that Dapr does not write. daprd itself fails to parse the second one.
  const redis = new Redis(app.redisUrl);
  t.teardown(() => redis.disconnect());
  await redis.xadd(TOPIC, '*', 'data', '\u0000\u00ff');
  await redis.xadd(TOPIC, '*', 'data', '{"specversion":"1.0","id":"x","source":"x","type":"x","traceid":5}');
  await redis.xadd(TOPIC, '*', 'nothing', 'at all');
  const count = invalid.length + 3;
  await eventually('all invalid messages are counted', async () => {
    return (await metricOf(app.url, 'turnkeeper_events_ignored_total', TOPIC)) >= count;
  });
  // Too large to be kept: the message is dropped and does not stay pending.
  await outsider.publish(TOPIC, decided({ review_id: id, decision: 'approve', note: 'x'.repeat(2_000_000) }));
  await eventually('no message is pending', async () => {
    const [pending] = (await redis.xpending(TOPIC, 'turnkeeper')) as [number];
    const groups = (await redis.xinfo('GROUPS', TOPIC)) as unknown[][];
    const lag = groups[0]![groups[0]!.indexOf('lag') + 1];
    return pending === 0 && lag === 0;
  });
  t.is(await metricOf(app.url, 'turnkeeper_events_ignored_total', TOPIC), count, 'each is counted once');
  const failed = await topic(t, app.redisUrl, TOPIC).getFailed();
  t.is(failed.length, count, 'kept as dead letters');
  t.true(failed.every((job) => JSON.stringify(job.data).length < 50_000));
  t.is((await turnOf(app.url, turnId)).status, 'awaiting_review');
  await outsider.publish(TOPIC, decided({ review_id: id, decision: 'approve' }));
  t.is((await settled(app, turnId)).status, 'completed');
});
