import { connect } from 'node:net';
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { rawCall, start } from './support/ingress.ts';

test('the stream of a final turn is one event, without caching, buffering and compression', async (t) => {
  const fixture = await start(t);
  const { call } = fixture;
  const turn = fixture.add({ userId: 'alice', status: 'completed', reply: 'Hello\n\nthere', epoch: 1, attempts: 1 });
  const { status, headers, text } = await call('GET', `/turns/${turn.turnId}/events`, undefined, {
    'accept-encoding': 'gzip, br',
  });
  t.is(status, 200);
  t.is(headers.get('content-type'), 'text/event-stream');
  t.is(headers.get('cache-control'), 'no-store, no-transform');
  t.is(headers.get('x-accel-buffering'), 'no');
  t.is(headers.get('content-encoding'), null);
  const json = (await call('GET', `/turns/${turn.turnId}`)).text;
  t.is(text, `retry: 1000\n\nevent: turn\nid: 3.1.0.0\ndata: ${json}\n\n`);
});

test('a client that resumes after the final event, by header or by query, is answered 204', async (t) => {
  const fixture = await start(t);
  const { call } = fixture;
  const { turnId } = fixture.add({ userId: 'alice', status: 'failed', epoch: 1 });
  const path = `/turns/${turnId}/events`;
  t.is((await call('GET', path, undefined, { 'last-event-id': '3.1.0.0' })).status, 204);
  t.is((await call('GET', `${path}?last_event_id=3.1.0.0`)).status, 204);
  t.is((await call('GET', `${path}?last_event_id=3.1.0.0`, undefined, { 'last-event-id': '0.0.0.0' })).status, 200);
});

test('an unknown event id restarts the stream', async (t) => {
  const fixture = await start(t);
  const { call } = fixture;
  const { turnId } = fixture.add({ userId: 'alice', status: 'completed', reply: 'Hello' });
  for (const id of ['42', 'nope', '3.9.9.9', '%00', '']) {
    const { status, text } = await call('GET', `/turns/${turnId}/events`, undefined, { 'last-event-id': id });
    t.is(status, 200, id);
    t.regex(text, /event: turn/, id);
  }
});

test('HEAD returns only headers; an unknown turn is answered 404, an unknown parameter 400', async (t) => {
  const fixture = await start(t);
  const { turnId } = fixture.add({ userId: 'alice' });
  const head = await rawCall(fixture.ingress.url, { method: 'HEAD', path: `/turns/${turnId}/events` });
  t.is(head.status, 200);
  t.is(head.headers['content-type'], 'text/event-stream');
  t.is(head.text, '');
  for (const id of [newId(), 'nope'])
    t.is((await fixture.call('GET', `/turns/${id}/events`)).json['code'], 'turn_not_found');
  t.is((await fixture.call('GET', `/turns/${turnId}/events?after=1`)).status, 400);
  t.deepEqual(fixture.errors(), []);
});

test('a client that reads nothing from a stream is disconnected, a client that reads is not', async (t) => {
  const fixture = await start(t, {}, { stalledMs: 300 });
  const { turnId } = fixture.add({ userId: 'alice', status: 'running', epoch: 1 });
  const disconnected = { stalled: false, reading: false };
  const follow = async function* () {
    for (;;) {
      yield { type: 'delta', id: '0.1.0.1', text: 'word '.repeat(40_000) } as const;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  Object.assign(fixture.services.turnEvents, { follow });
  const open = (reads: boolean, name: keyof typeof disconnected) => {
    const socket = connect(fixture.ingress.port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    socket.on('close', () => (disconnected[name] = true));
    socket.on('error', () => {});
    socket.write(`GET /turns/${turnId}/events HTTP/1.1\r\nhost: 127.0.0.1:${fixture.ingress.port}\r\n\r\n`);
    if (reads) socket.resume();
    return socket;
  };
  const stalled = open(false, 'stalled');
  open(true, 'reading');
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  t.false(disconnected.reading);
  // The client detects the disconnect only when it reads.
  stalled.resume();
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.true(disconnected.stalled);
});
