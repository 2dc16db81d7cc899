import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, type TurnJson } from '../support/client.ts';
import { waitForCall, hangSlowCalls } from '../support/held-model.ts';
import { joined } from '../../src/domain/busy-rules.ts';
import { MESSAGE_LIMITS } from '../../src/domain/limits.ts';

const merge = (user: string, session: string, text: string, more: object = {}) => ({
  user_id: user,
  text,
  metadata: { session_id: session },
  on_busy: 'merge',
  ...more,
});
const listed = async (url: string, user: string) =>
  (await call<{ items: TurnJson[] }>(url, `/users/${user}/turns`)).body.items.toReversed();

test('merge appends the text to the newest queued turn of the same session', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const [session, other] = [randomUUID(), randomUUID()];
  const running = await chat(url, { user_id: 'ann', text: 'slow', metadata: { session_id: session } });
  await waitForCall(model, 'slow');
  const first = await call<TurnJson & { tags: string[] }>(url, '/chat', {
    body: merge('ann', session, 'one', { tags: ['a', 'b'], metadata: { session_id: session, x: 1, y: 1 } }),
  });
  t.is(first.status, 202);
  t.not(first.body.turn_id, running.turn_id, 'a running turn cannot be joined');
  const elsewhere = await chat(url, merge('ann', other, 'elsewhere'));
  t.not(elsewhere.turn_id, first.body.turn_id);
  const second = await call<TurnJson & { tags: string[] }>(url, '/chat', {
    body: merge('ann', session, 'two', { tags: ['b', 'c'], metadata: { session_id: session, y: 2 } }),
  });
  t.is(second.status, 202);
  t.like(second.body, { turn_id: first.body.turn_id, text: 'one\ntwo', seq: 2, status: 'queued' });
  t.deepEqual(second.body.tags, ['a', 'b', 'c']);
  t.like(second.body.metadata, { session_id: session, x: 1, y: 2 });
  await chat(url, { user_id: 'ann', text: 'go', on_busy: 'interrupt' });
  t.is((await waitForTurn(url, first.body.turn_id)).reply, 'echo: one\ntwo');
  t.deepEqual(
    (await listed(url, 'ann')).map(({ seq, text }) => [seq, text]),
    [
      [1, 'slow'],
      [2, 'one\ntwo'],
      [3, 'elsewhere'],
      [4, 'go'],
    ],
  );
});

test('50 concurrent merges with one idempotency key append the text once, and another body returns 422', async (t) => {
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls());
  const session = randomUUID();
  await chat(url, { user_id: 'ben', text: 'slow', metadata: { session_id: session } });
  await waitForCall(model, 'slow');
  const own = await chat(url, merge('ben', session, 'one'), { 'idempotency-key': 'a' });
  const headers = { 'idempotency-key': 'b' };
  const replies = await Promise.all(Array.from({ length: 50 }, () => chat(url, merge('ben', session, 'two'), headers)));
  t.true(replies.every(({ turn_id: id, text }) => id === own.turn_id && text === 'one\ntwo'));
  t.is((await call(url, '/chat', { body: merge('ben', session, 'three'), headers })).status, 422);
  t.is((await chat(url, merge('ben', session, 'one'), { 'idempotency-key': 'a' })).text, 'one\ntwo');
  await chat(url, { user_id: 'ben', text: 'go', on_busy: 'interrupt' });
  t.is((await waitForTurn(url, own.turn_id)).reply, 'echo: one\ntwo');
  const late = await call<TurnJson>(url, '/chat', { body: merge('ben', session, 'two'), headers });
  t.is(late.status, 200, '200 for a final turn');
  t.is(late.body.turn_id, own.turn_id);
  t.is((await listed(url, 'ben')).length, 3);
});

