import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, type TurnJson } from '../support/client.ts';
import { waitForCall, waitForDeltas, hangSlowCalls, callAborted } from '../support/held-model.ts';

const LONG_LEASE = { LEASE_S: '120' };
const read = async (url: string, { turn_id: id }: TurnJson) => (await call<TurnJson>(url, `/turns/${id}`)).body;
const listed = async (url: string, user: string) =>
  (await call<{ items: TurnJson[] }>(url, `/users/${user}/turns`)).body.items.toReversed();

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(
    `${runtime}: interrupt cancels the running turn, keeps its partial reply, and runs after the queued turns`,
    async (t) => {
      const { url, model } = await startApp(t, { runtime, settings: LONG_LEASE });
      model.script(hangSlowCalls());
      const running = await chat(url, { user_id: 'ann', text: 'slow' });
      const modelCall = await waitForCall(model, 'slow');
      const queued = await chat(url, { user_id: 'ann', text: 'queued' });
      await waitForDeltas();
      const startedAt = Date.now();
      const newest = await chat(url, { user_id: 'ann', text: 'now', on_busy: 'interrupt' });
      t.like(newest, { seq: 3, status: 'queued' });
      await callAborted(modelCall);
      t.is((await waitForTurn(url, newest.turn_id)).reply, 'echo: now');
      t.true(Date.now() - startedAt < 5_000, 'at once, not at the renewal of the lease');
      const kept = await read(url, running);
      t.is(kept.status, 'cancelled');
      t.true('one two three four'.startsWith(kept.partial_reply!));
      t.like(await read(url, queued), { status: 'completed', reply: 'echo: queued' });
      t.deepEqual(
        (await delivered(url, 'ann')).map(({ content }) => content),
        ['queued', 'echo: queued', 'now', 'echo: now'],
      );
    },
  );

  run(`${runtime}: rollback cancels the running turn and keeps no reply text of it`, async (t) => {
    const { url, model } = await startApp(t, { runtime, settings: LONG_LEASE });
    model.script(hangSlowCalls());
    const metadata = { session_id: 'd9f1a3c2-2f0a-4d55-9b38-4c7c2a5c3a11' };
    const running = await chat(url, { user_id: 'ben', text: 'slow', metadata });
    const modelCall = await waitForCall(model, 'slow');
    await waitForDeltas();
    const newest = await chat(url, { user_id: 'ben', text: 'instead', metadata, on_busy: 'rollback' });
    await callAborted(modelCall);
    t.is((await waitForTurn(url, newest.turn_id)).reply, 'echo: instead');
    // The worker claims the next turn only after it has released this one, so it stores nothing more for it.
    t.like(await read(url, running), { status: 'cancelled', reply: null, partial_reply: null });
    const prompt = model.chatCalls.at(-1)!.messages.map(({ content }) => content);
    t.false(prompt.some((content) => content.includes('slow') || content.includes('one two')));
    t.deepEqual(
      (await delivered(url, 'ben')).map(({ content }) => content),
      ['instead', 'echo: instead'],
    );
  });

  run(`${runtime}: of 100 concurrent messages with on_busy reject one is accepted and 99 receive 409`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    model.script(hangSlowCalls());
    const replies = await Promise.all(
      Array.from({ length: 100 }, async () => {
        for (;;) {
          const reply = await call(url, '/chat', { body: { user_id: 'cleo', text: 'slow', on_busy: 'reject' } });
          // On a loaded machine a request may time out waiting for a connection. It changed nothing, so it is retried.
          if (reply.status !== 503) return reply;
        }
      }),
    );
    t.is(replies.filter(({ status }) => status === 202).length, 1);
    const refused = replies.filter(({ status, body }) => status === 409 && body['code'] === 'user_busy');
    t.is(refused.length, 99, JSON.stringify(replies.filter((reply) => !refused.includes(reply))));
    t.deepEqual(
      (await listed(url, 'cleo')).map(({ seq }) => seq),
      [1],
    );
    // The interrupt ends the running turn. The user is idle after the new turn.
    const last = await chat(url, { user_id: 'cleo', text: 'free', on_busy: 'interrupt' });
    await waitForTurn(url, last.turn_id);
    const next = await chat(url, { user_id: 'cleo', text: 'again', on_busy: 'reject' });
    t.like(await waitForTurn(url, next.turn_id), { status: 'completed', seq: 3 });
  });
}

test('if no turn of the user is running, every busy rule acts like enqueue', async (t) => {
  const { url } = await startApp(t);
  for (const rule of ['interrupt', 'rollback', 'merge', 'reject']) {
    const turn = await chat(url, { user_id: 'dora', text: rule, on_busy: rule });
    t.is((await waitForTurn(url, turn.turn_id)).reply, `echo: ${rule}`);
  }
});

test('a repeated idempotency key interrupts nothing again, and with reject it returns its own turn', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const headers = (key: string) => ({ 'idempotency-key': key });
  const first = await chat(url, { user_id: 'eve', text: 'slow' });
  await waitForCall(model, 'slow');
  const body = { user_id: 'eve', text: 'slow too', on_busy: 'interrupt' };
  const second = await chat(url, body, headers('a'));
  await waitForCall(model, 'slow too');
  t.is((await read(url, first)).status, 'cancelled');
  const replies = await Promise.all(Array.from({ length: 20 }, () => chat(url, body, headers('a'))));
  t.true(replies.every(({ turn_id: id, status }) => id === second.turn_id && status === 'running'));
  t.is((await call(url, '/chat', { body: { ...body, on_busy: 'rollback' }, headers: headers('a') })).status, 422);

  const rejecting = { user_id: 'fay', text: 'slow three', on_busy: 'reject' };
  const own = await chat(url, rejecting, headers('b'));
  t.is((await chat(url, rejecting, headers('b'))).turn_id, own.turn_id, 'the user is busy with this turn');
});

test('a refused message interrupts nothing', async (t) => {
  const { url, model } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '1' } });
  model.script(hangSlowCalls());
  const running = await chat(url, { user_id: 'gus', text: 'slow' });
  await waitForCall(model, 'slow');
  await chat(url, { user_id: 'gus', text: 'queued' });
  const refused = await call(url, '/chat', { body: { user_id: 'gus', text: 'now', on_busy: 'interrupt' } });
  t.is(refused.status, 429);
  t.is((await read(url, running)).status, 'running');
});
