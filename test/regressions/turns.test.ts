// What users of other systems suffer from with runs and streams, each pain a test: here it does not hurt.
import test from 'ava';
import { Redis } from 'ioredis';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, ended, eventually, type TurnJson } from '../support/client.ts';
import { asked, holdSlow } from '../support/held-model.ts';
import { startRedisServer } from '../support/services.ts';
import { openEvents, read, Reading } from '../support/sse.ts';

test('a run is stuck pending behind a half-open connection to the queue', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  await ended(url, (await chat(url, { user_id: 'ann', text: 'before' })).turn_id);
  // Connections stay open, and nothing comes over them.
  redis.pause();
  const turn = await chat(url, { user_id: 'ann', text: 'meanwhile' });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  redis.resume();
  t.is((await ended(url, turn.turn_id, 30_000)).reply, 'echo: meanwhile');
});

test('a long run is silently executed again, at double cost', async (t) => {
  const { url, model } = await startApp(t, { settings: { LEASE_S: '2' } });
  model.script(() => ({ delayMs: 7_000 }));
  const turn = await ended(url, (await chat(url, { user_id: 'ann', text: 'three leases long' })).turn_id);
  t.is(turn.status, 'completed');
  t.is(turn.attempts, 1);
  t.is(model.chatCalls.length, 1);
});

test('a ghost run of a crashed server blocks the queue for ever', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '2' } });
  const { url, model } = app;
  model.script(({ attempt }) => ({ hang: attempt === 1 }));
  const first = await chat(url, { user_id: 'ann', text: 'first' });
  await asked(model, 'first');
  const second = await chat(url, { user_id: 'ann', text: 'second' });
  await app.stop();
  const { databaseUrl, redisUrl } = app;
  const next = await startApp(t, { databaseUrl, redisUrl, model, settings: { LEASE_S: '2' } });
  model.script(() => ({}));
  t.is((await ended(next.url, first.turn_id)).reply, 'echo: first');
  t.is((await ended(next.url, second.turn_id)).reply, 'echo: second');
});

test('the busy policy has no effect on the endpoint that waits, and interrupted input is not merged', async (t) => {
  const { url, model } = await startApp(t);
  model.script(holdSlow());
  const wait = { prefer: 'wait=20' };
  const slow = await chat(url, { user_id: 'ann', text: 'slow' });
  await asked(model, 'slow');
  const refused = await call(url, '/chat', { body: { user_id: 'ann', text: 'no', on_busy: 'reject' }, headers: wait });
  t.is(refused.status, 409);
  const session = { metadata: { session_id: slow.session_id } };
  const queued = await chat(url, { user_id: 'ann', text: 'one', ...session });
  const merging = call<TurnJson>(url, '/chat', {
    body: { user_id: 'ann', text: 'two', on_busy: 'merge', ...session },
    headers: wait,
  });
  await eventually(
    'it joined',
    async () => (await call<TurnJson>(url, `/turns/${queued.turn_id}`)).body.text !== 'one',
  );
  await call(url, `/turns/${slow.turn_id}/cancel`, { method: 'POST' });
  const merged = await merging;
  t.is(merged.status, 200);
  t.is(merged.body.turn_id, queued.turn_id);
  t.is(merged.body.reply, 'echo: one\ntwo');
});

test('a reconnect replays the whole conversation, or misses the terminal event', async (t) => {
  const { url, model } = await startApp(t);
  const text = 'word '.repeat(40).trim();
  model.script(() => ({ text, trickleMs: 20 }));
  await ended(url, (await chat(url, { user_id: 'ann', text: 'an earlier turn' })).turn_id);
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'go' });
  const reading = await read(url, id, new Reading(), (so) => so.text.length > 20);
  const before = reading.text;
  await read(url, id, reading);
  t.true(reading.text.startsWith(before));
  t.is(reading.text, text);
  t.is(reading.begun, 1, 'nothing was told twice');
  t.deepEqual(reading.statuses.slice(-1), ['completed']);
});

test('the place is lost when the resumed stream drops before its first event', async (t) => {
  const { url, model } = await startApp(t);
  const text = 'word '.repeat(40).trim();
  model.script(() => ({ text, trickleMs: 20 }));
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'go' });
  const reading = await read(url, id, new Reading(), (so) => so.text.length > 20);
  for (let tries = 0; tries < 5; tries += 1) (await openEvents(url, id, { lastEventId: reading.lastEventId })).close();
  await read(url, id, reading);
  t.is(reading.text, text);
  t.is(reading.begun, 1);
});

test('a stream can no longer be resumed because it is some minutes old', async (t) => {
  const { url, model, redisUrl } = await startApp(t);
  model.script(() => ({ text: 'one two three four five six', trickleMs: 50 }));
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'go' });
  const reading = await read(url, id, new Reading(), (so) => so.text.length > 5);
  await ended(url, id);
  const redis = new Redis(redisUrl);
  t.teardown(() => redis.disconnect());
  t.is(await redis.del(`turnkeeper:deltas:${id}`), 1, 'as when its time is over');
  await read(url, id, reading);
  t.is(reading.turn!.reply, 'one two three four five six');
});

