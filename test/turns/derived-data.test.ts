// What is derived from delivered turns (counts, summaries) comes back by itself after Redis has lost its events and jobs.
import test from 'ava';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startApp, isAvailable, RUNTIMES } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { execute } from '../support/databases.ts';
import { startRedisServer } from '../support/services.ts';

/** A left-over turn is counted after 10 s, and a summary whose job is lost is due again after 20 s. This lets the time pass. */
async function letTimePass(databaseUrl: string): Promise<void> {
  await execute(databaseUrl, "update uncounted_turns set created_at = created_at - interval '10 seconds'");
  await execute(databaseUrl, "update due_summaries set due_at = due_at - interval '20 seconds' where due_at > now()");
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: counts and summaries heal after Redis has lost all its data`, async (t) => {
    t.timeout(120_000);
    const redis = await startRedisServer(t);
    const { url, model, databaseUrl } = await startApp(t, { runtime, redisUrl: redis.url });
    const queue = (name: string) => {
      const opened = new Queue(name, {
        connection: { url: redis.url, maxRetriesPerRequest: null },
        prefix: 'turnkeeper',
      });
      t.teardown(() => opened.close());
      return opened;
    };
    const [conversations, messages, summaries] = ['conversations', 'messages', 'summaries'].map(queue) as [
      Queue,
      Queue,
      Queue,
    ];
    const memoryOf = async (user: string) =>
      (await call<{ through_seq: number; version: number }>(url, `/memories/${user}`)).body;
    const sentBy = async (user: string) =>
      (await call<{ message_count: number; by_status: Record<string, number> }>(url, `/analytics/${user}`)).body;
    const say = async (user: string, text: string) =>
      waitForTurn(url, (await chat(url, { user_id: user, text })).turn_id);

    // The turn of `job` is counted, and the job of its summary is lost.
    await summaries.pause();
    await say('job', 'hello');
    await eventually('the job of the summary', async () => (await summaries.getJobCounts('wait'))['wait']! > 0);
    // The events of `events` are lost before anybody has counted its turns.
    await Promise.all([conversations.pause(), messages.pause()]);
    await call(url, '/analytics/events/initialize', { body: { message_count: 100 } });
    for (let n = 1; n <= 3; n += 1) await say('events', `message ${n}`);
    await eventually('the events', async () => (await conversations.getJobCounts('wait'))['wait']! > 0);
    const admin = new Redis(redis.url);
    t.teardown(() => admin.disconnect());
    await admin.flushall();
    await letTimePass(databaseUrl);

    await eventually('the turns are counted', async () => (await sentBy('events')).message_count === 103);
    t.like((await sentBy('events')).by_status, { completed: 3 });
    await eventually('a summary of all turns', async () => (await memoryOf('events')).through_seq === 3);
    await eventually('the summary of the lost job', async () => (await memoryOf('job')).through_seq === 1);
    t.is((await sentBy('job')).message_count, 1);
    t.is(model.summaryCalls.length, 2, 'each summary was made once');
  });
}

test('a turn that was counted without its event is not counted again when the event arrives', async (t) => {
  t.timeout(60_000);
  const { url, redisUrl, databaseUrl } = await startApp(t);
  const queues = ['conversations', 'messages'].map(
    (name) => new Queue(name, { connection: { url: redisUrl, maxRetriesPerRequest: null }, prefix: 'turnkeeper' }),
  );
  t.teardown(() => Promise.all(queues.map((queue) => queue.close())));
  for (const queue of queues) await queue.pause();
  await call(url, '/analytics/ann/initialize', { body: { message_count: 7 } });
  for (const text of ['one', 'two']) await waitForTurn(url, (await chat(url, { user_id: 'ann', text })).turn_id);
  const count = async () => (await call<{ message_count: number }>(url, '/analytics/ann')).body.message_count;
  t.is(await count(), 7);
  await letTimePass(databaseUrl);
  await eventually('counted from the rows', async () => (await count()) === 9);
  for (const queue of queues) await queue.resume();
  await eventually('the events are consumed', async () => {
    const left = await Promise.all(queues.map((queue) => queue.getJobCountByTypes('wait', 'active', 'delayed')));
    return left.every((jobs) => jobs === 0);
  });
  t.is(await count(), 9);
});
