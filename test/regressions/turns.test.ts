// Defects that users of other systems report about runs and streams. Each test shows that turnkeeper does not have one.
import test from 'ava';
import { Redis } from 'ioredis';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, eventually, type TurnJson } from '../support/client.ts';
import { waitForCall, hangSlowCalls } from '../support/held-model.ts';
import { startRedisServer } from '../support/services.ts';
import { openEvents, read, TurnView } from '../support/sse.ts';

test('a turn runs after the connections to Redis were frozen', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'before' })).turn_id);
  // Connections stay open, but Redis does not answer.
  redis.pause();
  const turn = await chat(url, { user_id: 'ann', text: 'meanwhile' });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  redis.resume();
  t.is((await waitForTurn(url, turn.turn_id, 30_000)).reply, 'echo: meanwhile');
});

test('a turn that runs longer than its lease is executed once', async (t) => {
  const { url, model } = await startApp(t, { settings: { LEASE_S: '2' } });
  model.script(() => ({ delayMs: 7_000 }));
  const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'three leases long' })).turn_id);
  t.is(turn.status, 'completed');
  t.is(turn.attempts, 1);
  t.is(model.chatCalls.length, 1);
});

test('turns of a stopped process run in the next process', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '2' } });
  const { url, model } = app;
  model.script(({ attempt }) => ({ hang: attempt === 1 }));
  const first = await chat(url, { user_id: 'ann', text: 'first' });
  await waitForCall(model, 'first');
  const second = await chat(url, { user_id: 'ann', text: 'second' });
  await app.stop();
  const { databaseUrl, redisUrl } = app;
  const next = await startApp(t, { databaseUrl, redisUrl, model, settings: { LEASE_S: '2' } });
  model.script(() => ({}));
  t.is((await waitForTurn(next.url, first.turn_id)).reply, 'echo: first');
  t.is((await waitForTurn(next.url, second.turn_id)).reply, 'echo: second');
});

test('busy rules also apply to requests with Prefer: wait, and merged input is answered in one turn', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const wait = { prefer: 'wait=20' };
  const slow = await chat(url, { user_id: 'ann', text: 'slow' });
  await waitForCall(model, 'slow');
  const refused = await call(url, '/chat', { body: { user_id: 'ann', text: 'no', on_busy: 'reject' }, headers: wait });
  t.is(refused.status, 409);
  const session = { metadata: { session_id: slow.session_id } };
  const queued = await chat(url, { user_id: 'ann', text: 'one', ...session });
  const merging = call<TurnJson>(url, '/chat', {
    body: { user_id: 'ann', text: 'two', on_busy: 'merge', ...session },
    headers: wait,
  });
  await eventually(
    'the merge joined the queued turn',
    async () => (await call<TurnJson>(url, `/turns/${queued.turn_id}`)).body.text !== 'one',
  );
  await call(url, `/turns/${slow.turn_id}/cancel`, { method: 'POST' });
  const merged = await merging;
  t.is(merged.status, 200);
  t.is(merged.body.turn_id, queued.turn_id);
  t.is(merged.body.reply, 'echo: one\ntwo');
});

test('a reconnect sends only the rest of the reply, and the final turn', async (t) => {
  const { url, model } = await startApp(t);
  const text = 'word '.repeat(40).trim();
  model.script(() => ({ text, trickleMs: 20 }));
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'an earlier turn' })).turn_id);
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'go' });
  const view = await read(url, id, new TurnView(), (current) => current.text.length > 20);
  const before = view.text;
  await read(url, id, view);
  t.true(view.text.startsWith(before));
  t.is(view.text, text);
  t.is(view.starts, 1, 'the reply started once');
  t.deepEqual(view.statuses.slice(-1), ['completed']);
});

test('the position is kept when a resumed stream breaks before its first event', async (t) => {
  const { url, model } = await startApp(t);
  const text = 'word '.repeat(40).trim();
  model.script(() => ({ text, trickleMs: 20 }));
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'go' });
  const view = await read(url, id, new TurnView(), (current) => current.text.length > 20);
  for (let tries = 0; tries < 5; tries += 1) (await openEvents(url, id, { lastEventId: view.lastEventId })).close();
  await read(url, id, view);
  t.is(view.text, text);
  t.is(view.starts, 1);
});

test('a stream can be resumed after its deltas have expired', async (t) => {
  const { url, model, redisUrl } = await startApp(t);
  model.script(() => ({ text: 'one two three four five six', trickleMs: 50 }));
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'go' });
  const view = await read(url, id, new TurnView(), (current) => current.text.length > 5);
  await waitForTurn(url, id);
  const redis = new Redis(redisUrl);
  t.teardown(() => redis.disconnect());
  t.is(await redis.del(`turnkeeper:deltas:${id}`), 1, 'as after their expiry');
  await read(url, id, view);
  t.is(view.turn!.reply, 'one two three four five six');
});

