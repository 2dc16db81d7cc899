// Jobs with several events: each event is handled once, and one that fails does not fail the others.
import { Queue } from 'bullmq';
import test from 'ava';
import { z } from 'zod';
import { newId } from '../../src/domain/ids.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { sharedJobConsumer } from '../../src/workers/event-consumer.ts';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, eventually, waitForTurn } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { erase, waitForErasure } from '../users/support.ts';

const event = (type: string, userId: string, data: object, id = newId()) => ({
  specversion: '1.0',
  id,
  source: '/test',
  type,
  subject: userId,
  data,
});

function queueOf(t: Owner, url: string, name: string): Queue {
  const queue = new Queue(name, { connection: { url, maxRetriesPerRequest: null }, prefix: 'turnkeeper' });
  t.teardown(() => queue.close());
  return queue;
}

/** A consumer of numbers that fails for batches with a number above 100. */
function numbers() {
  const handled: number[] = [];
  const split: unknown[] = [];
  const deps = {
    metrics: createMetrics(),
    log: createLog('silent'),
    queues: { split: async (_topic: string, events: readonly unknown[]) => void split.push(...events) },
  };
  const consumer = sharedJobConsumer(
    deps,
    { topic: 'messages', shape: z.object({ n: z.number() }), concurrency: 1 },
    async (all) => {
      if (all.some(({ n }) => n > 100)) throw new Error('too large');
      handled.push(...all.map(({ n }) => n));
    },
  );
  const message = (n: unknown) => event('MessageSent', 'ann', { n });
  return { consumer, handled, split, message };
}

test('a job has one event or an array of events', async (t) => {
  const { consumer, handled, split, message } = numbers();
  await consumer.handle(message(1));
  await consumer.handle([message(2), message(3)]);
  t.deepEqual(handled, [1, 2, 3]);
  t.deepEqual(split, []);
});

test('invalid events of an array become jobs of their own; the others are handled', async (t) => {
  const { consumer, handled, split, message } = numbers();
  const invalid = [message('x'), 'text', null];
  await consumer.handle([message(1), ...invalid, message(2)]);
  t.deepEqual(handled, [1, 2]);
  t.deepEqual(split, invalid);
  for (const each of invalid) await t.throwsAsync(async () => consumer.handle(each), { message: /not an event/ });
});

test('events that cannot be handled together become jobs of their own, which fail one by one', async (t) => {
  const { consumer, handled, split, message } = numbers();
  const events = [message(1), message(101), message(2)];
  await consumer.handle(events);
  t.deepEqual(handled, []);
  t.deepEqual(split, events);
  const results = await Promise.allSettled(split.map((each) => consumer.handle(each)));
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.deepEqual(handled, [1, 2]);
});

test('an empty array is not an event', async (t) => {
  const { consumer } = numbers();
  await t.throwsAsync(async () => consumer.handle([]), { message: /not an event/ });
});

test('if the events of a job cannot become jobs of their own, the whole job is retried', async (t) => {
  const deps = {
    metrics: createMetrics(),
    log: createLog('silent'),
    queues: { split: () => Promise.reject(new Error('Redis is unavailable')) },
  };
  const topic = { topic: 'messages', shape: z.object({ n: z.number() }), concurrency: 1 } as const;
  const consumer = sharedJobConsumer(deps, topic, async () => {});
  await t.throwsAsync(async () => consumer.handle(['text', 'other']), { message: 'Redis is unavailable' });
});

test('the worker runs the users of an array, and keeps its invalid events as single dead letters', async (t) => {
  const app = await startApp(t);
  const queue = queueOf(t, app.redisUrl, 'chat-requests');
  const turn = await waitForTurn(app.url, (await chat(app.url, { user_id: 'ann', text: 'hello' })).turn_id);
  const request = (id: string) => event('ChatRequested', 'ann', { turn_id: id, user_id: 'ann' });
  await queue.add('ChatRequested', [request(turn.turn_id), { nonsense: true }, request(newId()), 'text']);
  await eventually('two dead letters', async () => (await queue.getFailedCount()) === 2);
  const failed = await queue.getFailed();
  t.deepEqual(failed.map(({ data }) => JSON.stringify(data)).toSorted(), ['"text"', '{"nonsense":true}']);
  t.is(app.model.count('hello'), 1);
  t.is(await queue.getWaitingCount(), 0);
});

test('events of a burst share jobs, and every turn is counted once', async (t) => {
  const app = await startApp(t);
  const messages = queueOf(t, app.redisUrl, 'messages');
  await messages.pause();
  const turns = await Promise.all(
    Array.from({ length: 60 }, (_, n) => chat(app.url, { user_id: `user-${n % 20}`, text: `text ${n}` })),
  );
  await Promise.all(turns.map(({ turn_id: id }) => waitForTurn(app.url, id)));
  await eventually('the events of all turns', async () => {
    const jobs = await messages.getJobs(['waiting']);
    return jobs.flatMap(({ data }) => data as unknown).length === 60 && jobs.length < 60;
  });
  await messages.resume();
  await eventually('all turns are counted', async () => {
    const counts = await Promise.all(
      Array.from({ length: 20 }, (_, n) => call<{ message_count: number }>(app.url, `/analytics/user-${n}`)),
    );
    return counts.every(({ body }) => body.message_count === 3);
  });
  t.is((await delivered(app.url, 'user-3')).length, 6);
});

test('an erasure removes the events of its user from jobs with several events', async (t) => {
  const app = await startApp(t);
  const messages = queueOf(t, app.redisUrl, 'messages');
  await messages.pause();
  const sent = (userId: string) =>
    event('MessageSent', userId, { turn_id: newId(), user_id: userId, session_id: newId() });
  await messages.add('MessageSent', [sent('ann'), sent('ben'), sent('ann')], { jobId: 'both' });
  await messages.add('MessageSent', [sent('ann'), sent('ann')], { jobId: 'own' });
  await waitForErasure(app.url, await erase(app.url, 'ann'));
  const jobs = await messages.getJobs(['waiting']);
  t.deepEqual(
    jobs.map(({ id, data }) => [id, (data as { subject: string }[]).map(({ subject }) => subject)]),
    [['both', ['ben']]],
  );
});
