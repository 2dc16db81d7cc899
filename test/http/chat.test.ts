import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { keyOf, sha256, start, textOf } from './support/ingress.ts';

const HELLO = { user_id: 'alice', text: 'Hi' };
const SESSION = '3F0F7E3C-2F0A-4D55-9B38-4C7C2A5C3A11';

test('POST /chat answers 202 with Location and the whole turn', async (t) => {
  const { call } = await start(t);
  const body = { ...HELLO, metadata: { session_id: SESSION, channel: 'web' }, tags: ['greeting'] };
  const { status, headers, json } = await call('POST', '/chat', body);
  t.is(status, 202);
  t.is(headers.get('location'), `/turns/${textOf(json, 'turn_id')}`);
  t.is(headers.get('content-type'), 'application/json; charset=utf-8');
  t.is(headers.get('cache-control'), 'no-store');
  const { turn_id: _turnId, created_at: at, ...rest } = json;
  t.deepEqual(rest, {
    user_id: 'alice',
    session_id: SESSION.toLowerCase(),
    seq: 1,
    status: 'queued',
    follows: null,
    assistant: 'turnkeeper',
    text: 'Hi',
    reply: null,
    partial_reply: null,
    finish_reason: null,
    metadata: { session_id: SESSION.toLowerCase(), channel: 'web', timestamp: at },
    tags: ['greeting'],
    steps: [],
    client_calls: [],
    review: null,
    error: null,
    attempts: 0,
    usage: null,
    model: null,
    started_at: null,
    finished_at: null,
    links: { self: `/turns/${textOf(json, 'turn_id')}`, events: `/turns/${textOf(json, 'turn_id')}/events` },
  });
});

test('without a session id a new session starts, and no timestamp is stored', async (t) => {
  const { call, accepts } = await start(t);
  const { json } = await call('POST', '/chat', HELLO);
  t.regex(textOf(json, 'session_id'), /^[0-9a-f-]{36}$/);
  t.deepEqual(accepts[0]!.metadata, { session_id: json['session_id'] });
  t.is(accepts[0]!.sessionId, textOf(json, 'session_id'));
});

test('a timestamp of the client is returned unchanged', async (t) => {
  const { call } = await start(t);
  const { json } = await call('POST', '/chat', { ...HELLO, metadata: { timestamp: '2026-01-01T00:00:00Z' } });
  t.like(json['metadata'], { timestamp: '2026-01-01T00:00:00Z' });
});

test('an emoji counts as one character', async (t) => {
  const { call } = await start(t);
  t.is((await call('POST', '/chat', { ...HELLO, text: '🙂'.repeat(32_000) })).status, 202);
  t.is((await call('POST', '/chat', { ...HELLO, text: '🙂'.repeat(32_001) })).status, 400);
});

for (const [header, key] of [
  ['abc', 'abc'],
  ['"abc"', 'abc'],
  [String.raw`"a\"b"`, 'a"b'],
  ['k'.repeat(255), 'k'.repeat(255)],
] as const) {
  test(`Idempotency-Key ${header.slice(0, 10)} (${header.length} characters) is parsed`, async (t) => {
    const { call, accepts } = await start(t);
    t.is((await call('POST', '/chat', HELLO, { 'idempotency-key': header })).status, 202);
    t.is(accepts[0]!.idempotencyKey, key);
  });
}

test('the same key with the same body returns the same turn; with another body it is answered 422', async (t) => {
  const fixture = await start(t);
  const headers = { 'idempotency-key': 'k1' };
  const first = await fixture.call('POST', '/chat', HELLO, headers);
  const again = await fixture.call('POST', '/chat', { text: 'Hi', user_id: 'alice' }, headers);
  t.is(again.status, 202);
  t.is(again.json['turn_id'], first.json['turn_id']);
  t.is(again.headers.get('location'), first.headers.get('location'));
  fixture.change(textOf(first.json, 'turn_id'), { status: 'completed', reply: 'Hello' });
  t.is((await fixture.call('POST', '/chat', HELLO, headers)).status, 200);
  const other = await fixture.call('POST', '/chat', { ...HELLO, text: 'Bye' }, headers);
  t.is(other.status, 422);
  t.is(other.json['code'], 'idempotency_key_reused');
  t.is(fixture.stored.size, 1);
});

test('Prefer: wait answers 200 with the final turn', async (t) => {
  const fixture = await start(t);
  const pending = fixture.call('POST', '/chat', HELLO, { prefer: 'respond-async, wait=30' });
  await fixture.waits(1);
  fixture.change([...fixture.stored.keys()][0]!, { status: 'completed', reply: 'Hello' });
  const { status, headers, json } = await pending;
  t.is(status, 200);
  t.is(json['reply'], 'Hello');
  t.is(headers.get('preference-applied'), 'wait=30');
});

