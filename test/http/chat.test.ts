import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { start, textOf } from './support/ingress.ts';

const HELLO = { user_id: 'alice', text: 'Hi' };
const SESSION = '3F0F7E3C-2F0A-4D55-9B38-4C7C2A5C3A11';

test('a turn is accepted with 202, Location and the whole turn', async (t) => {
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
    text: 'Hi',
    reply: null,
    partial_reply: null,
    metadata: { session_id: SESSION.toLowerCase(), channel: 'web', timestamp: at },
    tags: ['greeting'],
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

test('without a session a new one begins, and no timestamp is invented in what is stored', async (t) => {
  const { call, asked } = await start(t);
  const { json } = await call('POST', '/chat', HELLO);
  t.regex(textOf(json, 'session_id'), /^[0-9a-f-]{36}$/);
  t.deepEqual(asked[0]!.metadata, { session_id: json['session_id'] });
  t.is(asked[0]!.sessionId, textOf(json, 'session_id'));
});

test('a timestamp of the client stays as it is', async (t) => {
  const { call } = await start(t);
  const { json } = await call('POST', '/chat', { ...HELLO, metadata: { timestamp: '2026-01-01T00:00:00Z' } });
  t.like(json['metadata'], { timestamp: '2026-01-01T00:00:00Z' });
});

test('32,000 characters are enough for 32,000 emoji', async (t) => {
  const { call } = await start(t);
  t.is((await call('POST', '/chat', { ...HELLO, text: '🙂'.repeat(32_000) })).status, 202);
  t.is((await call('POST', '/chat', { ...HELLO, text: '🙂'.repeat(32_001) })).status, 400);
});

for (const [given, means] of [
  ['abc', 'abc'],
  ['"abc"', 'abc'],
  [String.raw`"a\"b"`, 'a"b'],
  ['k'.repeat(255), 'k'.repeat(255)],
] as const) {
  test(`Idempotency-Key ${given.slice(0, 10)} (${given.length}) is understood`, async (t) => {
    const { call, asked } = await start(t);
    t.is((await call('POST', '/chat', HELLO, { 'idempotency-key': given })).status, 202);
    t.is(asked[0]!.idempotencyKey, means);
  });
}

test('the same key with the same body gives the same turn; with another body 422', async (t) => {
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
  t.is(fixture.kept.size, 1);
});

test('Prefer: wait answers 200 with the final turn', async (t) => {
  const fixture = await start(t);
  const pending = fixture.call('POST', '/chat', HELLO, { prefer: 'respond-async, wait=30' });
  await fixture.waits(1);
  fixture.change([...fixture.kept.keys()][0]!, { status: 'completed', reply: 'Hello' });
  const { status, headers, json } = await pending;
  t.is(status, 200);
  t.is(json['reply'], 'Hello');
  t.is(headers.get('preference-applied'), 'wait=30');
});

test('Prefer: wait answers 202 for a turn that awaits review, and when the time is up', async (t) => {
  const fixture = await start(t);
  const pending = fixture.call('POST', '/chat', HELLO, { prefer: 'wait=30' });
  await fixture.waits(1);
  fixture.change([...fixture.kept.keys()][0]!, { status: 'awaiting_review', reply: 'a draft' });
  const parked = await pending;
  t.is(parked.status, 202);
  t.is(parked.json['status'], 'awaiting_review');
  t.is(parked.json['reply'], null);
  const late = await fixture.call('POST', '/chat', HELLO, { prefer: 'wait=1' });
  t.is(late.status, 202);
  t.is(late.json['status'], 'queued');
});

test('a turn that is safe but cannot be watched is answered as accepted', async (t) => {
  const fixture = await start(t);
  fixture.waitFailure = new Unavailable('database');
  t.is((await fixture.call('POST', '/chat', HELLO, { prefer: 'wait=5' })).status, 202);
});

test('a session of somebody else is not there', async (t) => {
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

test('every rule for a busy user is asked for by its name, enqueue where none is', async (t) => {
  const { call, asked } = await start(t);
  for (const rule of [undefined, 'enqueue', 'interrupt', 'rollback', 'merge'])
    t.is((await call('POST', '/chat', { ...HELLO, on_busy: rule })).status, 202);
  t.deepEqual(
    asked.map(({ onBusy }) => onBusy),
    ['enqueue', 'enqueue', 'interrupt', 'rollback', 'merge'],
  );
});

test('reject answers 409 while the user has unfinished turns', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice', status: 'running' });
  const body = { ...HELLO, on_busy: 'reject' };
  const { status, json } = await fixture.call('POST', '/chat', body);
  t.is(status, 409);
  t.is(json['code'], 'user_busy');
  t.is((await fixture.call('POST', '/chat', { ...body, user_id: 'bob' })).status, 202);
  fixture.change(turnId, { status: 'awaiting_review' });
  t.is((await fixture.call('POST', '/chat', body)).status, 202, 'who only waits for a person is not busy');
});

test('a message that joined a waiting turn is answered with that turn', async (t) => {
  const fixture = await start(t);
  const turn = fixture.add({ userId: 'alice', text: 'Hi\nthere' });
  fixture.nextOutcome = { outcome: 'joined', turn };
  const { status, headers, json } = await fixture.call('POST', '/chat', { ...HELLO, on_busy: 'merge' });
  t.is(status, 202);
  t.is(headers.get('location'), `/turns/${turn.turnId}`);
  t.is(json['text'], 'Hi\nthere');
});
