// The outbox's second destination by itself: real rows, and an edge that takes what the test lets it take.
import test from 'ava';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { newId } from '../../src/domain/ids.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import type { OutboxEvent } from '../../src/domain/events.ts';
import { PubsubBridge, type PublishToPubsub } from '../../src/workers/pubsub-bridge.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { freshDatabase } from '../support/services.ts';

async function start(t: Owner, takes: (userId: string) => 'out' | 'refused' | 'left') {
  const database = new Database(await connect((await freshDatabase(t)).url, { poolSize: 4 }));
  t.teardown(() => database.close());
  await migrateToLatest(database.builder);
  const calls: string[][] = [];
  const publish: PublishToPubsub = async (_topic, events) => {
    calls.push(events.map(({ subject }) => subject!));
    const those = (kind: string) =>
      new Set(events.filter((event) => takes(event.subject!) === kind).map(({ id }) => id));
    const left = those('left');
    return { out: those('out'), refused: those('refused'), fault: left.size > 0 ? 'not now' : null };
  };
  const metrics = createMetrics();
  const edge = new PubsubBridge({ database, publish, metrics, log: createLog('silent') });
  const commit = async (userIds: readonly string[]): Promise<OutboxEvent[]> => {
    const events = userIds.map((userId) => ({
      eventId: newId(),
      topic: 'messages' as const,
      userId,
      data: {},
      traceparent: null,
    }));
    await database.builder('outbox').insert(
      events.map(({ eventId, topic, userId, data }) => ({
        event_id: eventId,
        topic,
        user_id: userId,
        data,
      })),
    );
    return events;
  };
  const rows = async (): Promise<string[]> =>
    (await database.builder('outbox').orderBy('user_id')).map((row: { user_id: string }) => row.user_id);
  return { edge, commit, rows, calls, metrics };
}

const users = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

test('events that come one by one while a call is under way go together in the next', async (t) => {
  const { edge, commit, rows, calls } = await start(t, () => 'out');
  for (const event of await commit(users('u', 40))) edge.push([event]);
  await edge.idle();
  t.deepEqual(await rows(), []);
  t.is(calls.flat().length, 40);
  t.true(calls.length <= 2);
});

test('an edge that takes nothing is left alone by new events, and asked by sweeps with a few', async (t) => {
  let away = true;
  const { edge, commit, rows, calls } = await start(t, () => (away ? 'left' : 'out'));
  edge.push(await commit(users('first', 30)));
  await edge.idle();
  edge.push(await commit(users('second', 30)));
  await edge.idle();
  t.is(calls.length, 1, 'the second was not tried');
  edge.sweep();
  await edge.idle();
  t.deepEqual(
    calls.map((call) => call.length),
    [30, 10],
  );
  t.is((await rows()).length, 60);
  away = false;
  edge.sweep();
  await edge.idle();
  t.deepEqual(await rows(), []);
  edge.push(await commit(users('third', 5)));
  await edge.idle();
  t.is(calls.at(-1)!.length, 5, 'asked at once again');
  t.deepEqual(await rows(), []);
});

test('events that are never taken keep no others out, however many they are', async (t) => {
  const { edge, commit, rows } = await start(t, (user) => (user.startsWith('bad') ? 'left' : 'out'));
  edge.push(await commit(users('bad', 700)));
  await edge.idle();
  edge.push(await commit(users('good', 50)));
  await edge.idle();
  await eventually('the good are out', async () => {
    edge.sweep();
    await edge.idle();
    return (await rows()).every((user) => user.startsWith('bad'));
  });
  t.is((await rows()).length, 700, 'and none of the bad is lost');
});

test('what is refused for ever is told and given up', async (t) => {
  const { edge, commit, rows, metrics } = await start(t, (user) => (user === 'bad' ? 'refused' : 'out'));
  edge.push(await commit(['good', 'bad']));
  await edge.idle();
  t.deepEqual(await rows(), []);
  t.regex(await metrics.registry.metrics(), /edge_events_refused_total\{topic="messages"\} 1/);
});
