import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { rawCall, start, type Json } from './support/ingress.ts';

test('a turn has a strong ETag, and 304 answers who knows it', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const first = await fixture.call('GET', `/turns/${turnId}`);
  t.is(first.status, 200);
  const etag = first.headers.get('etag')!;
  t.regex(etag, /^"[\w-]+"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const same = await fixture.call('GET', `/turns/${turnId}`, undefined, { 'if-none-match': known });
    t.is(same.status, 304);
    t.is(same.text, '');
    t.is(same.headers.get('etag'), etag);
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

test('an id in capitals is the same turn; unknown and impossible ids are 404', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  t.is((await fixture.call('GET', `/turns/${turnId.toUpperCase()}`)).status, 200);
  for (const id of [newId(), 'nope', '42', `${turnId}0`]) {
    const { status, json } = await fixture.call('GET', `/turns/${id}`);
    t.is(status, 404);
    t.is(json['code'], 'turn_not_found');
  }
});

test('the reply shows only when the user may see it', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice', reply: 'a draft' });
  const shown: Record<string, unknown> = {};
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
    shown[status] = (await fixture.call('GET', `/turns/${turnId}`)).json['reply'];
  }
  const none = { queued: null, running: null, awaiting_review: null, failed: null, cancelled: null, expired: null };
  t.deepEqual(shown, { ...none, completed: 'a draft', rejected: 'Message rejected by human reviewer.' });
});

test('a long-poll ends when the turn ends', async (t) => {
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

test('a long-poll with an ETag waits, and answers 304 when nothing has changed', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const etag = (await fixture.call('GET', `/turns/${turnId}`)).headers.get('etag')!;
  const begun = performance.now();
  const reply = await fixture.call('GET', `/turns/${turnId}?wait=1`, undefined, { 'if-none-match': etag });
  t.is(reply.status, 304);
  t.true(performance.now() - begun > 900);
});

test('asked of a turn that awaits review it waits until that changes; of a final turn not at all', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice', status: 'awaiting_review' });
  const pending = fixture.call('GET', `/turns/${turnId}?wait=30`);
  await fixture.waits(1);
  fixture.change(turnId, { status: 'rejected' });
  t.is((await pending).json['status'], 'rejected');
  t.is((await fixture.call('GET', `/turns/${turnId}?wait=60`)).json['status'], 'rejected');
});

test('a client that goes ends its wait, and is no error', async (t) => {
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

test('stopping ends long-polls with the turn as it is', async (t) => {
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

test('turns of a user come newest first, page by page', async (t) => {
  const fixture = await start(t);
  for (let i = 0; i < 5; i += 1) fixture.add({ userId: 'alice', status: i === 2 ? 'completed' : 'queued' });
  fixture.add({ userId: 'bob' });
  const seen: unknown[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const { status, json } = await fixture.call('GET', `/users/alice/turns?limit=2${cursor && `&cursor=${cursor}`}`);
    t.is(status, 200);
    seen.push(...(json['items'] as Json[]).map(({ seq }) => seq));
    cursor = json['next_cursor'] as string | null;
    pages += 1;
  }
  t.deepEqual(seen, [5, 4, 3, 2, 1]);
  t.is(pages, 3);
  const completed = await fixture.call('GET', '/users/alice/turns?status=completed');
  t.deepEqual(
    (completed.json['items'] as Json[]).map(({ seq }) => seq),
    [3],
  );
  t.deepEqual((await fixture.call('GET', '/users/nobody/turns')).json, { items: [], next_cursor: null });
});

test('cancelling answers the cancelled turn, again the same; of a finished turn 409, of a foreign id 404', async (t) => {
  const fixture = await start(t);
  for (const status of ['queued', 'running', 'awaiting_review'] as const) {
    const { turnId } = fixture.add({ userId: 'alice', status, reply: 'a draft' });
    const first = await fixture.call('POST', `/turns/${turnId}/cancel`);
    t.is(first.status, 200);
    t.like(first.json, { turn_id: turnId, status: 'cancelled', reply: null });
    const again = await fixture.call('POST', `/turns/${turnId.toUpperCase()}/cancel/`);
    t.is(again.status, 200);
    t.deepEqual(again.json, first.json);
  }
  for (const status of ['completed', 'failed', 'rejected', 'expired'] as const) {
    const { turnId } = fixture.add({ userId: 'alice', status });
    const { status: answered, json } = await fixture.call('POST', `/turns/${turnId}/cancel`);
    t.is(answered, 409);
    t.is(json['code'], 'turn_finished');
  }
  for (const id of [newId(), 'nope']) t.is((await fixture.call('POST', `/turns/${id}/cancel`)).status, 404);
});
