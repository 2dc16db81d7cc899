// The attempts of jobs: an outage uses up none, a fault of the event uses up one.
import { Queue } from 'bullmq';
import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { chatRequested } from '../../src/domain/events.ts';
import { newId } from '../../src/domain/ids.ts';
import { Consumers } from '../../src/workers/consumers.ts';
import { sharedJobConsumer } from '../../src/workers/event-consumer.ts';
import { eventually } from '../support/client.ts';
import { redisUrl } from '../support/services.ts';

const log = createLog('silent');

test('a job waits for an unavailable dependency without using up its attempts', async (t) => {
  const url = await redisUrl(t);
  const redis = await connectRedis(url, 'patient', log);
  t.teardown(() => redis.disconnect());
  const queue = new Queue('summaries', { connection: { url, maxRetriesPerRequest: null }, prefix: 'turnkeeper' });
  t.teardown(() => queue.close());
  const calls = new Map<string, number>();
  const handle = async (payload: unknown) => {
    const { name, until, error } = payload as { name: string; until: number; error: string };
    calls.set(name, (calls.get(name) ?? 0) + 1);
    if (calls.get(name)! >= until) return;
    throw error === 'unavailable' ? new Unavailable('database') : new Error('a fault of the event');
  };
  const consumers = new Consumers([{ queue: 'summaries', concurrency: 4, handle }], redis, log);
  consumers.start();
  t.teardown(() => consumers.stop(1_000));
  const opts = { attempts: 2, backoff: { type: 'fixed', delay: 10 } };
  await queue.add('one', { name: 'outage', until: 5, error: 'unavailable' }, opts);
  await queue.add('two', { name: 'fault', until: 5, error: 'fault' }, opts);
  await eventually('the job that waited is done', async () => calls.get('outage') === 5);
  await eventually('the faulty job is a dead letter', async () => (await queue.getFailedCount()) === 1);
  t.is(calls.get('fault'), 2);
  t.is((await queue.getFailed())[0]!.attemptsMade, 2);
  t.is(await queue.getJobCountByTypes('wait', 'active', 'delayed'), 0);
});

test('a paused topic is not consumed, and a pause during a stop leaves no connection', async (t) => {
  const url = await redisUrl(t);
  const redis = await connectRedis(url, 'patient', log);
  t.teardown(() => redis.disconnect());
  const queue = new Queue('summaries', { connection: { url, maxRetriesPerRequest: null }, prefix: 'turnkeeper' });
  t.teardown(() => queue.close());
  const handled: unknown[] = [];
  const table = [
    { queue: 'summaries', concurrency: 4, handle: async (payload: unknown) => void handled.push(payload) },
  ];
  const add = (name: string) => queue.add(name, { name }, { removeOnComplete: true });
  // Only those of this test: others use other databases of the same Redis.
  const own = new RegExp(`^id=\\d+(?=.* db=${new URL(url).pathname.slice(1)} )`, 'gm');
  const ids = async () => ((await redis.client('LIST')) as string).match(own)!;
  await queue.waitUntilReady();
  const before = await ids();

  const consumers = new Consumers(table, redis, log);
  consumers.start();
  await add('one');
  await eventually('the first job is done', async () => handled.length === 1);
  consumers.setPaused('other', true);
  consumers.setPaused('summaries', true);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await add('two');
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.is(handled.length, 1);
  consumers.setPaused('summaries', false);
  await eventually('the second job is done', async () => handled.length === 2);
  consumers.setPaused('summaries', true);
  await consumers.stop(5_000);

  // The workers of an idle topic are closed while the job of another topic still runs.
  const [started, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const handle = () => {
    started.resolve();
    return mayEnd.promise;
  };
  const idle = { queue: 'messages', concurrency: 4, handle: async () => {} };
  const stopping = new Consumers([idle, { queue: 'summaries', concurrency: 4, handle }], redis, log);
  stopping.start();
  await add('three');
  await started.promise;
  const stopped = stopping.stop(5_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  stopping.setPaused('messages', true);
  await new Promise((resolve) => setTimeout(resolve, 200));
  mayEnd.resolve();
  await stopped;
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.deepEqual((await ids()).toSorted(), before.toSorted());
});

test('the events of a job wait together for an unavailable dependency', async (t) => {
  const split: unknown[] = [];
  const queues = { split: async (_topic: string, events: readonly unknown[]) => void split.push(...events) };
  const deps = { metrics: createMetrics(), log, queues };
  const topic = { topic: 'chat-requests', shape: chatRequested, concurrency: 1 } as const;
  const consumer = sharedJobConsumer(deps, topic, () => Promise.reject(new Unavailable('database')));
  const id = newId();
  const event = {
    specversion: '1.0',
    id,
    source: '/test',
    type: 'ChatRequested',
    data: { turn_id: id, user_id: 'ann' },
  };
  await t.throwsAsync(async () => consumer.handle([event, event]), { instanceOf: Unavailable });
  t.deepEqual(split, []);
});
