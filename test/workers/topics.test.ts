// The consumers of the BullMQ topics: invalid events, repeated jobs, and the format of published events.
import { Queue, QueueEvents } from 'bullmq';
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';

const connectionOf = (url: string) => ({ url, maxRetriesPerRequest: null });

function queueOf(t: Owner, url: string, name: string): Queue {
  const queue = new Queue(name, { connection: connectionOf(url), prefix: 'turnkeeper' });
  t.teardown(() => queue.close());
  return queue;
}

test('an invalid event is counted, kept as a dead letter and not retried; the topic is not blocked', async (t) => {
  const app = await startApp(t);
  const invalid: unknown[] = [
    {},
    'text',
    { specversion: '1.0', id: '1', source: '/x', type: 'SomethingElse', data: {} },
    { specversion: '1.0', id: '2', source: '/x', type: 'ChatRequested', data: { turn_id: 'no-uuid', user_id: 'ann' } },
    { specversion: '1.0', id: '3', source: '/x', type: 'ChatRequested' },
  ];
  const queue = queueOf(t, app.redisUrl, 'chat-requests');
  for (const payload of invalid) await queue.add('ChatRequested', payload, { attempts: 5 });
  const messages = queueOf(t, app.redisUrl, 'messages');
  await messages.add('MessageSent', { nonsense: true }, { attempts: 5 });
  t.is(
    (await waitForTurn(app.url, (await chat(app.url, { user_id: 'ann', text: 'valid' })).turn_id)).reply,
    'echo: valid',
  );
  const metrics = await eventually('all invalid events are counted', async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return /events_ignored_total\{topic="chat-requests"\} 5/.test(text) && text;
  });
  t.regex(metrics, /events_ignored_total\{topic="messages"\} 1/);
  t.is(await queue.getFailedCount(), invalid.length, 'kept as dead letters');
  for (const job of await queue.getFailed()) t.is(job.attemptsMade, 1);
});

test('a repeated job for a final or unknown turn does not call the model again', async (t) => {
  const app = await startApp(t);
  const turn = await chat(app.url, { user_id: 'ben', text: 'once' });
  await waitForTurn(app.url, turn.turn_id);
  const queue = queueOf(t, app.redisUrl, 'chat-requests');
  const events = new QueueEvents('chat-requests', { connection: connectionOf(app.redisUrl), prefix: 'turnkeeper' });
  t.teardown(() => events.close());
  await events.waitUntilReady();
  const event = (turnId: string) => ({
    specversion: '1.0',
    id: newId(),
    source: '/test',
    type: 'ChatRequested',
    subject: 'ben',
    data: { turn_id: turnId, user_id: 'ben' },
  });
  for (let n = 0; n < 10; n += 1) {
    const job = await queue.add('ChatRequested', event(n < 5 ? turn.turn_id : newId()), { removeOnComplete: false });
    await job.waitUntilFinished(events, 10_000);
  }
  t.is(app.model.count('once'), 1);
  t.is((await call<{ items: unknown[] }>(app.url, '/users/ben/conversations')).body.items.length, 2);
});

test('a delivered turn publishes the CloudEvents ConversationUpdated and MessageSent', async (t) => {
  const app = await startApp(t);
  const conversations = queueOf(t, app.redisUrl, 'conversations');
  const messages = queueOf(t, app.redisUrl, 'messages');
  // Paused, so that the events stay in the topics until the test has read them.
  await conversations.pause();
  await messages.pause();
  const turn = await waitForTurn(app.url, (await chat(app.url, { user_id: 'cleo', text: 'hello' })).turn_id);
  const ids = { turn_id: turn.turn_id, user_id: 'cleo', session_id: turn.session_id };
  const [updated] = await eventually('ConversationUpdated', async () =>
    nonEmpty(await conversations.getJobs(['waiting'])),
  );
  t.like(updated!.data, { specversion: '1.0', type: 'ConversationUpdated', subject: 'cleo' });
  t.deepEqual(updated!.data.data, { ...ids, user_message: 'hello', assistant_reply: 'echo: hello' });
  const [sent] = await eventually('MessageSent', async () => nonEmpty(await messages.getJobs(['waiting'])));
  t.like(sent!.data, { specversion: '1.0', type: 'MessageSent', subject: 'cleo', data: ids });
  t.is(sent!.id, sent!.data.id, 'the job id is the event id, so that publishing the event again does nothing');
});

const nonEmpty = <T>(items: T[]): T[] | null => (items.length > 0 ? items : null);
