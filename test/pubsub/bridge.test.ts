// The pub/sub bridge with a real outbox table and a fake pub/sub that accepts, refuses or leaves events as the test
// says.
import test from 'ava';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { newId } from '../../src/domain/ids.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import { markQueued } from '../../src/store/outbox.ts';
import type { OutboxEvent } from '../../src/domain/events.ts';
import { OUTBOX_TOPICS, type OutboxTopic } from '../../src/domain/topics.ts';
import { PubsubBridge, type PublishToPubsub } from '../../src/workers/pubsub-bridge.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { freshDatabase } from '../support/services.ts';

async function start(
  t: Owner,
  resultFor: (userId: string) => 'published' | 'refused' | 'left',
  topics: readonly OutboxTopic[] = OUTBOX_TOPICS,
) {
  const database = new Database(await connect((await freshDatabase(t)).url, { poolSize: 4 }));
  t.teardown(() => database.close());
  await migrateToLatest(database.builder);
  const calls: string[][] = [];
  const publish: PublishToPubsub = async (_topic, events) => {
    calls.push(events.map(({ subject }) => subject!));
    const idsWith = (result: string) =>
      new Set(events.filter((event) => resultFor(event.subject!) === result).map(({ id }) => id));
    const left = idsWith('left');
    return {
      published: idsWith('published'),
      refused: idsWith('refused'),
      fault: left.size > 0 ? 'unavailable' : null,
    };
  };
  const metrics = createMetrics();
  const bridge = new PubsubBridge({ database, topics, publish, metrics, log: createLog('silent') });
  const commit = async (userIds: readonly string[], topic: OutboxTopic = 'messages'): Promise<OutboxEvent[]> => {
    const events = userIds.map((userId) => ({
      eventId: newId(),
      topic,
      userId,
      data: {},
      traceparent: null,
    }));
    await database.builder('outbox').insert(
      events.map(({ eventId, userId, data }) => ({
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
  /** Marks rows as another process does that publishes their topic. */
  const mark = (events: readonly OutboxEvent[]) =>
    markQueued(
      database,
      events.map(({ eventId }) => eventId),
    );
  return { bridge, commit, mark, rows, calls, metrics };
}

const users = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

test('events that arrive one by one during a call share the next call', async (t) => {
  const { bridge, commit, rows, calls } = await start(t, () => 'published');
  for (const event of await commit(users('u', 40))) bridge.push([event]);
  await bridge.idle();
  t.deepEqual(await rows(), []);
  t.is(calls.flat().length, 40);
  t.true(calls.length <= 2);
});

test('while pub/sub is unavailable, new events are not sent, and a sweep sends a small batch', async (t) => {
  let unavailable = true;
  const { bridge, commit, rows, calls } = await start(t, () => (unavailable ? 'left' : 'published'));
  bridge.push(await commit(users('first', 30)));
  await bridge.idle();
  bridge.push(await commit(users('second', 30)));
  await bridge.idle();
  t.is(calls.length, 1, 'the second batch was not sent');
  bridge.sweep();
  await bridge.idle();
  t.deepEqual(
    calls.map((call) => call.length),
    [30, 10],
  );
  t.is((await rows()).length, 60);
  unavailable = false;
  bridge.sweep();
  await bridge.idle();
  t.deepEqual(await rows(), []);
  bridge.push(await commit(users('third', 5)));
  await bridge.idle();
  t.is(calls.at(-1)!.length, 5, 'new events are sent at once again');
  t.deepEqual(await rows(), []);
});

test('events that are never accepted do not block other events', async (t) => {
  const { bridge, commit, rows } = await start(t, (user) => (user.startsWith('bad') ? 'left' : 'published'));
  bridge.push(await commit(users('bad', 700)));
  await bridge.idle();
  bridge.push(await commit(users('good', 50)));
  await bridge.idle();
  await eventually('the good events are published', async () => {
    bridge.sweep();
    await bridge.idle();
    return (await rows()).every((user) => user.startsWith('bad'));
  });
  t.is((await rows()).length, 700, 'no bad event is lost');
});

test('an event that pub/sub refuses for good is counted and deleted', async (t) => {
  const { bridge, commit, rows, metrics } = await start(t, (user) => (user === 'bad' ? 'refused' : 'published'));
  bridge.push(await commit(['good', 'bad']));
  await bridge.idle();
  t.deepEqual(await rows(), []);
  t.regex(await metrics.registry.metrics(), /edge_events_refused_total\{topic="messages"\} 1/);
});

test('the rows of a topic that is not published are deleted, whether they are new, left over or marked', async (t) => {
  const { bridge, commit, rows, calls } = await start(t, () => 'published', ['human-review']);
  bridge.push([...(await commit(users('off', 3))), ...(await commit(['new'], 'human-review'))]);
  await bridge.idle();
  t.deepEqual(await rows(), []);
  await bridge.leave([...(await commit(users('off', 3))), ...(await commit(['left-over'], 'human-review'))]);
  t.deepEqual(await rows(), ['left-over']);
  bridge.sweep();
  await bridge.idle();
  t.deepEqual([await rows(), calls], [[], [['new'], ['left-over']]]);
});

test('marked rows of a topic that is not published any more are deleted, even during an outage', async (t) => {
  let unavailable = true;
  const resultFor = () => (unavailable ? 'left' : 'published');
  const { bridge, commit, rows, calls, metrics, mark } = await start(t, resultFor, ['human-review']);
  bridge.push(await commit(['review'], 'human-review'));
  await bridge.idle();
  await mark(await commit(users('off', 50)));
  await eventually('only the review event is left', async () => {
    bridge.sweep();
    await bridge.idle();
    return (await rows()).join() === 'review';
  });
  t.regex(await metrics.registry.metrics(), /edge_away 1/, 'deleted rows do not count as accepted events');
  unavailable = false;
  bridge.sweep();
  await bridge.idle();
  t.deepEqual(await rows(), []);
  t.true(calls.flat().every((user) => user === 'review'));
});
