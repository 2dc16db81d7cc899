import test from 'ava';
import type { ConversationRow } from '../../src/domain/conversation.ts';
import { start, type Fixture, type Json, textOf } from './support/ingress.ts';

const SESSION = '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11';

const turnIdOf = (seq: number) => `3f0f7e3c-2f0a-4d55-9b38-00000000000${seq}`;

/** Adds one exchange per day, starting on 1 January. */
function addExchanges(fixture: Fixture, count: number): void {
  for (let seq = 1; seq <= count; seq += 1) {
    const row: Omit<ConversationRow, 'ordinal' | 'role' | 'content'> = {
      turnId: turnIdOf(seq),
      userId: 'alice',
      sessionId: SESSION,
      seq,
      tags: seq === 2 ? ['greeting'] : [],
      metadata: { session_id: SESSION },
      journal: null,
      createdAt: new Date(Date.UTC(2026, 0, seq)),
    };
    fixture.rows.push(
      { ...row, ordinal: 0, role: 'user', content: `question ${seq}` },
      { ...row, ordinal: 1, role: 'assistant', content: `answer ${seq}` },
    );
  }
}

const contents = (json: Json, field = 'items'): unknown[] => (json[field] as Json[]).map(({ content }) => content);

test('a session contains its messages in order', async (t) => {
  const fixture = await start(t);
  addExchanges(fixture, 1);
  const { status, json } = await fixture.call('GET', `/conversations/${SESSION.toUpperCase()}`);
  t.is(status, 200);
  const common = {
    turn_id: turnIdOf(1),
    tags: [],
    metadata: { session_id: SESSION },
    timestamp: '2026-01-01T00:00:00.000Z',
  };
  t.deepEqual(json, {
    history: [
      { role: 'user', content: 'question 1', ...common },
      { role: 'assistant', content: 'answer 1', ...common },
    ],
    session_id: SESSION,
    user_id: 'alice',
    next_cursor: null,
    branches: [{ turn_id: turnIdOf(1), created_at: '2026-01-01T00:00:00.000Z' }],
  });
});

test('a session has pages without gap or repeat; a cursor of another list is refused', async (t) => {
  const fixture = await start(t);
  addExchanges(fixture, 3);
  const path = `/conversations/${SESSION}`;
  const found: unknown[] = [];
  const sizes: number[] = [];
  for (let cursor: unknown = ''; cursor !== null;) {
    const { json } = await fixture.call('GET', `${path}?limit=4${cursor === '' ? '' : `&cursor=${cursor as string}`}`);
    found.push(...contents(json, 'history'));
    sizes.push((json['history'] as Json[]).length);
    cursor = json['next_cursor'];
  }
  t.deepEqual(found, ['question 1', 'answer 1', 'question 2', 'answer 2', 'question 3', 'answer 3']);
  t.deepEqual(sizes, [4, 2]);
  const other = await fixture.call('GET', '/users/alice/conversations?limit=1');
  for (const query of ['cursor=nonsense', `cursor=${textOf(other.json, 'next_cursor')}`, 'limit=0', 'limit=1001']) {
    const { status, json } = await fixture.call('GET', `${path}?${query}`);
    t.is(status, 400, query);
    t.is(json['code'], 'invalid_request');
  }
  t.is((await fixture.call('GET', `${path}?limit=1000`)).status, 200);
});

test('an unknown session is answered 404', async (t) => {
  const { call } = await start(t);
  for (const id of ['3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a12', 'nope']) {
    const { status, json } = await call('GET', `/conversations/${id}`);
    t.is(status, 404);
    t.is(json['code'], 'session_not_found');
  }
});

test('messages of a user are listed oldest first, in pages without gap or repeat', async (t) => {
  const fixture = await start(t);
  addExchanges(fixture, 3);
  const first = await fixture.call('GET', '/users/alice/conversations?limit=3');
  const second = await fixture.call(
    'GET',
    `/users/alice/conversations?limit=3&cursor=${textOf(first.json, 'next_cursor')}`,
  );
  t.deepEqual(
    [...contents(first.json), ...contents(second.json)],
    ['question 1', 'answer 1', 'question 2', 'answer 2', 'question 3', 'answer 3'],
  );
  t.is(second.json['next_cursor'], null);
  t.is((first.json['items'] as Json[])[0]!['session_id'], SESSION);
});

test('messages can be filtered by tag and time', async (t) => {
  const fixture = await start(t);
  addExchanges(fixture, 3);
  t.deepEqual(contents((await fixture.call('GET', '/users/alice/conversations?tag=greeting')).json), [
    'question 2',
    'answer 2',
  ]);
  const period = 'from=2026-01-02&to=2026-01-03T00:00:00%2B00:00';
  t.deepEqual(contents((await fixture.call('GET', `/users/alice/conversations?${period}`)).json), [
    'question 2',
    'answer 2',
  ]);
});
