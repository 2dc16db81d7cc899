import { randomUUID } from 'node:crypto';
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, type TurnJson } from '../support/client.ts';
import { fileOwner } from '../support/owner.ts';

const owner = fileOwner();
const QUEUE_LIMITS = { QUEUE_LIMIT_PER_USER: '5', QUEUE_LIMIT: '30' };
let url = '';

test.before(async () => {
  ({ url } = await startApp(owner));
});

test('100 concurrent requests with the same idempotency key and body create one turn', async (t) => {
  const body = { user_id: 'ann', text: 'once', tags: ['a'], metadata: { b: 1, a: 2 } };
  const headers = { 'idempotency-key': 'key-1' };
  const replies = await Promise.all(Array.from({ length: 100 }, () => call<TurnJson>(url, '/chat', { body, headers })));
  t.true(replies.every(({ status }) => status === 202 || status === 200));
  t.is(new Set(replies.map((reply) => reply.body.turn_id)).size, 1);
  const again = { text: 'once', metadata: { a: 2, b: 1 }, tags: ['a'], user_id: 'ann' };
  t.is(
    (await chat(url, again, { 'idempotency-key': '"key-1"' })).turn_id,
    replies[0]!.body.turn_id,
    'the order of fields and the quotes around the key are ignored',
  );
  const final = await waitForTurn(url, replies[0]!.body.turn_id);
  t.is((await call(url, '/chat', { body, headers })).status, 200, '200 for a final turn');
  t.is(final.seq, 1);
});

test('an idempotency key with another body is refused, and keys of different users are independent', async (t) => {
  const headers = { 'idempotency-key': 'key-2' };
  const first = await chat(url, { user_id: 'ben', text: 'one' }, headers);
  const other = await call(url, '/chat', { body: { user_id: 'ben', text: 'two' }, headers });
  t.is(other.status, 422);
  t.is(other.body['code'], 'idempotency_key_reused');
  t.not((await chat(url, { user_id: 'cleo', text: 'one' }, headers)).turn_id, first.turn_id);
});

test('a session belongs to the user who started it', async (t) => {
  const sessionId = randomUUID();
  await chat(url, { user_id: 'dora', text: 'mine', metadata: { session_id: sessionId.toUpperCase() } });
  const foreign = await call(url, '/chat', {
    body: { user_id: 'eve', text: 'yours?', metadata: { session_id: sessionId } },
  });
  t.is(foreign.status, 404);
  t.is(foreign.body['code'], 'session_not_found');
  t.deepEqual((await call<{ items: unknown[] }>(url, '/users/eve/turns')).body.items, [], 'nothing was stored');
});

test('if several users start the same session at the same time, one of them owns it', async (t) => {
  const sessionId = randomUUID();
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      call(url, '/chat', { body: { user_id: `racer-${n}`, text: 'mine', metadata: { session_id: sessionId } } }),
    ),
  );
  t.is(replies.filter(({ status }) => status === 202).length, 1);
  t.is(replies.filter(({ status }) => status === 404).length, 19);
});

test('202 returns Location and the turn, and Prefer: wait returns 200 with the final turn', async (t) => {
  const accepted = await call<TurnJson>(url, '/chat', {
    body: { user_id: 'fay', text: 'hello', metadata: { channel: 'web' } },
  });
  t.is(accepted.status, 202);
  t.is(accepted.headers.get('location'), `/turns/${accepted.body.turn_id}`);
  t.like(accepted.body, { user_id: 'fay', status: 'queued', text: 'hello', reply: null, seq: 1 });
  t.is(accepted.body.metadata['channel'], 'web');
  t.is(accepted.body.metadata['session_id'], accepted.body.session_id);
  const waited = await call<TurnJson>(url, '/chat/', {
    body: { user_id: 'fay', text: 'again' },
    headers: { prefer: 'respond-async, wait=20' },
  });
  t.is(waited.status, 200);
  t.is(waited.headers.get('preference-applied'), 'wait=20');
  t.like(waited.body, { status: 'completed', reply: 'echo: again', seq: 2 });
});

