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
