import test from 'ava';
import { randomUUID } from 'node:crypto';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, eventually, type TurnJson } from '../support/client.ts';
import { waitForCall, waitForDeltas, hangSlowCalls, callAborted } from '../support/held-model.ts';

// The lease is longer than these tests, so a worker cannot learn about a cancellation from its renewal.
const LONG_LEASE = { LEASE_S: '120' };

const cancel = (url: string, { turn_id: id }: { turn_id: string }) =>
  call<TurnJson & { code?: string }>(url, `/turns/${id}/cancel`, { method: 'POST' });
const read = async (url: string, { turn_id: id }: TurnJson) => (await call<TurnJson>(url, `/turns/${id}`)).body;

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(
    `${runtime}: cancelling a running turn aborts the model call, keeps the partial reply, and lets the next turn run`,
    async (t) => {
      const { url, model } = await startApp(t, { runtime, settings: LONG_LEASE });
      model.script(hangSlowCalls());
      const turn = await chat(url, { user_id: 'ann', text: 'slow' });
      const next = await chat(url, { user_id: 'ann', text: 'next' });
      const modelCall = await waitForCall(model, 'slow');
      await waitForDeltas();
      const startedAt = Date.now();
      const reply = await cancel(url, turn);
      t.is(reply.status, 200);
      t.like(reply.body, { turn_id: turn.turn_id, status: 'cancelled', reply: null, error: null });
      await callAborted(modelCall);
      t.is((await waitForTurn(url, next.turn_id)).reply, 'echo: next');
      t.true(Date.now() - startedAt < 5_000, 'at once, not at the renewal of the lease');
      const kept = await read(url, turn);
      t.true('one two three four'.startsWith(kept.partial_reply!), kept.partial_reply!);
      t.is(kept.reply, null);
      const again = await cancel(url, turn);
      t.is(again.status, 200);
      t.deepEqual(again.body, reply.body);
      t.deepEqual(kept as typeof again.body, reply.body);
      t.deepEqual(
        (await delivered(url, 'ann')).map(({ content }) => content),
        ['next', 'echo: next'],
        'a cancelled turn has no conversation rows',
      );
      t.is(model.count('slow'), 1);
    },
  );
}

test('a cancelled queued turn causes no model call, and the other turns run in order', async (t) => {
  const { url, model } = await startApp(t);
  model.script((one) => ({ delayMs: one.lastUserMessage === 'first' ? 600 : 0 }));
  const turns = [];
  for (const text of ['first', 'second', 'third']) turns.push(await chat(url, { user_id: 'ben', text }));
  const [first, second, third] = turns as [TurnJson, TurnJson, TurnJson];
  t.like((await cancel(url, second)).body, { status: 'cancelled', started_at: null, attempts: 0 });
  t.is((await waitForTurn(url, third.turn_id)).reply, 'echo: third');
  t.is((await read(url, first)).status, 'completed');
  t.like(await read(url, second), { status: 'cancelled', partial_reply: null, seq: 2 });
  t.is(model.count('second'), 0);
});

test('cancelling a turn that may need a review discards its partial reply', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const turn = await chat(url, { user_id: 'ella', text: 'slow, and I need help' });
  await eventually('the model call', async () => model.chatCalls.length === 1);
  await waitForDeltas();
  t.is((await cancel(url, turn)).status, 200);
  // The user's next turn runs only after the worker has released this one.
  await waitForTurn(url, (await chat(url, { user_id: 'ella', text: 'next' })).turn_id);
  t.like(await read(url, turn), { status: 'cancelled', reply: null, partial_reply: null });
});

test('a final turn cannot be cancelled, and a turn that awaits review can', async (t) => {
  const { url } = await startApp(t);
  const turn = await waitForTurn(url, (await chat(url, { user_id: 'cleo', text: 'hi' })).turn_id);
  const late = await cancel(url, turn);
  t.is(late.status, 409);
  t.is(late.body.code, 'turn_finished');
  t.deepEqual(await read(url, turn), turn);
  t.is((await cancel(url, { turn_id: randomUUID() })).status, 404);
  const parked = await waitForTurn(url, (await chat(url, { user_id: 'cleo', text: 'help' })).turn_id);
  t.is(parked.status, 'awaiting_review');
  t.like((await cancel(url, parked)).body, { status: 'cancelled', reply: null });
});

test('100 concurrent cancels all return the same turn, and it is counted once', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const turn = await chat(url, { user_id: 'dora', text: 'slow' });
  await waitForCall(model, 'slow');
  const replies = await Promise.all(Array.from({ length: 100 }, () => cancel(url, turn)));
  t.true(replies.every(({ status, body }) => status === 200 && body.status === 'cancelled'));
  const { body } = await call<{ by_status: object; message_count: number }>(url, '/analytics/dora');
  t.like(body.by_status, { cancelled: 1, running: 0, completed: 0 });
  t.is(body.message_count, 0);
});

test('a client that disconnects does not cancel its turn', async (t) => {
  const { url, model } = await startApp(t);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  model.script(async () => {
    await released;
    return {};
  });
  const client = new AbortController();
  const request = fetch(`${url}/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ user_id: 'eve', text: 'still there?' }),
    signal: client.signal,
  });
  const modelCall = await waitForCall(model, 'still there?');
  client.abort();
  await t.throwsAsync(request);
  const [turn] = (await call<{ items: TurnJson[] }>(url, '/users/eve/turns')).body.items;
  t.is(turn!.status, 'running');
  release();
  t.like(await waitForTurn(url, turn!.turn_id), { status: 'completed', reply: 'echo: still there?' });
  t.false(modelCall.signal.aborted);
});

test('a turn whose cancel races its commit is completed or cancelled, never both, and never lost', async (t) => {
  const { url, model } = await startApp(t, { settings: { LEASE_S: '3' } });
  const ROUNDS = 100;
  const outcomes = { completed: 0, cancelled: 0 };
  // Adjusted each round so that half of the cancels win: then the cancel meets the commit.
  let pauseMs = 10;
  model.script(() => ({ delayMs: 10 }));
  for (let round = 0; round < ROUNDS; round += 1) {
    const user = `racer-${round % 5}`;
    const turn = await chat(url, { user_id: user, text: `round ${round}` });
    await waitForCall(model, `round ${round}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const { status } = await cancel(url, turn);
    const final = await waitForTurn(url, turn.turn_id);
    t.is(final.status, status === 200 ? 'cancelled' : 'completed');
    outcomes[final.status as keyof typeof outcomes] += 1;
    pauseMs = Math.max(0, pauseMs + (status === 200 ? 1 : -1));
    if (status !== 200) t.like(final, { reply: `echo: round ${round}`, partial_reply: null });
  }
  t.true(outcomes.completed > 0 && outcomes.cancelled > 0, JSON.stringify(outcomes));
  let found = 0;
  for (let number = 0; number < 5; number += 1) {
    const { items } = (await call<{ items: TurnJson[] }>(url, `/users/racer-${number}/turns`)).body;
    t.deepEqual(
      items.map(({ seq }) => seq),
      Array.from({ length: ROUNDS / 5 }, (_, n) => ROUNDS / 5 - n),
    );
    const completed = items.filter(({ status }) => status === 'completed').toReversed();
    found += completed.length;
    t.deepEqual(
      (await delivered(url, `racer-${number}`)).map(({ content }) => content),
      completed.flatMap(({ text, reply }) => [text, reply!]),
    );
  }
  t.is(found, outcomes.completed);
});
