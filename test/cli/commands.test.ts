import { createHash } from 'node:crypto';
import test from 'ava';
import { park, turnOf } from '../reviews/support.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { call, chat, waitForTurn } from '../support/client.ts';
import { fileOwner } from '../support/owner.ts';
import { hasTerminals, jsonLines, run, start } from './support.ts';

const owner = fileOwner();
const KEYS = { root: 'admin', alice: 'user:alice' };
const API_KEYS = Object.entries(KEYS)
  .map(([name, role]) => `${name}:${role}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`)
  .join(',');

let app: TestApp;
let env: { TURNKEEPER_URL: string };
test.before(async () => {
  app = await startApp(owner, { settings: { LEASE_S: '2' } });
  env = { TURNKEEPER_URL: `${app.url}/` };
});

const onTerminal = hasTerminals ? test : test.skip;
const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';
const ESC = '\u001b';

test('--help lists all commands and exit codes, or the options of one command, also with the launcher', async (t) => {
  const all = await run(t, ['--help'], { launcher: true });
  t.is(all.code, 0);
  for (const words of ['chat', 'turn', 'retry', 'reviews decide', 'users export', 'users erase', 'dead-letters replay'])
    t.true(all.stdout.includes(`turnkeeper ${words}`), words);
  for (const code of [0, 1, 2, 3, 4, 5, 6, 130]) t.regex(all.stdout, new RegExp(`^ {2}${code} +\\w`, 'm'));
  const one = await run(t, ['reviews', 'decide', '--help']);
  t.is(one.code, 0);
  t.regex(one.stdout, /--reply TEXT/);
  t.notRegex(one.stdout, /--session/);
});

test('an invalid command line exits with 2, reports all faults and sends no request', async (t) => {
  const { code, stderr, stdout } = await run(t, ['chat', '--busy', 'reject', '--nope', '--limit=3', 'a', 'b'], { env });
  t.is(code, 2);
  t.is(stdout, '');
  for (const fault of [
    /unknown option --nope/,
    /chat does not accept --limit/,
    /--user is required/,
    /unexpected argument "b"/,
  ])
    t.regex(stderr, fault);
  for (const args of [[], ['revews'], ['reviews', 'decide', 'x', 'maybe'], ['reviews', 'decide', 'x', 'edit']])
    t.is((await run(t, args, { env })).code, 2, args.join(' '));
  t.is((await run(t, ['reviews', '--url', 'ftp://x'])).code, 2);
  const json = await run(t, ['turn', '--json'], { env });
  t.deepEqual(jsonLines(json.stderr), [
    { error: { title: 'Invalid command line', errors: [{ detail: '<turn-id> is missing' }], exit_code: 2 } },
  ]);
});

test('chat sends a message and shows the reply; with piped input, each line is a message of one session', async (t) => {
  const one = await run(t, ['chat', 'hello', '--user', 'ann'], { env });
  t.deepEqual([one.code, one.stdout], [0, 'echo: hello\n']);
  const session = '0192f3a4-0000-7000-8000-00000000a11c';
  const two = await run(t, ['chat', '--user', 'ann', '--session', session], { env, input: 'first\n\nsecond\n' });
  t.deepEqual([two.code, two.stdout], [0, 'echo: first\necho: second\n']);
  const { body } = await call<{ history: { content: string }[] }>(app.url, `/conversations/${session}`);
  t.deepEqual(
    body.history.map(({ content }) => content),
    ['first', 'echo: first', 'second', 'echo: second'],
  );
});

test('chat --json writes one event per line, and the deltas add up to the reply', async (t) => {
  const { code, stdout } = await run(t, ['chat', 'one two three', '--user', 'json', '--json'], { env });
  t.is(code, 0);
  const events = jsonLines<{ event: string; text?: string; turn?: { status: string; reply: string } }>(stdout);
  t.is(events.at(-1)?.turn?.status, 'completed');
  const restarted = events.findLastIndex(({ turn }) => turn?.status === 'running');
  const deltas = events.slice(restarted + 1).map(({ text = '' }) => text);
  t.is(restarted < 0 ? events.at(-1)?.turn?.reply : deltas.join(''), 'echo: one two three');
});