test('Prefer: wait answers 202 for a turn that awaits review, and after the wait time', async (t) => {
  const fixture = await start(t);
  const pending = fixture.call('POST', '/chat', HELLO, { prefer: 'wait=30' });
  await fixture.waits(1);
  fixture.change([...fixture.stored.keys()][0]!, { status: 'awaiting_review', reply: 'a draft' });
  const parked = await pending;
  t.is(parked.status, 202);
  t.is(parked.json['status'], 'awaiting_review');
  t.is(parked.json['reply'], null);
  const late = await fixture.call('POST', '/chat', HELLO, { prefer: 'wait=1' });
  t.is(late.status, 202);
  t.is(late.json['status'], 'queued');
});

test('if the database becomes unavailable during the wait, the accepted turn is returned', async (t) => {
  const fixture = await start(t);
  fixture.waitFailure = new Unavailable('database');
  t.is((await fixture.call('POST', '/chat', HELLO, { prefer: 'wait=5' })).status, 202);
});

test('a session of another user is answered 404', async (t) => {
  const { call } = await start(t);
  const metadata = { session_id: SESSION };
  await call('POST', '/chat', { ...HELLO, metadata });
  const { status, json } = await call('POST', '/chat', { ...HELLO, user_id: 'bob', metadata });
  t.is(status, 404);
  t.is(json['code'], 'session_not_found');
});

for (const [scope, status, code] of [
  ['user', 429, 'user_queue_full'],
  ['all', 503, 'queue_full'],
] as const) {
  test(`a full queue (${scope}) answers ${status} with Retry-After`, async (t) => {
    const fixture = await start(t);
    fixture.nextOutcome = { outcome: 'queue_full', scope, retryAfterS: 4.2 };
    const reply = await fixture.call('POST', '/chat', HELLO);
    t.is(reply.status, status);
    t.is(reply.json['code'], code);
    t.is(reply.headers.get('retry-after'), '5');
  });
}

test('too many turns in a minute are answered 429 with Retry-After; only the role user is limited', async (t) => {
  const roles = { alice: 'user:alice', app: 'service', root: 'admin' };
  const apiKeys = Object.entries(roles).map(([name, role]) => ({ name, role, sha256: sha256(keyOf(name)) }));
  const fixture = await start(t, { auth: 'keys', apiKeys });
  for (const name of Object.keys(roles))
    await fixture.call('POST', '/chat', HELLO, { authorization: `Bearer ${keyOf(name)}` });
  t.deepEqual(
    fixture.accepts.map(({ isRateLimited }) => isRateLimited),
    [true, false, false],
  );
  fixture.nextOutcome = { outcome: 'rate_limited', retryAfterS: 7 };
  const reply = await fixture.call('POST', '/chat', HELLO, { authorization: `Bearer ${keyOf('alice')}` });
  t.deepEqual([reply.status, reply.json['code'], reply.headers.get('retry-after')], [429, 'rate_limited', '7']);
});

test('on_busy is passed on, and its default is enqueue', async (t) => {
  const { call, accepts } = await start(t);
  for (const rule of [undefined, 'enqueue', 'interrupt', 'rollback', 'merge'])
    t.is((await call('POST', '/chat', { ...HELLO, on_busy: rule })).status, 202);
  t.deepEqual(
    accepts.map(({ onBusy }) => onBusy),
    ['enqueue', 'enqueue', 'interrupt', 'rollback', 'merge'],
  );
});

test('reject answers 409 while the user has queued or running turns', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice', status: 'running' });
  const body = { ...HELLO, on_busy: 'reject' };
  const { status, json } = await fixture.call('POST', '/chat', body);
  t.is(status, 409);
  t.is(json['code'], 'user_busy');
  t.is((await fixture.call('POST', '/chat', { ...body, user_id: 'bob' })).status, 202);
  fixture.change(turnId, { status: 'awaiting_review' });
  t.is((await fixture.call('POST', '/chat', body)).status, 202, 'a user whose turn awaits review is not busy');
});

test('the response to a merged message is the queued turn', async (t) => {
  const fixture = await start(t);
  const turn = fixture.add({ userId: 'alice', text: 'Hi\nthere' });
  fixture.nextOutcome = { outcome: 'joined', turn };
  const { status, headers, json } = await fixture.call('POST', '/chat', { ...HELLO, on_busy: 'merge' });
  t.is(status, 202);
  t.is(headers.get('location'), `/turns/${turn.turnId}`);
  t.is(json['text'], 'Hi\nthere');
});