test('stop and disconnect cannot be told apart', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ text: 'one two three four five six', trickleMs: 100 }));
  const left = await chat(url, { user_id: 'ann', text: 'left' });
  await read(url, left.turn_id, new Reading(), (so) => so.text.length > 3);
  t.is((await ended(url, left.turn_id)).status, 'completed', 'who hangs up cancels nothing');
  const stopped = await chat(url, { user_id: 'ann', text: 'stopped' });
  await read(url, stopped.turn_id, new Reading(), (so) => so.text.length > 3);
  await call(url, `/turns/${stopped.turn_id}/cancel`, { method: 'POST' });
  t.is((await ended(url, stopped.turn_id)).status, 'cancelled');
  await eventually('the generation ends with it', async () => (await asked(model, 'stopped')).signal.aborted);
});

test('sending while a reply streams doubles the assistant message', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ text: 'one two three four', trickleMs: 50 }));
  const first = await chat(url, { user_id: 'ann', text: 'first' });
  await read(url, first.turn_id, new Reading(), (so) => so.text.length > 3);
  const second = await chat(url, { user_id: 'ann', text: 'second' });
  await ended(url, second.turn_id);
  t.deepEqual(
    (await delivered(url, 'ann')).map(({ role, turn_id: id }) => [role, id]),
    [first, second].flatMap(({ turn_id: id }) => [
      ['user', id],
      ['assistant', id],
    ]),
  );
});

test('a busy agent answers 409, or 200 and drops the message', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ delayMs: 20 }));
  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      call<TurnJson>(url, '/chat', { body: { user_id: 'ann', text: `${index}` } }),
    ),
  );
  t.deepEqual([...new Set(replies.map(({ status }) => status))], [202]);
  for (const { body } of replies) t.is((await ended(url, body.turn_id)).reply, `echo: ${body.text}`);
  t.is((await delivered(url, 'ann')).length, 60);
});

test('an interrupt in a loop repeats side effects, and the second one crashes', async (t) => {
  const { url, model } = await startApp(t);
  model.script(holdSlow());
  const turns: TurnJson[] = [];
  for (let round = 0; round < 5; round += 1) {
    turns.push(await chat(url, { user_id: 'ann', text: `slow ${round}`, on_busy: 'interrupt' }));
    await asked(model, `slow ${round}`);
  }
  const last = await chat(url, { user_id: 'ann', text: 'done', on_busy: 'interrupt' });
  t.is((await ended(url, last.turn_id)).reply, 'echo: done');
  for (const { turn_id: id, text } of turns) {
    t.is((await ended(url, id)).status, 'cancelled');
    t.is(model.count(text), 1);
  }
  t.is((await delivered(url, 'ann')).length, 2);
});

test('a stuck handler holds a key for ever', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_TIMEOUT_S: '1', MODEL_MAX_ATTEMPTS: '1' } });
  model.script(({ lastUserMessage: text }) => ({ hang: text === 'stuck' }));
  const stuck = await chat(url, { user_id: 'ann', text: 'stuck' });
  const next = await chat(url, { user_id: 'ann', text: 'next' });
  t.is((await ended(url, next.turn_id)).reply, 'echo: next');
  t.is((await ended(url, stuck.turn_id)).error!.code, 'model_timeout');
});

test('a chat that goes on for long meets a limit of its history', async (t) => {
  const { url, model } = await startApp(t, { settings: { HISTORY_EXCHANGES: '3', QUEUE_LIMIT_PER_USER: '1000' } });
  const first = await chat(url, { user_id: 'ann', text: 'message 0' });
  const metadata = { session_id: first.session_id };
  let last = first;
  for (let index = 1; index < 400; index += 1)
    last = await chat(url, { user_id: 'ann', text: `message ${index}`, metadata });
  t.is((await ended(url, last.turn_id)).reply, 'echo: message 399');
  t.true((await asked(model, 'message 399')).messages.length <= 1 + 2 * 3 + 1, 'a prompt does not grow with the chat');
  const { body } = await call<{ history: unknown[] }>(url, `/conversations/${first.session_id}`);
  t.is(body.history.length, 800);
});

test('a limit is passed by requests that come at once', async (t) => {
  const { url, model } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '5' } });
  model.script(holdSlow());
  await chat(url, { user_id: 'ann', text: 'slow' });
  await asked(model, 'slow');
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, index) => call(url, '/chat', { body: { user_id: 'ann', text: `${index}` } })),
  );
  t.is(replies.filter(({ status }) => status === 202).length, 5);
  t.is(replies.filter(({ status }) => status === 429).length, 55);
});