test('turn shows a turn; a failed turn and invalid input have their exit codes and show all details', async (t) => {
  app.model.script(({ lastUserMessage }) => (lastUserMessage === 'refuse' ? { status: 400 } : {}));
  const failed = await run(t, ['chat', 'refuse', '--user', 'fay'], { env });
  t.is(failed.code, 1);
  t.regex(failed.stdout, /\[failed: model_invalid_request: /);
  const { body: list } = await call<{ items: { turn_id: string }[] }>(app.url, '/users/fay/turns?status=failed');
  const failedId = list.items[0]!.turn_id;
  app.model.script(() => ({}));
  t.like(await run(t, ['retry', failedId], { env }), { code: 0, stdout: `${failedId} is queued again.\n` });
  t.is((await waitForTurn(app.url, failedId)).status, 'completed');
  t.is((await run(t, ['retry', failedId], { env })).code, 6);
  const completed = await waitForTurn(app.url, (await chat(app.url, { user_id: 'fay', text: 'fine' })).turn_id);
  const shown = await run(t, ['turn', completed.turn_id], { env });
  t.is(shown.code, 0);
  t.regex(shown.stdout, /reply {4}echo: fine/);
  const json = await run(t, ['turn', completed.turn_id, '--json'], { env });
  t.is((JSON.parse(json.stdout) as { turn_id: string }).turn_id, completed.turn_id);
  app.model.script(() => ({ finishReason: 'length' }));
  const cutOff = await run(t, ['chat', 'tell me', '--user', 'fay'], { env });
  t.deepEqual([cutOff.code, cutOff.stdout], [0, 'echo: tell me\n[the reply was cut off at the limit of the model]\n']);
  app.model.script(() => ({}));
  t.is((await run(t, ['turn', UNKNOWN_ID], { env })).code, 5);
  const faults = await run(t, ['chat', 'x', '--user', 'not a user', '--session', 'none', '--busy', 'maybe'], { env });
  t.is(faults.code, 2);
  for (const fault of [/\/user_id /, /\/metadata\/session_id /, /\/on_busy must be one of/])
    t.regex(faults.stderr, fault);
});

test('the review of a held reply is listed, shown and decided; a second decision is a conflict', async (t) => {
  const held = await run(t, ['chat', 'help me', '--user', 'hal'], { env });
  t.is(held.code, 0);
  t.regex(held.stdout, /\[held for review /);
  const [turnId] = /[0-9a-f-]{36}/.exec(held.stderr)!;
  const following = start(t, ['turn', turnId, '--follow'], { env });
  await following.sees('held for review');
  const page = JSON.parse((await run(t, ['reviews', '--json', '--limit', '1000'], { env })).stdout) as {
    items: { review_id: string; turn_id: string }[];
  };
  const id = page.items.find(({ turn_id }) => turn_id === turnId)!.review_id;
  const listed = await run(t, ['reviews'], { env });
  t.regex(listed.stdout, new RegExp(`${id} {2}pending[^]*hal [^]*help me[^]*draft: echo: help me`));
  const shown = await run(t, ['reviews', 'show', id], { env });
  t.regex(shown.stdout, /draft {4}echo: help me/);
  const edit = ['reviews', 'decide', id, 'edit', '--reply', 'A person says so.', '--note', 'why'];
  t.is((await run(t, edit, { env })).code, 0);
  t.regex((await following.ended).stdout, /A person says so\.\n$/);
  t.is((await following.ended).code, 0);
  t.is((await turnOf(app.url, turnId)).reply, 'A person says so.');
  const other = await run(t, ['reviews', 'decide', id, 'reject', '--json'], { env });
  t.is(other.code, 6);
  t.like(jsonLines<{ error: object }>(other.stderr)[0]!.error, { code: 'already_decided', status: 409, exit_code: 6 });
  t.is((await run(t, ['reviews', 'decide', UNKNOWN_ID, 'approve'], { env })).code, 5);
});

test('turn --follow exits with 1 after a rejection', async (t) => {
  const { turn_id, review } = await park(app.url, 'rob', 'help rob');
  const following = start(t, ['turn', turn_id, '--follow', '--json'], { env });
  await following.sees('awaiting_review');
  t.is((await run(t, ['reviews', 'decide', review!.review_id, 'reject'], { env })).code, 0);
  t.is((await following.ended).code, 1);
});

test('users export and users erase --wait; erase without a terminal requires --yes', async (t) => {
  const { turn_id } = await chat(app.url, { user_id: 'eve', text: 'canary' });
  await waitForTurn(app.url, turn_id);
  const exported = await run(t, ['users', 'export', 'eve'], { env });
  t.is(exported.code, 0);
  t.is((JSON.parse(exported.stdout) as { turns: { text: string }[] }).turns[0]!.text, 'canary');
  const unconfirmed = await run(t, ['users', 'erase', 'eve'], { env });
  t.is(unconfirmed.code, 2);
  t.regex(unconfirmed.stderr, /--yes/);
  t.is((await call(app.url, `/turns/${turn_id}`)).status, 200);
  const erased = await run(t, ['users', 'erase', 'eve', '--yes', '--wait', '--json'], { env });
  t.is(erased.code, 0);
  t.is((JSON.parse(erased.stdout) as { status: string }).status, 'completed');
  t.is((await call(app.url, `/turns/${turn_id}`)).status, 404);
});

onTerminal('users erase on a terminal asks for the user id and accepts nothing else', async (t) => {
  const { turn_id } = await chat(app.url, { user_id: 'ted', text: 'hello' });
  await waitForTurn(app.url, turn_id);
  for (const [answer, code, status] of [
    ['yes', 1, 200],
    ['\u0003', 130, 200],
    ['ted', 0, 404],
  ] as const) {
    const erasing = start(t, ['users', 'erase', 'ted'], { env, terminal: true });
    await erasing.sees('Type the user id');
    erasing.type(`${answer}\r`);
    t.is((await erasing.ended).code, code, answer);
    t.is((await call(app.url, `/turns/${turn_id}`)).status, status, answer);
  }
});

test('a missing key, an invalid key and a role without permission exit with 4', async (t) => {
  const { url } = await startApp(t, { settings: { AUTH: 'keys', API_KEYS } });
  const withAuth = { TURNKEEPER_URL: url };
  const none = await run(t, ['reviews'], { env: withAuth });
  t.is(none.code, 4);
  t.regex(none.stderr, /no valid key, token or session/);
  t.is((await run(t, ['reviews', '--key', 'wrong'], { env: withAuth })).code, 4);
  t.is((await run(t, ['reviews'], { env: { ...withAuth, TURNKEEPER_KEY: 'key-of-alice' } })).code, 4);
  t.is((await run(t, ['reviews'], { env: { ...withAuth, TURNKEEPER_KEY: 'key-of-root' } })).code, 0);
  t.is((await run(t, ['chat', 'hi', '--user', 'alice', '--key', 'key-of-alice'], { env: withAuth })).code, 0);
});

onTerminal(
  'colours are written to a terminal only, not with NO_COLOR; user text cannot control the terminal',
  async (t) => {
    const text = `help ${ESC}[2J${ESC}]0;owned\u0007 \u202egnp.exe \u009b31m`;
    const { review } = await park(app.url, 'mallory', text);
    const show = ['reviews', 'show', review!.review_id];
    t.false((await run(t, show, { env })).stdout.includes(ESC));
    const plain = await start(t, show, { env: { ...env, NO_COLOR: '1' }, terminal: true }).ended;
    const coloured = await start(t, show, { env, terminal: true }).ended;
    t.false(plain.stdout.includes(ESC));
    t.regex(coloured.stdout, new RegExp(`${ESC}\\[1m`));
    // The only escape sequences are colours: ESC [ number m.
    const rest = coloured.stdout.replaceAll(new RegExp(`${ESC}\\[\\d+m`, 'g'), '');
    for (const control of [ESC, '\u0007', '\u009b', '\u202e']) t.false(rest.includes(control));
  },
);