test('the queue limit of a user is exact, a refusal has Retry-After, and a refused turn uses no seq', async (t) => {
  const app = await startApp(t, { settings: QUEUE_LIMITS });
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  app.model.script(async () => {
    await released;
    return {};
  });
  const first = await chat(app.url, { user_id: 'gus', text: 'running' });
  while ((await call<TurnJson>(app.url, `/turns/${first.turn_id}`)).body.status !== 'running')
    await new Promise((resolve) => setImmediate(resolve));
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      call<TurnJson>(app.url, '/chat', { body: { user_id: 'gus', text: `queued ${n}` } }),
    ),
  );
  const refused = replies.filter(({ status }) => status === 429);
  t.is(replies.filter(({ status }) => status === 202).length, 5);
  t.is(refused.length, 35);
  t.true(
    refused.every(
      ({ headers, body }) =>
        Number(headers.get('retry-after')) > 0 && (body as unknown as { code: string }).code === 'user_queue_full',
    ),
  );
  release();
  const last = await chat(app.url, { user_id: 'gus', text: 'after' }).catch(() => null);
  const turns = (await call<{ items: TurnJson[] }>(app.url, '/users/gus/turns')).body.items;
  t.deepEqual(
    turns.map(({ seq }) => seq),
    Array.from({ length: turns.length }, (_, n) => turns.length - n),
  );
  t.true(last === null || last.seq === turns.length);
});

test('if the queue of all users is full, every user receives 503 with Retry-After', async (t) => {
  const app = await startApp(t, { settings: { QUEUE_LIMIT: '10', QUEUE_LIMIT_PER_USER: '100000' } });
  app.model.script(() => ({ delayMs: 3_000 }));
  const post = (n: number) => call(app.url, '/chat', { body: { user_id: `user-${n % 3}`, text: `message ${n}` } });
  for (let n = 0; n < 20; n += 1) await post(n);
  let reply = await post(21);
  for (const deadline = Date.now() + 3_000; reply.status === 202 && Date.now() < deadline;) reply = await post(22);
  t.is(reply.status, 503);
  t.is(reply.body['code'], 'queue_full');
  t.true(Number(reply.headers.get('retry-after')) > 0);
});

test('an invalid message is refused and stores nothing', async (t) => {
  const bad: unknown[] = [
    {},
    { user_id: 'hal' },
    { user_id: 'hal', text: '' },
    { user_id: 'hal', text: 'a\0b' },
    { user_id: 'hal', text: 'x', surprise: 1 },
    [],
  ];
  for (const body of bad) {
    const reply = await call(url, '/chat', { body });
    t.is(reply.status, 400);
    t.is(reply.headers.get('content-type'), 'application/problem+json');
  }
  t.deepEqual((await call<{ items: unknown[] }>(url, '/users/hal/turns')).body.items, []);
});

test('a long poll ends when the turn is final, and a known ETag returns 304', async (t) => {
  const app = await startApp(t);
  app.model.script(() => ({ delayMs: 700 }));
  const turn = await chat(app.url, { user_id: 'ida', text: 'slow' });
  const path = `/turns/${turn.turn_id}`;
  const early = await call<TurnJson>(app.url, `${path}?wait=0`);
  t.true(['queued', 'running'].includes(early.body.status));
  const startedAt = Date.now();
  const final = await call<TurnJson>(app.url, `${path}?wait=30`);
  t.is(final.body.status, 'completed');
  t.true(Date.now() - startedAt < 10_000);
  const etag = final.headers.get('etag')!;
  t.is((await call(app.url, path, { headers: { 'if-none-match': etag } })).status, 304);
  t.is((await call(app.url, path, { headers: { 'if-none-match': early.headers.get('etag')! } })).status, 200);
});
