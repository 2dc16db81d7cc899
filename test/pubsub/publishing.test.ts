// What turnkeeper tells the world over Dapr pub/sub, through a real daprd: every event, under one id, whatever ends.
import test from 'ava';
import { Client } from 'pg';
import { daprBinaries, startApp, type TestApp } from '../support/app.ts';
import { chat, ended, eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { redisUrl, startRedisServer } from '../support/services.ts';
import { park, topic } from '../reviews/support.ts';
import { metricOf, startOutsider, type Outsider } from './support.ts';

const run = daprBinaries ? test.serial : test.serial.skip;
const TOPICS = ['conversations', 'messages', 'human-review'] as const;
/** Above the age at which an event counts as left over, and some sweeps more. */
const OUTAGE_MS = 9_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function outbox(t: Owner, app: TestApp): Promise<() => Promise<{ all: number; queued: number }>> {
  const client = new Client(app.databaseUrl);
  await client.connect();
  t.teardown(() => client.end());
  return async () => {
    const { rows } = await client.query<{ all: number; queued: number }>(
      'select count(*)::int as all, count(queued_at)::int as queued from outbox',
    );
    return rows[0]!;
  };
}

const turnsIn = (outsider: Outsider, name: string) =>
  new Set(outsider.ofTopic(name).map(({ data }) => data['turn_id']));

async function talk(app: TestApp, prefix: string, count: number): Promise<string[]> {
  const accepted = Array.from({ length: count }, (_, n) =>
    chat(app.url, { user_id: `${prefix}-${n % 10}`, text: `${prefix} ${n}` }),
  );
  return (await Promise.all(accepted)).map(({ turn_id: id }) => id);
}

/** Every turn was told on both topics, and under one id however often it came. */
async function allTold(t: { is(a: unknown, b: unknown, why?: string): void }, outsider: Outsider, turns: string[]) {
  for (const name of ['conversations', 'messages']) {
    await eventually(`all of ${name}`, async () => turns.every((id) => turnsIn(outsider, name).has(id)), 60_000);
    const ids = new Set(outsider.ofTopic(name).map(({ id, data }) => `${id} ${String(data['turn_id'])}`));
    t.is(ids.size, turns.length, `${name}: one id a turn`);
  }
}

run('the three events arrive as they stand in the BullMQ topics, and nothing stays in the outbox', async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  const outsider = await startOutsider(t, app.redisUrl, TOPICS);
  const asked = topic(t, app.redisUrl, 'human-review');
  const held = await park(app.url, 'ann', 'help');
  const told = await eventually('asked', async () => outsider.ofTopic('human-review')[0] ?? null);
  const job = await eventually('the job', async () => (await asked.getJobs(['waiting']))[0] ?? null);
  const fields = ({ id, source, type, subject, specversion, data }: typeof told) => ({
    id,
    source,
    type,
    subject,
    specversion,
    data,
  });
  t.deepEqual(fields(told), fields(job.data as typeof told));
  t.is(told.id, held.review!.review_id);
  t.is(Number.isNaN(Date.parse(told.time)), false);

  const turn = await ended(app.url, (await chat(app.url, { user_id: 'bob', text: 'hello' })).turn_id);
  const ids = { turn_id: turn.turn_id, user_id: 'bob', session_id: turn.session_id };
  const [updated, sent] = await eventually('both', async () => {
    const both = [outsider.ofTopic('conversations')[0], outsider.ofTopic('messages')[0]];
    return both.every((each) => each !== undefined) && both;
  });
  t.like(updated, { type: 'ConversationUpdated', source: '/turnkeeper', subject: 'bob', specversion: '1.0' });
  t.deepEqual(updated!.data, { ...ids, user_message: 'hello', assistant_reply: 'echo: hello' });
  t.like(sent, { type: 'MessageSent', source: '/turnkeeper', subject: 'bob' });
  t.deepEqual(sent!.data, ids);
  const rows = await outbox(t, app);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(await metricOf(app.url, 'turnkeeper_edge_events_published_total'), 3);
});

run('a broker that was away is told everything later; BullMQ is told once, and is not held up', async (t) => {
  const broker = await startRedisServer(t);
  const app = await startApp(t, { runtime: 'dapr', brokerUrl: broker.url, redisUrl: await redisUrl(t) });
  const outsider = await startOutsider(t, broker.url, TOPICS);
  const rows = await outbox(t, app);
  const before = await talk(app, 'before', 20);
  await allTold(t, outsider, before);

  const during = await talk(app, 'during', 10);
  await broker.kill();
  during.push(...(await talk(app, 'during', 40)));
  await Promise.all(during.map((id) => ended(app.url, id)));
  // Memory and analytics go on: they live from BullMQ.
  await eventually('all are counted', async () => {
    const days = (await (await fetch(`${app.url}/analytics`)).json()) as { items: { message_count: number }[] };
    return days.items.reduce((sum, day) => sum + day.message_count, 0) === before.length + during.length;
  });
  await eventually('what is left waits for the edge alone', async () => {
    const { all, queued } = await rows();
    return all > 0 && all === queued;
  });
  await sleep(OUTAGE_MS);
  const turns = before.length + during.length;
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2 * turns, 'each event went to BullMQ once');

  await broker.restart();
  await allTold(t, outsider, [...before, ...during]);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2 * turns);
});

run('daprd is killed in the middle, ours and then a subscriber’s: every event arrives, under one id', async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  const outsider = await startOutsider(t, app.redisUrl, TOPICS);
  const rows = await outbox(t, app);
  const turns = await talk(app, 'first', 100);
  await eventually('some are told', async () => outsider.received.length > 20);
  app.sidecar!.kill('SIGKILL');
  turns.push(...(await talk(app, 'second', 20)));
  await sleep(OUTAGE_MS);
  await app.restartSidecar();
  for (const id of turns) t.is((await ended(app.url, id)).status, 'completed');
  await outsider.crash();
  turns.push(...(await talk(app, 'third', 50)));
  await allTold(t, outsider, turns);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(
    await metricOf(app.url, 'turnkeeper_events_published_total'),
    2 * turns.length,
    'each event went to BullMQ once',
  );
});

run('a broker that hangs holds up neither turns nor BullMQ', async (t) => {
  const broker = await startRedisServer(t);
  const app = await startApp(t, { runtime: 'dapr', brokerUrl: broker.url, redisUrl: await redisUrl(t) });
  const outsider = await startOutsider(t, broker.url, TOPICS);
  broker.pause();
  const turns = await talk(app, 'hanging', 60);
  await Promise.all(turns.map((id) => ended(app.url, id)));
  await eventually('all are in BullMQ', async () => {
    return (await metricOf(app.url, 'turnkeeper_events_published_total')) === 2 * turns.length;
  });
  await sleep(OUTAGE_MS);
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2 * turns.length);
  broker.resume();
  await allTold(t, outsider, turns);
});

test.serial('the embedded runtime has no edge: rows go to BullMQ alone', async (t) => {
  const app = await startApp(t);
  const rows = await outbox(t, app);
  await ended(app.url, (await chat(app.url, { user_id: 'ann', text: 'hello' })).turn_id);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2);
  t.is(await metricOf(app.url, 'turnkeeper_edge_events_published_total'), 0);
});
