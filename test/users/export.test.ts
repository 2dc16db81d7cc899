import { createHash } from 'node:crypto';
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually, type TurnJson } from '../support/client.ts';
import { decide, park } from '../reviews/support.ts';
import { erase, waitForErasure } from './support.ts';

interface ExportJson {
  readonly user_id: string;
  readonly exported_at: string;
  readonly memory: { readonly name: string; readonly user_summary: string };
  readonly memory_history: { readonly items: readonly object[] };
  readonly analytics: { readonly by_status: Readonly<Record<string, number>> };
  readonly turns: readonly { readonly seq: number; readonly text: string; readonly reply: string | null }[];
  readonly conversations: readonly { readonly role: string; readonly content: string; readonly session_id: string }[];
  readonly reviews: readonly {
    readonly status: string;
    readonly draft?: string;
    readonly events?: readonly object[];
  }[];
}

const KEYS = { alice: 'user:alice', bob: 'user:bob', admin: 'admin' } as const;
const API_KEYS = Object.entries(KEYS)
  .map(([name, role]) => `${name}:${role}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`)
  .join(',');
const as = (name: keyof typeof KEYS) => ({ authorization: `Bearer key-of-${name}` });

test('an export contains all data of the user, also if it exceeds one page, and no data of others', async (t) => {
  const { url } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '1000', MEMORY_DEBOUNCE_MS: '50' } });
  await call(url, '/memories/alice', { method: 'PATCH', body: { name: 'Alice A.', favourite_topics: ['tea'] } });
  const TURNS = 450;
  const posted: TurnJson[] = [];
  for (let index = 0; index < TURNS; index += 1)
    posted.push(await chat(url, { user_id: 'alice', text: `message ${index}` }));
  await chat(url, { user_id: 'bob', text: 'a secret of bob' });
  await park(url, 'alice', 'help me');
  await Promise.all(posted.map(({ turn_id: id }) => waitForTurn(url, id)));
  const { status, body, headers } = await call<ExportJson>(url, '/users/alice/export');
  t.is(status, 200);
  t.is(headers.get('content-disposition'), 'attachment; filename="turnkeeper-alice.json"');
  t.is(body.user_id, 'alice');
  t.is(body.memory.name, 'Alice A.');
  t.deepEqual(
    body.turns.map(({ seq }) => seq),
    Array.from({ length: TURNS + 1 }, (_, index) => TURNS + 1 - index),
  );
  t.is(body.conversations.length, 2 * TURNS);
  t.deepEqual(
    body.conversations.map(({ content }) => content),
    body.turns.toReversed().flatMap(({ text, reply }) => (reply === null ? [] : [text, reply])),
  );
  t.is(body.reviews.length, 1);
  t.false(JSON.stringify(body).includes('secret of bob'));
  const nobody = await call<ExportJson>(url, '/users/nobody-yet/export');
  t.is(nobody.status, 200);
  t.deepEqual([nobody.body.turns, nobody.body.conversations, nobody.body.reviews], [[], [], []]);
});

test('a user’s own export has no drafts or notes, and an admin’s export has drafts and events', async (t) => {
  const app = await startApp(t, { settings: { AUTH: 'keys', API_KEYS } });
  const { url } = app;
  const post = async (text: string) => {
    const headers = as('admin');
    const { body } = await call<{ turn_id: string }>(url, '/chat', { body: { user_id: 'alice', text }, headers });
    return eventually('the turn awaits review', async () => {
      const turn = await call<{ review: { review_id: string } | null }>(url, `/turns/${body.turn_id}`, { headers });
      return turn.body.review;
    });
  };
  const rejected = await post('help one');
  await decide(url, rejected.review_id, { decision: 'reject', note: 'rude' }, as('admin'));
  await post('help two');
  const own = await call<ExportJson>(url, '/users/alice/export', { headers: as('alice') });
  t.is(own.status, 200);
  t.deepEqual(
    own.body.reviews.map(({ status }) => status),
    ['rejected', 'pending'],
  );
  t.false(JSON.stringify(own.body).includes('echo: help'), 'no draft');
  t.false(JSON.stringify(own.body).includes('rude'), 'no note');
  const whole = await call<ExportJson>(url, '/users/alice/export', { headers: as('admin') });
  t.deepEqual(
    whole.body.reviews.map(({ draft }) => draft),
    ['echo: help one', 'echo: help two'],
  );
  t.is(whole.body.reviews[0]!.events!.length, 2);
  t.is((await call(url, '/users/alice/export', { headers: as('bob') })).status, 404);
});

test('only its user and an admin can read an erasure, also after it is completed and has no user id', async (t) => {
  const { url } = await startApp(t, { settings: { AUTH: 'keys', API_KEYS, LEASE_S: '2' } });
  const { status, body } = await call<{ erasure_id: string }>(url, '/users/alice', {
    method: 'DELETE',
    headers: as('alice'),
  });
  t.is(status, 202);
  const path = `/erasures/${body.erasure_id}`;
  const read = (name: keyof typeof KEYS) => call<{ status: string }>(url, path, { headers: as(name) });
  await eventually('the erasure is completed', async () => (await read('alice')).body.status === 'completed');
  t.is((await read('admin')).body.status, 'completed');
  t.is((await read('bob')).status, 404);
  t.is((await call(url, '/erasures/nope', { headers: as('admin') })).status, 404);
});

test('an unknown user can be erased, and a second erasure of the same user has a new id', async (t) => {
  const { url } = await startApp(t, { settings: { LEASE_S: '2' } });
  const first = await erase(url, 'nobody-yet');
  await waitForErasure(url, first);
  t.not((await erase(url, 'nobody-yet')).erasure_id, first.erasure_id);
});
