import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { rawCall, start, type Json } from './support/ingress.ts';

test('a turn has a strong ETag, and a matching If-None-Match is answered 304', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const first = await fixture.call('GET', `/turns/${turnId}`);
  t.is(first.status, 200);
  const etag = first.headers.get('etag')!;
  t.regex(etag, /^"[\w-]+"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const unchanged = await fixture.call('GET', `/turns/${turnId}`, undefined, { 'if-none-match': known });
    t.is(unchanged.status, 304);
    t.is(unchanged.text, '');
    t.is(unchanged.headers.get('etag'), etag);
  }
  fixture.change(turnId, { status: 'running', epoch: 1 });
  const changed = await fixture.call('GET', `/turns/${turnId}`, undefined, { 'if-none-match': etag });
  t.is(changed.status, 200);
  t.not(changed.headers.get('etag'), etag);
});

test('HEAD answers like GET without a body', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const get = await fixture.call('GET', `/turns/${turnId}`);
  const head = await fixture.call('HEAD', `/turns/${turnId}`);
  t.is(head.status, 200);
  t.is(head.text, '');
  t.is(head.headers.get('etag'), get.headers.get('etag'));
  t.is(head.headers.get('content-length'), String(Buffer.byteLength(get.text)));
});

test('a turn id is case-insensitive; unknown and malformed ids are answered 404', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  t.is((await fixture.call('GET', `/turns/${turnId.toUpperCase()}`)).status, 200);
  for (const id of [newId(), 'nope', '42', `${turnId}0`]) {
    const { status, json } = await fixture.call('GET', `/turns/${id}`);
    t.is(status, 404);
    t.is(json['code'], 'turn_not_found');
  }
});

test('the reply is null until the user may see it', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice', reply: 'a draft' });
  const replies: Record<string, unknown> = {};
  for (const status of [
    'queued',
    'running',
    'completed',
    'awaiting_review',
    'failed',
    'cancelled',
    'rejected',
    'expired',
  ] as const) {
    fixture.change(turnId, { status });
    replies[status] = (await fixture.call('GET', `/turns/${turnId}`)).json['reply'];
  }
  const none = { queued: null, running: null, awaiting_review: null, failed: null, cancelled: null, expired: null };
  t.deepEqual(replies, { ...none, completed: 'a draft', rejected: 'Message rejected by human reviewer.' });
});

test('a long poll ends when the turn is final', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const pending = fixture.call('GET', `/turns/${turnId}?wait=30`);
  await fixture.waits(1);
  fixture.change(turnId, { status: 'running' });
  fixture.change(turnId, { status: 'completed', reply: 'Hello' });
  const { status, json } = await pending;
  t.is(status, 200);
  t.is(json['reply'], 'Hello');
});

test('a long poll with an ETag waits, and answers 304 if nothing has changed', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const etag = (await fixture.call('GET', `/turns/${turnId}`)).headers.get('etag')!;
  const startedAt = performance.now();
  const reply = await fixture.call('GET', `/turns/${turnId}?wait=1`, undefined, { 'if-none-match': etag });
  t.is(reply.status, 304);
  t.true(performance.now() - startedAt > 900);
});

test('a long poll of a turn that awaits review ends when its status changes; for a final turn it returns immediately', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice', status: 'awaiting_review' });
  const pending = fixture.call('GET', `/turns/${turnId}?wait=30`);
  await fixture.waits(1);
  fixture.change(turnId, { status: 'rejected' });
  t.is((await pending).json['status'], 'rejected');
  t.is((await fixture.call('GET', `/turns/${turnId}?wait=60`)).json['status'], 'rejected');
});

test('a disconnect of the client ends the wait and is not logged as an error', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const client = new AbortController();
  const pending = fetch(`${fixture.ingress.url}/turns/${turnId}?wait=60`, { signal: client.signal });
  await fixture.waits(1);
  client.abort();
  await t.throwsAsync(pending, { name: 'AbortError' });
  await fixture.waits(0);
  t.deepEqual(fixture.errors(), []);
});

test('a stop of the server ends long polls with the current turn', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const pending = rawCall(fixture.ingress.url, { path: `/turns/${turnId}?wait=60` });
  await fixture.waits(1);
  await fixture.ingress.stop(5_000);
  const { status, text, headers } = await pending;
  t.is(status, 200);
  t.is((JSON.parse(text) as Json)['status'], 'queued');
  t.is(headers.connection, 'close');
});

test('turns of a user are listed newest first, in pages', async (t) => {
  const fixture = await start(t);
  for (let i = 0; i < 5; i += 1) fixture.add({ userId: 'alice', status: i === 2 ? 'completed' : 'queued' });
  fixture.add({ userId: 'bob' });
  const listed: unknown[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const { status, json } = await fixture.call('GET', `/users/alice/turns?limit=2${cursor && `&cursor=${cursor}`}`);
    t.is(status, 200);
    listed.push(...(json['items'] as Json[]).map(({ seq }) => seq));
    cursor = json['next_cursor'] as string | null;
    pages += 1;
  }
  t.deepEqual(listed, [5, 4, 3, 2, 1]);
  t.is(pages, 3);
  const completed = await fixture.call('GET', '/users/alice/turns?status=completed');
  t.deepEqual(
    (completed.json['items'] as Json[]).map(({ seq }) => seq),
    [3],
  );
  t.deepEqual((await fixture.call('GET', '/users/nobody/turns')).json, { items: [], next_cursor: null });
});

test('a cancel returns the cancelled turn, also when it is repeated; for another final turn it is answered 409, for an unknown id 404', async (t) => {
  const fixture = await start(t);
  for (const status of ['queued', 'running', 'awaiting_review'] as const) {
    const { turnId } = fixture.add({ userId: 'alice', status, reply: 'a draft' });
    const first = await fixture.call('POST', `/turns/${turnId}/cancel`);
    t.is(first.status, 200);
    t.like(first.json, { turn_id: turnId, status: 'cancelled', reply: null });
    const repeated = await fixture.call('POST', `/turns/${turnId.toUpperCase()}/cancel/`);
    t.is(repeated.status, 200);
    t.deepEqual(repeated.json, first.json);
  }
  for (const status of ['completed', 'failed', 'rejected', 'expired'] as const) {
    const { turnId } = fixture.add({ userId: 'alice', status });
    const { status: httpStatus, json } = await fixture.call('POST', `/turns/${turnId}/cancel`);
    t.is(httpStatus, 409);
    t.is(json['code'], 'turn_finished');
  }
  for (const id of [newId(), 'nope']) t.is((await fixture.call('POST', `/turns/${id}/cancel`)).status, 404);
});

test('a retry is answered 202 with the queued turn, then 409; it takes no body', async (t) => {
  const fixture = await start(t);
  const error = { code: 'model_unavailable', detail: 'x' };
  const { turnId } = fixture.add({ userId: 'alice', status: 'failed', error });
  t.is((await fixture.call('POST', `/turns/${turnId}/retry`)).status, 202);
  const repeated = await fixture.call('POST', `/turns/${turnId}/retry`);
  t.deepEqual([repeated.status, repeated.json['code']], [409, 'not_retryable']);
  t.like((await fixture.call('GET', `/turns/${turnId}`)).json, { status: 'queued', error: null });
});
