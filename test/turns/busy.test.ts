import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, delivered, ended, eventually, type TurnJson } from '../support/client.ts';
import { asked, heardByWorker, holdSlow, hungUp } from '../support/held-model.ts';

const LONG_LEASE = { LEASE_S: '120' };
const read = async (url: string, { turn_id: id }: TurnJson) => (await call<TurnJson>(url, `/turns/${id}`)).body;
const listed = async (url: string, user: string) =>
  (await call<{ items: TurnJson[] }>(url, `/users/${user}/turns`)).body.items.toReversed();

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: interrupt cancels what runs, keeps what it wrote, and comes after those that wait`, async (t) => {
    const { url, model } = await startApp(t, { runtime, settings: LONG_LEASE });
    model.script(holdSlow());
    const running = await chat(url, { user_id: 'ann', text: 'slow' });
    const held = await asked(model, 'slow');
    const waiting = await chat(url, { user_id: 'ann', text: 'waits' });
    await heardByWorker();
    const began = Date.now();
    const newest = await chat(url, { user_id: 'ann', text: 'now', on_busy: 'interrupt' });
    t.like(newest, { seq: 3, status: 'queued' });
    await hungUp(held);
    t.is((await ended(url, newest.turn_id)).reply, 'echo: now');
    t.true(Date.now() - began < 5_000, 'at once, not when the lease is renewed');
    const kept = await eventually('the partial reply', async () => {
      const now = await read(url, running);
      return now.partial_reply !== null && now;
    });
    t.is(kept.status, 'cancelled');
    t.true('one two three four'.startsWith(kept.partial_reply!));
    t.like(await read(url, waiting), { status: 'completed', reply: 'echo: waits' });
    t.deepEqual(
      (await delivered(url, 'ann')).map(({ content }) => content),
      ['waits', 'echo: waits', 'now', 'echo: now'],
    );
  });

  run(`${runtime}: rollback leaves no trace of the running turn but that it was cancelled`, async (t) => {
    const { url, model } = await startApp(t, { runtime, settings: LONG_LEASE });
    model.script(holdSlow());
    const metadata = { session_id: 'd9f1a3c2-2f0a-4d55-9b38-4c7c2a5c3a11' };
    const running = await chat(url, { user_id: 'ben', text: 'slow', metadata });
    const held = await asked(model, 'slow');
    await heardByWorker();
    const newest = await chat(url, { user_id: 'ben', text: 'instead', metadata, on_busy: 'rollback' });
    await hungUp(held);
    t.is((await ended(url, newest.turn_id)).reply, 'echo: instead');
    // The worker went on to the next turn after it had let go of this one, so nothing will be kept any more.
    t.like(await read(url, running), { status: 'cancelled', reply: null, partial_reply: null });
    const prompt = model.chatCalls.at(-1)!.messages.map(({ content }) => content);
    t.false(prompt.some((content) => content.includes('slow') || content.includes('one two')));
    t.deepEqual(
      (await delivered(url, 'ben')).map(({ content }) => content),
      ['instead', 'echo: instead'],
    );
  });

  run(`${runtime}: of a hundred rejecting messages at once one is accepted, the others are told`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    model.script(holdSlow());
    const replies = await Promise.all(
      Array.from({ length: 100 }, async () => {
        for (;;) {
          const reply = await call(url, '/chat', { body: { user_id: 'cleo', text: 'slow', on_busy: 'reject' } });
          // On a loaded machine the hundredth may wait too long for a connection: nothing was done, so try again.
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
    // It takes the place of the one that runs, and the user is idle after it.
    const last = await chat(url, { user_id: 'cleo', text: 'free', on_busy: 'interrupt' });
    await ended(url, last.turn_id);
    const next = await chat(url, { user_id: 'cleo', text: 'again', on_busy: 'reject' });
    t.like(await ended(url, next.turn_id), { status: 'completed', seq: 3 });
  });
}

test('without anything that runs, interrupt and rollback are like enqueue', async (t) => {
  const { url } = await startApp(t);
  for (const rule of ['interrupt', 'rollback', 'merge', 'reject']) {
    const turn = await chat(url, { user_id: 'dora', text: rule, on_busy: rule });
    t.is((await ended(url, turn.turn_id)).reply, `echo: ${rule}`);
  }
});

test('a repeated interrupt with the same key cancels nothing a second time; reject answers its own turn', async (t) => {
  const { url, model } = await startApp(t);
  model.script(holdSlow());
  const headers = (key: string) => ({ 'idempotency-key': key });
  const first = await chat(url, { user_id: 'eve', text: 'slow' });
  await asked(model, 'slow');
  const body = { user_id: 'eve', text: 'slow too', on_busy: 'interrupt' };
  const second = await chat(url, body, headers('a'));
  await asked(model, 'slow too');
  t.is((await read(url, first)).status, 'cancelled');
  const replies = await Promise.all(Array.from({ length: 20 }, () => chat(url, body, headers('a'))));
  t.true(replies.every(({ turn_id: id, status }) => id === second.turn_id && status === 'running'));
  t.is((await call(url, '/chat', { body: { ...body, on_busy: 'rollback' }, headers: headers('a') })).status, 422);

  const rejecting = { user_id: 'fay', text: 'slow three', on_busy: 'reject' };
  const own = await chat(url, rejecting, headers('b'));
  t.is((await chat(url, rejecting, headers('b'))).turn_id, own.turn_id, 'it is busy with this very turn');
});

test('a message that is refused interrupts nothing', async (t) => {
  const { url, model } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '1' } });
  model.script(holdSlow());
  const running = await chat(url, { user_id: 'gus', text: 'slow' });
  await asked(model, 'slow');
  await chat(url, { user_id: 'gus', text: 'waits' });
  const refused = await call(url, '/chat', { body: { user_id: 'gus', text: 'now', on_busy: 'interrupt' } });
  t.is(refused.status, 429);
  t.is((await read(url, running)).status, 'running');
});
