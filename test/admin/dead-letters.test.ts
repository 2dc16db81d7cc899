// Dead letters in a real Redis: listed, replayed, deleted.
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import test from 'ava';
import { isRedisUnavailable } from '../../src/redis/connection.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { call, eventually } from '../support/client.ts';
import { startRedisServer } from '../support/services.ts';
import { decide, park, topic, turnOf } from '../reviews/support.ts';

interface Letter {
  readonly topic: string;
  readonly job_id: string;
  readonly user_id: string | null;
  readonly failed_at: string;
  readonly attempts: number;
  readonly reason: string;
  readonly data: unknown;
}
interface Page {
  readonly items: Letter[];
  readonly next_cursor: string | null;
}

const list = async ({ url }: TestApp, query = ''): Promise<Page> => {
  const { status, body } = await call<Page>(url, `/admin/dead-letters?${query}`);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};
const pathOf = ({ topic: name, job_id: id }: Letter) => `/admin/dead-letters/${name}/${encodeURIComponent(id)}`;

/** Adds invalid events, which fail at once and for good. */
async function addInvalid(queue: Queue, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1)
    await queue.add('nonsense', { subject: `user-${n}`, n }, { jobId: `odd id/${queue.name}/${n}` });
}

test('dead letters are listed newest first, of all topics or one topic, in pages', async (t) => {
  const app = await startApp(t);
  t.deepEqual(await list(app), { items: [], next_cursor: null });
  await addInvalid(topic(t, app.redisUrl, 'messages'), 7);
  await addInvalid(topic(t, app.redisUrl, 'conversations'), 5);
  const all = await eventually('all events are dead letters', async () => {
    const { items } = await list(app, 'limit=100');
    return items.length === 12 && items;
  });
  const times = all.map(({ failed_at: failedAt }) => failedAt);
  t.deepEqual(times, times.toSorted().toReversed());
  t.like(
    all.find(({ job_id: id }) => id === 'odd id/messages/3'),
    { topic: 'messages', user_id: 'user-3', attempts: 1, data: { subject: 'user-3', n: 3 } },
  );
  t.true(all.every(({ reason }) => reason.includes('ignored')));
  t.is((await list(app, 'topic=conversations')).items.length, 5);
  const paged: Letter[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await list(app, `limit=5${cursor && `&cursor=${cursor}`}`);
    paged.push(...page.items);
    cursor = page.next_cursor;
  }
  t.deepEqual(paged, all);
  for (const query of ['topic=nope', 'cursor=x', 'limit=0'])
    t.is((await call(app.url, `/admin/dead-letters?${query}`)).status, 400, query);
});

test('a replayed dead letter succeeds after its cause is fixed', async (t) => {
  const app = await startApp(t);
  const { turn_id: turnId, review } = await park(app.url, 'ann', 'help');
  const queue = topic(t, app.redisUrl, 'review-decisions');
  // The payload is invalid, so the event fails. Then the payload is fixed.
  await queue.add('ReviewDecided', { nonsense: true }, { jobId: 'a-decision' });
  const [letter] = await eventually('one dead letter', async () => {
    const { items } = await list(app);
    return items.length === 1 && items;
  });
  const job = await queue.getJob('a-decision');
  await job!.updateData({ turn_id: turnId, approved: true });
  t.is((await call(app.url, `${pathOf(letter!)}/replay`, { method: 'POST' })).status, 202);
  await eventually('the decision is applied', async () => (await turnOf(app.url, turnId)).status === 'completed');
  await eventually('no dead letters', async () => (await list(app)).items.length === 0);
  t.is((await decide(app.url, review!.review_id, { decision: 'approve' })).status, 200);
  t.is((await call(app.url, `${pathOf(letter!)}/replay`, { method: 'POST' })).status, 404);
});

test('concurrent replays replay the event; an event that fails again is a dead letter again; a deleted one is removed', async (t) => {
  const app = await startApp(t);
  await addInvalid(topic(t, app.redisUrl, 'human-review'), 0);
  const queue = topic(t, app.redisUrl, 'messages');
  await addInvalid(queue, 1);
  const found = () =>
    eventually('one dead letter', async () => {
      const { items } = await list(app);
      return items.length === 1 && items[0]!;
    });
  const letter = await found();
  const answers = await Promise.all([1, 2, 3].map(() => call(app.url, `${pathOf(letter)}/replay`, { method: 'POST' })));
  const statuses = answers.map(({ status }) => status);
  t.true(statuses.includes(202) && statuses.every((status) => status === 202 || status === 404), statuses.join());
  const again = await found();
  t.is(again.job_id, letter.job_id);
  t.is((await call(app.url, pathOf(again), { method: 'DELETE' })).status, 204);
  t.deepEqual((await list(app)).items, []);
  const missing = await call<{ code: string }>(app.url, pathOf(again), { method: 'DELETE' });
  t.is(missing.status, 404);
  t.is(missing.body.code, 'dead_letter_not_found');
  t.is((await call(app.url, '/admin/dead-letters/nope/1/replay', { method: 'POST' })).status, 404);
});

test('a queued event is not a dead letter and cannot be deleted or replayed', async (t) => {
  const app = await startApp(t);
  // No consumer reads this topic here.
  const { review } = await park(app.url, 'ann', 'help');
  const queue = topic(t, app.redisUrl, 'human-review');
  const id = review!.review_id;
  await eventually('the event is published', async () => (await queue.getJobState(id)) === 'waiting');
  for (const [path, method] of [
    ['', 'DELETE'],
    ['/replay', 'POST'],
  ] as const)
    t.is((await call(app.url, `/admin/dead-letters/human-review/${id}${path}`, { method })).status, 404);
  t.is(await queue.getJobState(id), 'waiting');
});

test('while Redis is unavailable, all operations are answered 503', async (t) => {
  const redis = await startRedisServer(t);
  const app = await startApp(t, { redisUrl: redis.url });
  await redis.stop();
  for (const [path, method] of [
    ['', 'GET'],
    ['/messages/1', 'DELETE'],
    ['/messages/1/replay', 'POST'],
  ] as const) {
    const { status, body } = await call<{ code: string }>(app.url, `/admin/dead-letters${path}`, { method });
    t.is(status, 503, path);
    t.is(body.code, 'queues_unavailable');
  }
  await redis.restart();
  const client = new Redis(redis.url);
  t.teardown(() => client.disconnect());
  await client.ping();
  await eventually('Redis is available again', async () => (await call(app.url, '/admin/dead-letters')).status === 200);
});

test('an error other than an unavailable Redis is not reported as one', async (t) => {
  const app = await startApp(t);
  const client = new Redis(app.redisUrl);
  t.teardown(() => client.disconnect());
  await client.set(topic(t, app.redisUrl, 'messages').toKey('failed'), 'not a sorted set');
  const { status, body } = await call<{ code: string }>(app.url, '/admin/dead-letters');
  t.deepEqual([status, body.code], [500, 'internal_error']);
});

test('a Redis that loads its data or is full is unavailable', (t) => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  for (const message of ['LOADING Redis is loading the dataset in memory', 'OOM command not allowed', 'READONLY no'])
    t.true(isRedisUnavailable(reply(message)), message);
  for (const message of ['WRONGTYPE Operation against a key', 'ERR unknown command', 'NOSCRIPT No matching script'])
    t.false(isRedisUnavailable(reply(message)), message);
});
