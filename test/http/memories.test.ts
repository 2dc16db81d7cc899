import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { start, type Json } from './support/ingress.ts';

const ALICE = { name: 'Alice', preferred_style: 'formal', user_summary: 'Alice likes tea.', favourite_topics: ['tea'] };

test('an unknown user has a default memory', async (t) => {
  const { call } = await start(t);
  const { status, json } = await call('GET', '/memories/alice');
  t.is(status, 200);
  t.deepEqual(json, {
    name: 'alice',
    preferred_style: 'casual',
    user_summary: 'alice is a new user.',
    favourite_topics: [],
    version: 0,
    through_seq: 0,
  });
});

test('memory can be initialised, read, patched and deleted, and its history can be listed', async (t) => {
  const { call } = await start(t);
  const initialized = await call('POST', '/memories/alice/initialize', ALICE);
  t.is(initialized.status, 200);
  t.deepEqual(initialized.json, { status: 'success', user_id: 'alice', metadata: ALICE });
  const patched = await call('PATCH', '/memories/alice', { user_summary: 'Alice likes coffee.' });
  t.deepEqual(patched.json, { ...ALICE, user_summary: 'Alice likes coffee.', version: 2, through_seq: 0 });
  t.deepEqual((await call('GET', '/memories/alice')).json, patched.json);
  const history = await call('GET', '/memories/alice/history');
  t.deepEqual(
    (history.json['items'] as Json[]).map((item) => item['user_summary']),
    ['Alice likes tea.'],
  );
  const deleted = await call('DELETE', '/memories/alice');
  t.is(deleted.status, 204);
  t.is(deleted.text, '');
  t.is((await call('GET', '/memories/alice')).json['name'], 'alice');
});

test('initialising without topics does not change them', async (t) => {
  const { call } = await start(t);
  const { favourite_topics: _topics, ...rest } = ALICE;
  t.deepEqual((await call('POST', '/memories/alice/initialize', rest)).json['metadata'], {
    ...rest,
    favourite_topics: [],
  });
});

test('unavailable actors are answered 503 with Retry-After', async (t) => {
  const fixture = await start(t);
  fixture.failure = new Unavailable('actors');
  const { status, headers, json } = await fixture.call('GET', '/memories/alice');
  t.is(status, 503);
  t.is(json['code'], 'actors_unavailable');
  t.is(headers.get('retry-after'), '2');
});

test('analytics can be initialised, and read for a user and by day', async (t) => {
  const fixture = await start(t);
  const initialized = await fixture.call('POST', '/analytics/alice/initialize', { message_count: 5 });
  t.deepEqual(initialized.json, { status: 'success', user_id: 'alice', message_count: 5 });
  const ofUser = await fixture.call('GET', '/analytics/alice');
  t.deepEqual(Object.keys(ofUser.json), [
    'user_id',
    'message_count',
    'by_status',
    'reviewed',
    'input_tokens',
    'output_tokens',
    'first_at',
    'last_at',
  ]);
  const byDay = await fixture.call('GET', '/analytics?from=2026-01-01&to=2026-01-31T12:00:00Z');
  t.deepEqual(fixture.days, ['2026-01-01', '2026-01-31']);
  t.like((byDay.json['items'] as Json[])[0], { day: '2026-01-31', message_count: 2 });
  t.is((await fixture.call('GET', '/analytics')).status, 200);
});
