// Decisions on the topic: every accepted shape, early decisions, invalid ones, and while Redis is unavailable.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { Redis } from 'ioredis';
import { startApp } from '../support/app.ts';
import { chat, delivered, waitForTurn, eventually } from '../support/client.ts';
import { startRedisServer } from '../support/services.ts';
import { decide, park, reviewOf, topic, turnOf } from './support.ts';

const event = (data: object) => ({ specversion: '1.0', id: newId(), source: '/test', type: 'ReviewDecided', data });

const waitForDecision = (url: string, turnId: string) =>
  eventually('the decision is applied', async () => {
    const turn = await turnOf(url, turnId);
    return !['queued', 'running', 'awaiting_review'].includes(turn.status) && turn;
  });

test('a decision on the topic is applied by review or turn id, as an event or as in the tutorial', async (t) => {
  const { url, redisUrl } = await startApp(t);
  const decisions = topic(t, redisUrl, 'review-decisions');
  const shapes: ((ids: { turn: string; review: string }) => object)[] = [
    ({ review }) => event({ review_id: review, decision: 'approve', decided_by: 'kim' }),
    ({ turn }) => event({ turn_id: turn, approved: true, decided_by: 'kim' }),
    ({ turn }) => event({ turn_id: turn, decision: 'edit', reply: 'Edited.', decided_by: 'kim' }),
    ({ turn, review }) => event({ turn_id: turn, review_id: review, decision: 'reject', decided_by: 'kim' }),
    ({ turn }) => ({ instance_id: turn, approved: true }),
    ({ review }) => ({ instance_id: review, approved: false }),
  ];
  const replies = [];
  for (const [n, shape] of shapes.entries()) {
    const { turn_id: turn, review } = await park(url, `user-${n}`, 'help');
    await decisions.add('ReviewDecided', shape({ turn, review: review!.review_id }));
    replies.push((await waitForDecision(url, turn)).reply);
    t.is((await reviewOf(url, review!.review_id)).decided_by, n < 4 ? 'kim' : 'unknown');
  }
  const rejected = 'Message rejected by human reviewer.';
  t.deepEqual(replies, ['echo: help', 'echo: help', 'Edited.', rejected, 'echo: help', rejected]);
});

test('a decision that arrives before its turn awaits review is kept and applied', async (t) => {
  const { url, redisUrl, model } = await startApp(t);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  model.script(async (one) => {
    if (one.kind === 'chat') await released;
    return {};
  });
  const decisions = topic(t, redisUrl, 'review-decisions');
  const running = await chat(url, { user_id: 'ann', text: 'urgent one' });
  const queued = await chat(url, { user_id: 'ann', text: 'urgent two' });
  const plain = await chat(url, { user_id: 'ann', text: 'nothing to review' });
  for (const [turn, data] of [
    [running, { decision: 'edit', reply: 'Early.' }],
    [running, { decision: 'reject' }],
    [queued, { approved: false }],
    [plain, { approved: false }],
  ] as const) {
    const job = await decisions.add('ReviewDecided', event({ turn_id: turn.turn_id, ...data }), {
      removeOnComplete: false,
    });
    await eventually('the decision is processed', async () => (await job.getState()) === 'completed');
  }
  release();
  t.like(await waitForDecision(url, running.turn_id), { status: 'completed', reply: 'Early.' });
  t.is((await waitForDecision(url, queued.turn_id)).status, 'rejected');
  t.like(await waitForDecision(url, plain.turn_id), { status: 'completed', reply: 'echo: nothing to review' });
});

test('an invalid decision is counted, kept as a dead letter, and does not block the topic', async (t) => {
  const { url, redisUrl } = await startApp(t);
  const { turn_id: turnId, review } = await park(url, 'ann', 'help');
  const other = await park(url, 'ben', 'help');
  const decisions = topic(t, redisUrl, 'review-decisions');
  const id = review!.review_id;
  const wrong: unknown[] = [
    {},
    'approve',
    [],
    null,
    event({}),
    event({ review_id: id }),
    event({ review_id: 'x', approved: true }),
    event({ approved: true }),
    event({ review_id: id, approved: 'yes' }),
    event({ review_id: id, approved: true, decision: 'reject' }),
    event({ review_id: id, decision: 'edit' }),
    event({ review_id: id, decision: 'approve', reply: 'x' }),
    event({ review_id: id, decision: 'edit', reply: 'a\0b' }),
    { ...event({ review_id: id, approved: true }), type: 'SomethingElse' },
  ];
  for (const payload of wrong) await decisions.add('ReviewDecided', payload, { attempts: 5 });
  // Valid, but for an unknown turn, or with ids of two different turns.
  await decisions.add('ReviewDecided', event({ turn_id: newId(), approved: true }));
  await decisions.add('ReviewDecided', event({ review_id: id, turn_id: other.turn_id, approved: true }));
  await eventually('all counted', async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text.includes(`events_ignored_total{topic="review-decisions"} ${wrong.length + 2}`);
  });
  t.is(await decisions.getFailedCount(), wrong.length, 'kept as dead letters');
  t.is((await turnOf(url, turnId)).status, 'awaiting_review');
  t.is((await decide(url, id, { decision: 'approve' })).status, 200);
});

test('a decision over HTTP is applied while Redis is unavailable, and its event is published later', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  const { turn_id: turnId, review } = await park(url, 'ann', 'help');
  await redis.kill();
  const { status, body } = await decide(url, review!.review_id, { decision: 'approve' });
  t.is(status, 200);
  t.is(body.status, 'approved');
  t.is((await turnOf(url, turnId)).reply, 'echo: help');
  await redis.restart();
  t.is((await delivered(url, 'ann')).length, 2);
  await eventually('counted', async () => {
    const counted = (await (await fetch(`${url}/analytics/ann`)).json()) as { message_count: number };
    return counted.message_count === 1;
  });
});

test('no decision is lost if Redis loses its jobs', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  const turn = await park(url, 'ann', 'help');
  const decisions = topic(t, redis.url, 'review-decisions');
  await decisions.pause();
  const posted = decide(url, turn.review!.review_id, { decision: 'edit', reply: 'Kept.' });
  const admin = new Redis(redis.url);
  t.teardown(() => admin.disconnect());
  for (let n = 0; n < 5; n += 1) await admin.flushall();
  t.true([200, 202].includes((await posted).status));
  t.like(await waitForDecision(url, turn.turn_id), { status: 'completed', reply: 'Kept.' });
});

test("a user's next turns run while one awaits review, and its late reply is ordered by seq", async (t) => {
  const { url } = await startApp(t);
  const first = await park(url, 'ann', 'help', {});
  const session = { metadata: { session_id: first.session_id } };
  t.false((await reviewOf(url, first.review!.review_id)).stale);
  for (const text of ['two', 'three'])
    await waitForTurn(url, (await chat(url, { user_id: 'ann', text, ...session })).turn_id);
  const review = await reviewOf(url, first.review!.review_id);
  t.true(review.stale, 'the conversation moved on');
  t.deepEqual(
    review.history.map(({ content }) => content),
    ['two', 'echo: two', 'three', 'echo: three'],
  );
  await decide(url, first.review!.review_id, { decision: 'approve' });
  t.deepEqual(
    (await delivered(url, 'ann')).map(({ content }) => content),
    ['help', 'echo: help', 'two', 'echo: two', 'three', 'echo: three'],
  );
});