test('a merge into a queued turn is accepted when the queue is full', async (t) => {
  const { url, model } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '1' } });
  model.script(hangSlowCalls());
  const session = randomUUID();
  await chat(url, { user_id: 'cleo', text: 'slow', metadata: { session_id: session } });
  await waitForCall(model, 'slow');
  const queued = await chat(url, merge('cleo', session, 'one'));
  t.is((await chat(url, merge('cleo', session, 'two'))).turn_id, queued.turn_id);
  t.is((await call(url, '/chat', { body: merge('cleo', randomUUID(), 'three') })).status, 429);
});

test('a merge that would exceed the limits of a message is not joined', (t) => {
  const content = (text: string, tags: string[] = [], metadata = {}) => ({ text, tags, metadata, sessionId: 's' });
  const { textCharacters, tags: most, metadataBytes } = MESSAGE_LIMITS;
  t.is(joined(content('🙂'.repeat(textCharacters - 2)), content('a'))?.text.length, 2 * textCharacters - 2);
  t.is(joined(content('a'.repeat(textCharacters - 1)), content('a')), null);
  const tags = Array.from({ length: most }, (_, n) => `tag ${n}`);
  t.deepEqual(joined(content('a', tags), content('b', ['tag 3']))?.tags, tags);
  t.is(joined(content('a', tags), content('b', ['more'])), null);
  const half = 'x'.repeat(metadataBytes / 2);
  t.is(joined(content('a', [], { one: half }), content('b', [], { two: half })), null);
  t.like(joined(content('a', [], { session_id: 's', k: 1 }), content('b', [], { session_id: 't', k: 2 }))?.metadata, {
    session_id: 's',
    k: 2,
  });
});

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: merges that race the claim are answered exactly once, joined or as separate turns`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    let release = () => {};
    model.script(async (one) => {
      if (one.lastUserMessage.startsWith('<head'))
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      return {};
    });
    const ROUNDS = 100;
    const outcomes = { joined: 0, separate: 0 };
    // Time from the release of the head to the merges. Adjusted so that the merges meet the claim of the next turn.
    let offsetMs = 5;
    for (let round = 0; round < ROUNDS; round += 1) {
      const [user, session] = [`racer-${round % 4}`, randomUUID()];
      const head = await chat(url, { user_id: user, text: `<head ${round}>` });
      await waitForCall(model, `<head ${round}>`);
      const first = await chat(url, { user_id: user, text: `<${round}a>`, metadata: { session_id: session } });
      const texts = ['b', 'c', 'd'].map((name) => `<${round}${name}>`);
      const [turns] = await Promise.all([
        sleep(Math.max(0, offsetMs)).then(() =>
          Promise.all(texts.map((text) => chat(url, merge(user, session, text)))),
        ),
        sleep(Math.max(0, -offsetMs)).then(release),
      ]);
      const wasJoined = turns.some(({ turn_id: id }) => id === first.turn_id);
      outcomes[wasJoined ? 'joined' : 'separate'] += 1;
      offsetMs += wasJoined ? 1 : -1;
      for (const turn of [head, first, ...turns]) t.is((await waitForTurn(url, turn.turn_id)).status, 'completed');
    }
    t.true(outcomes.joined > 0 && outcomes.separate > 0, JSON.stringify(outcomes));
    const messages: string[] = [];
    for (let number = 0; number < 4; number += 1) {
      const rows = await delivered(url, `racer-${number}`);
      const users = rows.filter(({ role }) => role === 'user').map(({ content }) => content);
      t.deepEqual(
        rows.filter(({ role }) => role === 'assistant').map(({ content }) => content),
        users.map((text) => `echo: ${text}`),
        'every reply belongs to the delivered message',
      );
      for (const text of users) t.is(model.count(text), 1);
      messages.push(...users.flatMap((text) => text.split('\n')));
    }
    const expected = Array.from({ length: ROUNDS }, (_, n) => [
      `<head ${n}>`,
      ...Array.from('abcd', (name) => `<${n}${name}>`),
    ]).flat();
    t.deepEqual(messages.toSorted(), expected.toSorted());
  });
}