test('a closed stream does not cancel a turn, and a cancel does', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ text: 'one two three four five six', trickleMs: 100 }));
  const left = await chat(url, { user_id: 'ann', text: 'left' });
  await read(url, left.turn_id, new TurnView(), (current) => current.text.length > 3);
  t.is((await waitForTurn(url, left.turn_id)).status, 'completed', 'a closed stream does not cancel the turn');
  const stopped = await chat(url, { user_id: 'ann', text: 'stopped' });
  await read(url, stopped.turn_id, new TurnView(), (current) => current.text.length > 3);
  await call(url, `/turns/${stopped.turn_id}/cancel`, { method: 'POST' });
  t.is((await waitForTurn(url, stopped.turn_id)).status, 'cancelled');
  await eventually('the model call is aborted', async () => (await waitForCall(model, 'stopped')).signal.aborted);
});

test('a message that is sent while a reply streams does not duplicate the reply', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ text: 'one two three four', trickleMs: 50 }));
  const first = await chat(url, { user_id: 'ann', text: 'first' });
  await read(url, first.turn_id, new TurnView(), (current) => current.text.length > 3);
  const second = await chat(url, { user_id: 'ann', text: 'second' });
  await waitForTurn(url, second.turn_id);
  t.deepEqual(
    (await delivered(url, 'ann')).map(({ role, turn_id: id }) => [role, id]),
    [first, second].flatMap(({ turn_id: id }) => [
      ['user', id],
      ['assistant', id],
    ]),
  );
});

test('30 concurrent messages of one user are all accepted and answered', async (t) => {
  const { url, model } = await startApp(t);
  model.script(() => ({ delayMs: 20 }));
  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      call<TurnJson>(url, '/chat', { body: { user_id: 'ann', text: `${index}` } }),
    ),
  );
  t.deepEqual([...new Set(replies.map(({ status }) => status))], [202]);
  for (const { body } of replies) t.is((await waitForTurn(url, body.turn_id)).reply, `echo: ${body.text}`);
  t.is((await delivered(url, 'ann')).length, 60);
});

test('repeated interrupts cancel each turn once and repeat no model call', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const turns: TurnJson[] = [];
  for (let round = 0; round < 5; round += 1) {
    turns.push(await chat(url, { user_id: 'ann', text: `slow ${round}`, on_busy: 'interrupt' }));
    await waitForCall(model, `slow ${round}`);
  }
  const last = await chat(url, { user_id: 'ann', text: 'done', on_busy: 'interrupt' });
  t.is((await waitForTurn(url, last.turn_id)).reply, 'echo: done');
  for (const { turn_id: id, text } of turns) {
    t.is((await waitForTurn(url, id)).status, 'cancelled');
    t.is(model.count(text), 1);
  }
  t.is((await delivered(url, 'ann')).length, 2);
});

test('a model call that hangs does not block the next turn of the user', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_TIMEOUT_S: '1', MODEL_MAX_ATTEMPTS: '1' } });
  model.script(({ lastUserMessage: text }) => ({ hang: text === 'stuck' }));
  const stuck = await chat(url, { user_id: 'ann', text: 'stuck' });
  const next = await chat(url, { user_id: 'ann', text: 'next' });
  t.is((await waitForTurn(url, next.turn_id)).reply, 'echo: next');
  t.is((await waitForTurn(url, stuck.turn_id)).error!.code, 'model_timeout');
});

test('a long conversation has no limit, and its prompts do not grow', async (t) => {
  const { url, model } = await startApp(t, { settings: { HISTORY_EXCHANGES: '3', QUEUE_LIMIT_PER_USER: '1000' } });
  const first = await chat(url, { user_id: 'ann', text: 'message 0' });
  const metadata = { session_id: first.session_id };
  let last = first;
  for (let index = 1; index < 400; index += 1)
    last = await chat(url, { user_id: 'ann', text: `message ${index}`, metadata });
  t.is((await waitForTurn(url, last.turn_id)).reply, 'echo: message 399');
  t.true(
    (await waitForCall(model, 'message 399')).messages.length <= 1 + 2 * 3 + 1,
    'the prompt does not grow with the conversation',
  );
  const { body } = await call<{ history: unknown[] }>(url, `/conversations/${first.session_id}`);
  t.is(body.history.length, 800);
});

test('concurrent requests cannot exceed the queue limit', async (t) => {
  const { url, model } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '5' } });
  model.script(hangSlowCalls());
  await chat(url, { user_id: 'ann', text: 'slow' });
  await waitForCall(model, 'slow');
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, index) => call(url, '/chat', { body: { user_id: 'ann', text: `${index}` } })),
  );
  t.is(replies.filter(({ status }) => status === 202).length, 5);
  t.is(replies.filter(({ status }) => status === 429).length, 55);
});
