// Events that turnkeeper publishes to Dapr pub/sub, through a real daprd: every event arrives, always under the same
// id, even if a broker or a daprd ends.
import test from 'ava';
import { Client } from 'pg';
import { daprBinaries, startApp, type TestApp } from '../support/app.ts';
import { chat, waitForTurn, eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { redisUrl, startRedisServer } from '../support/services.ts';
import { park, topic } from '../reviews/support.ts';
import { metricOf, startOutsider, type Outsider } from './support.ts';

const run = daprBinaries ? test.serial : test.serial.skip;
const TOPICS = ['conversations', 'messages', 'human-review'] as const;
/** Longer than the age at which an event counts as left over, plus some sweeps. */
const OUTAGE_MS = 7_000;

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

async function sendMessages(app: TestApp, prefix: string, count: number): Promise<string[]> {
  const accepted = Array.from({ length: count }, (_, n) =>
    chat(app.url, { user_id: `${prefix}-${n % 10}`, text: `${prefix} ${n}` }),
  );
  return (await Promise.all(accepted)).map(({ turn_id: id }) => id);
}

/** Waits until both topics have an event of every turn, and checks that repeated deliveries have the same id. */
async function allPublished(
  t: { is(a: unknown, b: unknown, why?: string): void },
  outsider: Outsider,
  turns: string[],
) {
  for (const name of ['conversations', 'messages']) {
    await eventually(`all events of ${name}`, async () => turns.every((id) => turnsIn(outsider, name).has(id)), 60_000);
    const ids = new Set(outsider.ofTopic(name).map(({ id, data }) => `${id} ${String(data['turn_id'])}`));
    t.is(ids.size, turns.length, `${name}: one id for each turn`);
  }
}

run('the three events arrive with the same content as in BullMQ, and the outbox is empty afterwards', async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  const outsider = await startOutsider(t, app.redisUrl, TOPICS);
  const reviews = topic(t, app.redisUrl, 'human-review');
  const held = await park(app.url, 'ann', 'help');
  const received = await eventually('the review event', async () => outsider.ofTopic('human-review')[0] ?? null);
  const job = await eventually('the job', async () => (await reviews.getJobs(['waiting']))[0] ?? null);
  const fields = ({ id, source, type, subject, specversion, data }: typeof received) => ({
    id,
    source,
    type,
    subject,
    specversion,
    data,
  });
  t.deepEqual(fields(received), fields(job.data as typeof received));
  t.is(received.id, held.review!.review_id);
  t.is(Number.isNaN(Date.parse(received.time)), false);

  const turn = await waitForTurn(app.url, (await chat(app.url, { user_id: 'bob', text: 'hello' })).turn_id);
  const ids = { turn_id: turn.turn_id, user_id: 'bob', session_id: turn.session_id };
  const [updated, sent] = await eventually('both events', async () => {
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

run('a broker that was unavailable gets all events later, and BullMQ gets each event once without delay', async (t) => {
  const broker = await startRedisServer(t);
  const app = await startApp(t, { runtime: 'dapr', brokerUrl: broker.url, redisUrl: await redisUrl(t) });
  const outsider = await startOutsider(t, broker.url, TOPICS);
  const rows = await outbox(t, app);
  const before = await sendMessages(app, 'before', 20);
  await allPublished(t, outsider, before);

  const during = await sendMessages(app, 'during', 10);
  await broker.kill();
  during.push(...(await sendMessages(app, 'during', 40)));
  await Promise.all(during.map((id) => waitForTurn(app.url, id)));
  // Memory and analytics consume from BullMQ, so they continue.
  await eventually('all turns are counted', async () => {
    const days = (await (await fetch(`${app.url}/analytics`)).json()) as { items: { message_count: number }[] };
    return days.items.reduce((sum, day) => sum + day.message_count, 0) === before.length + during.length;
  });
  await eventually('the remaining events wait only for pub/sub', async () => {
    const { all, queued } = await rows();
    return all > 0 && all === queued;
  });
  await sleep(OUTAGE_MS);
  const turns = before.length + during.length;
  t.is(
    await metricOf(app.url, 'turnkeeper_events_published_total'),
    2 * turns,
    'each event was published to BullMQ once',
  );

  await broker.restart();
  await allPublished(t, outsider, [...before, ...during]);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2 * turns);
});

run('every event arrives under one id even if turnkeeper’s daprd or a subscriber’s daprd is killed', async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  const outsider = await startOutsider(t, app.redisUrl, TOPICS);
  const rows = await outbox(t, app);
  const turns = await sendMessages(app, 'first', 100);
  await eventually('some events arrived', async () => outsider.received.length > 20);
  app.sidecar!.kill('SIGKILL');
  turns.push(...(await sendMessages(app, 'second', 20)));
  await sleep(OUTAGE_MS);
  await app.restartSidecar();
  for (const id of turns) t.is((await waitForTurn(app.url, id)).status, 'completed');
  await outsider.crash();
  turns.push(...(await sendMessages(app, 'third', 50)));
  await allPublished(t, outsider, turns);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(
    await metricOf(app.url, 'turnkeeper_events_published_total'),
    2 * turns.length,
    'each event was published to BullMQ once',
  );
});

run('a broker that hangs delays neither turns nor BullMQ', async (t) => {
  const broker = await startRedisServer(t);
  const app = await startApp(t, { runtime: 'dapr', brokerUrl: broker.url, redisUrl: await redisUrl(t) });
  const outsider = await startOutsider(t, broker.url, TOPICS);
  broker.pause();
  const turns = await sendMessages(app, 'hanging', 60);
  await Promise.all(turns.map((id) => waitForTurn(app.url, id)));
  await eventually('all events are in BullMQ', async () => {
    return (await metricOf(app.url, 'turnkeeper_events_published_total')) === 2 * turns.length;
  });
  await sleep(OUTAGE_MS);
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2 * turns.length);
  broker.resume();
  await allPublished(t, outsider, turns);
});

run('with EDGE_TOPICS=no, only review events are published, and the outbox is empty afterwards', async (t) => {
  const app = await startApp(t, { runtime: 'dapr', settings: { EDGE_TOPICS: 'no' } });
  const outsider = await startOutsider(t, app.redisUrl, TOPICS);
  const rows = await outbox(t, app);
  await waitForTurn(app.url, (await chat(app.url, { user_id: 'ann', text: 'hello' })).turn_id);
  const held = await park(app.url, 'bob', 'help');
  await eventually('the review event', async () => outsider.ofTopic('human-review').length > 0);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.deepEqual(
    outsider.received.map(({ event }) => event.id),
    [held.review!.review_id],
  );
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 3, 'BullMQ gets every event');
  t.is(await metricOf(app.url, 'turnkeeper_edge_events_published_total'), 1);
});

test.serial('with the embedded runtime, events go only to BullMQ', async (t) => {
  const app = await startApp(t);
  const rows = await outbox(t, app);
  await waitForTurn(app.url, (await chat(app.url, { user_id: 'ann', text: 'hello' })).turn_id);
  await eventually('the outbox is empty', async () => (await rows()).all === 0);
  t.is(await metricOf(app.url, 'turnkeeper_events_published_total'), 2);
  t.is(await metricOf(app.url, 'turnkeeper_edge_events_published_total'), 0);
});
