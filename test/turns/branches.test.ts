// Branches of a session: which turns a prompt contains, and what readers of the session see.
import test from 'ava';
import { randomUUID } from 'node:crypto';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, waitForTurn, type TurnJson } from '../support/client.ts';
import { decide, park } from '../reviews/support.ts';
import { hangSlowCalls, waitForCall } from '../support/held-model.ts';
import type { ScriptedModel } from '../support/model.ts';

interface Conversation {
  readonly history: { readonly content: string; readonly turn_id: string }[];
  readonly branches: { readonly turn_id: string; readonly created_at: string }[];
  readonly next_cursor: string | null;
}

/** The messages of the prompt of the last call with this message, without the system message. */
const promptOf = (model: ScriptedModel, text: string) =>
  model.chatCalls
    .findLast(({ lastUserMessage }) => lastUserMessage === text)!
    .messages.filter(({ role }) => role !== 'system')
    .map(({ content }) => content);
const echoed = (...texts: string[]) => texts.flatMap((text) => [text, `echo: ${text}`]);

/** Posts messages to one session. */
function sessionOf(url: string, user = 'ann') {
  const session = randomUUID();
  const post = (text: string, more: object = {}) =>
    chat(url, { user_id: user, text, metadata: { session_id: session }, ...more });
  return {
    session,
    post,
    say: async (text: string, more: object = {}) => waitForTurn(url, (await post(text, more)).turn_id),
    read: async (query = '') => (await call<Conversation>(url, `/conversations/${session}${query}`)).body,
  };
}
const contents = ({ history }: Conversation) => history.map(({ content }) => content);

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;
  run(`${runtime}: a turn that follows an earlier one opens a branch, which later turns continue`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    const { say, read } = sessionOf(url);
    const one = await say('one');
    const two = await say('two');
    t.is(one.follows, null);
    t.is(two.follows, one.turn_id);
    t.deepEqual(
      (await read()).branches.map(({ turn_id: id }) => id),
      [one.turn_id],
    );
    const other = await say('other', { follows: one.turn_id });
    t.is(other.follows, one.turn_id);
    t.deepEqual(promptOf(model, 'other'), [...echoed('one'), 'other']);
    const three = await say('three');
    t.is(three.follows, other.turn_id);
    t.deepEqual(promptOf(model, 'three'), [...echoed('one', 'other'), 'three']);
    const newest = await read();
    t.deepEqual(contents(newest), echoed('one', 'other', 'three'));
    t.deepEqual(
      newest.branches.map(({ turn_id: id }) => id),
      [other.turn_id, one.turn_id],
    );
    t.deepEqual(contents(await read(`?turn_id=${two.turn_id}`)), echoed('one', 'two'));
    t.deepEqual(contents(await read(`?turn_id=${three.turn_id}`)), echoed('one', 'other', 'three'));
    t.is((await call(url, `/conversations/${other.session_id}?turn_id=${randomUUID()}`)).status, 404);
    // The first branch again: it is continued by a new one, because other turns came in between.
    const back = await say('back', { follows: two.turn_id });
    t.deepEqual(promptOf(model, 'back'), [...echoed('one', 'two'), 'back']);
    t.deepEqual(contents(await read()), echoed('one', 'two', 'back'));
    const first = await read('?limit=3');
    const rest = await read(`?limit=3&cursor=${first.next_cursor!}`);
    t.deepEqual([...contents(first), ...contents(rest)], echoed('one', 'two', 'back'));
    // The pages of a branch stay in it when another one is opened meanwhile.
    await say('newer', { follows: one.turn_id });
    t.deepEqual(contents(await read(`?limit=9&cursor=${first.next_cursor!}`)), contents(rest));
    t.deepEqual(contents(await read()), echoed('one', 'newer'));
    t.is(back.follows, two.turn_id);
  });
}

test('follows: null starts again; the last turn opens no branch; anything else is refused', async (t) => {
  const { url, model } = await startApp(t);
  const { say, read, session, post } = sessionOf(url);
  const one = await say('one');
  await say('two', { follows: one.turn_id });
  t.is((await read()).branches.length, 1);
  const again = await say('again', { follows: null });
  t.is(again.follows, null);
  t.deepEqual(promptOf(model, 'again'), ['again']);
  t.deepEqual(contents(await read()), echoed('again'));
  await say('and on', { follows: again.turn_id });
  t.is((await read()).branches.length, 2);
  const elsewhere = await sessionOf(url).say('elsewhere');
  const failed = await say('slow');
  model.script(hangSlowCalls());
  const running = await post('slow, really');
  await waitForCall(model, 'slow, really');
  t.is(failed.status, 'completed');
  for (const follows of [elsewhere.turn_id, running.turn_id, randomUUID(), 'x', 7]) {
    const body = { user_id: 'ann', text: 'no', metadata: { session_id: session }, follows };
    const refused = await call<{ errors: { pointer: string }[] }>(url, '/chat', { body });
    t.is(refused.status, 400, String(follows));
    t.is(refused.body.errors[0]!.pointer, '/follows');
  }
  t.is((await call<{ items: TurnJson[] }>(url, '/users/ann/turns')).body.items[0]!.turn_id, running.turn_id);
});

test('a turn that is delivered late is in the branch that was newest when it was accepted, at its seq', async (t) => {
  const { url, model } = await startApp(t);
  const { session, say, read } = sessionOf(url);
  const one = await say('one');
  const held = await park(url, 'ann', 'help', { metadata: { session_id: session } });
  const three = await say('three');
  t.is(three.follows, one.turn_id, 'the held turn was not delivered when this one was claimed');
  await say('other', { follows: one.turn_id });
  await decide(url, held.review!.review_id, { decision: 'approve' });
  await waitForTurn(url, held.turn_id);
  const approved = (await call<TurnJson>(url, `/turns/${held.turn_id}`)).body.reply!;
  t.deepEqual(contents(await read()), echoed('one', 'other'));
  t.deepEqual(contents(await read(`?turn_id=${three.turn_id}`)), [
    ...echoed('one'),
    'help',
    approved,
    ...echoed('three'),
  ]);
  await say('after', { follows: three.turn_id });
  t.deepEqual(promptOf(model, 'after'), [...echoed('one'), 'help', approved, ...echoed('three'), 'after']);
});

test('turns that are queued behind a turn are not continued by one that follows it', async (t) => {
  const { url, model } = await startApp(t);
  const { say, post, read } = sessionOf(url);
  const one = await say('one');
  model.script(() => ({ delayMs: 300 }));
  const pending = await post('two');
  const other = await post('other', { follows: one.turn_id });
  await waitForTurn(url, other.turn_id);
  t.deepEqual(promptOf(model, 'other'), [...echoed('one'), 'other']);
  t.deepEqual(contents(await read(`?turn_id=${pending.turn_id}`)), echoed('one', 'two'));
  t.is((await read()).branches.length, 2);
});

test('a message with follows joins only a queued turn that follows the same turn', async (t) => {
  const { url, model } = await startApp(t);
  const { say, post } = sessionOf(url);
  const one = await say('one');
  const two = await say('two');
  model.script(hangSlowCalls());
  await post('slow');
  const queued = await post('a', { follows: one.turn_id });
  const merge = (follows: string | null) => post('b', { follows, on_busy: 'merge' });
  t.is((await merge(one.turn_id)).turn_id, queued.turn_id);
  t.not((await merge(two.turn_id)).turn_id, queued.turn_id);
  t.not((await merge(null)).turn_id, queued.turn_id);
});
