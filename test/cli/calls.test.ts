// Calls of tools in the terminal program: the lines of a chat, and reviews of calls.
import test from 'ava';
import {
  afterDecision,
  ask,
  reviewOf,
  scripted,
  startToolApp,
  statuses,
  turnOf,
  type Step,
  type ToolApp,
  type ToolTurn,
} from '../tools/turn-support.ts';
import type { ScriptedCall } from '../support/model.ts';
import { fileOwner } from '../support/owner.ts';
import { hasTerminals, jsonLines, run, start } from './support.ts';

const onTerminal = hasTerminals ? test : test.skip;

const owner = fileOwner();
let app: ToolApp;
let env: { TURNKEEPER_URL: string };
test.before(async () => {
  app = await startToolApp(owner);
  env = { TURNKEEPER_URL: app.url };
  app.model.script((call) => scripted(...(ROUNDS[call.lastUserMessage] ?? []))(call));
  app.server.answer((response, { tool, arguments: { order } }) => {
    if (tool === 'charge' && order === 'LOST') return response.writeHead(500).end('down');
    // The program opens the stream of a turn after its acceptance: a call that takes a while is seen there.
    return setTimeout(() => response.end('made'), tool === 'get_order' ? 1_000 : 0);
  });
});

/** What the model asks for after each message. */
const ROUNDS: Readonly<Record<string, readonly (readonly ScriptedCall[])[]>> = {
  'read and fail': [
    [
      { name: 'get_order', arguments: { order: 'A1' } },
      { name: 'nothing', arguments: {} },
    ],
  ],
  refund: [[{ name: 'refund', arguments: { order: 'A1' } }]],
  charge: [[{ name: 'charge', arguments: { order: 'LOST' } }]],
  'refund twice': [[{ name: 'refund', arguments: { order: 'A1' } }], [{ name: 'refund', arguments: { order: 'A2' } }]],
};

const decide = (t: Parameters<typeof run>[0], turn: ToolTurn, ...args: readonly string[]) =>
  run(t, ['reviews', 'decide', turn.review!.review_id, ...args], { env });

test('chat writes a line for each call; with --json, each change of a call is an event', async (t) => {
  const text = await run(t, ['chat', 'read and fail', '--user', 'ann'], { env });
  t.is(text.code, 0);
  const lines = text.stdout.split('\n');
  t.deepEqual(lines.slice(0, 2).toSorted(), ['[get_order: done]', '[nothing: failed]']);
  t.regex(lines[2]!, /^done: /);
  t.is(text.stdout.match(/get_order/g)!.length, 1);
  const json = await run(t, ['chat', 'read and fail', '--user', 'ann', '--json'], { env });
  const events = jsonLines<{ event: string; id: string; turn?: { turn_id: string; steps: Step[] } } & Partial<Step>>(
    json.stdout,
  );
  const steps = events.filter(({ event }) => event === 'step');
  t.true(steps.every(({ id }) => id !== ''));
  t.like(
    steps.findLast(({ tool }) => tool === 'get_order'),
    { step: 1, status: 'done' },
  );
  t.false(json.stdout.includes('A1'), 'no arguments');
  const { turn } = events.at(-1)!;
  const shown = await run(t, ['turn', turn!.turn_id], { env });
  t.regex(shown.stdout, /call {5}get_order: done\ncall {5}nothing: failed\n/);
});

test('a review of a call is listed by kind, shown, and decided with other arguments', async (t) => {
  const held = await run(t, ['chat', 'refund', '--user', 'ben'], { env });
  t.regex(held.stdout, /^\[refund: waits for a person\]\n\[held for review \(tool_approval\)/);
  const turn = await turnOf(app.url, /[0-9a-f-]{36}/.exec(held.stderr)![0]);
  const { review_id: id } = turn.review!;
  const calls = await run(t, ['reviews', '--kind', 'tool_call', '--limit', '1000'], { env });
  t.regex(calls.stdout, new RegExp(`${id} {2}pending[^]*call: refund \\{"order":"A1"\\}`));
  const replies = await run(t, ['reviews', '--kind', 'reply', '--limit', '1000'], { env });
  t.false(replies.stdout.includes(id));
  t.is((await run(t, ['reviews', '--kind', 'other'], { env })).code, 2);
  const shown = await run(t, ['reviews', 'show', id], { env });
  const { arguments_sha256: hash } = (await reviewOf(app.url, turn)).tool_call!;
  t.regex(shown.stdout, new RegExp(`call {5}refund \\{"order":"A1"\\}\nsha256 {3}${hash}\n`));

  const edit = ['edit', '--arguments', '{"order":"B2"}'];
  const stale = await decide(t, turn, ...edit, '--seen', '0'.repeat(64));
  t.is(stale.code, 6);
  t.is((await decide(t, turn, 'edit', '--reply', 'text')).code, 2);
  t.is((await decide(t, turn, 'retry')).code, 2);
  const edited = await decide(t, turn, ...edit, '--seen', hash);
  t.is(edited.code, 0);
  t.regex(edited.stdout, /edited[^]*edit {5}\{"order":"B2"\}/);
  t.deepEqual(statuses(await afterDecision(app.url, turn)), ['refund done']);
  t.true(app.server.ledger.some(({ turn_id: ran, arguments: { order } }) => ran === turn.turn_id && order === 'B2'));
});

test('calls are responded to; unknown outcomes are explained, retried, and reported as not done', async (t) => {
  const [respond, retry, reject] = await Promise.all([
    ask(app.url, 'refund', 'cho'),
    ask(app.url, 'charge', 'dan'),
    ask(app.url, 'charge', 'eve'),
  ]);
  const responded = await decide(t, respond, 'respond', '--result', '{"by":"hand"}', '--note', 'why');
  t.regex(responded.stdout, /responded[^]*result {3}\{"by":"hand"\}/);
  t.true((await afterDecision(app.url, respond)).reply!.includes('{"by":"hand"}'));
  const shown = await run(t, ['reviews', 'show', retry.review!.review_id], { env });
  t.regex(shown.stdout, /This call was started\. It is not known whether it was carried out\./);
  t.is((await decide(t, retry, 'approve')).code, 2);
  t.is((await decide(t, retry, 'retry')).code, 0);
  t.is((await decide(t, reject, 'reject', '--note', 'Not in the books.')).code, 0);
  t.true((await afterDecision(app.url, reject)).reply!.includes('Not in the books.'));
  // The call was made again, and its outcome is not known again.
  const again = await afterDecision(app.url, retry);
  t.deepEqual(statuses(again), ['charge unknown']);
  t.not(again.review!.review_id, retry.review!.review_id);
});

test('invalid decisions on calls are refused before a request, with all faults', async (t) => {
  for (const [args, faults] of [
    [['respond'], [/--result is required to respond/]],
    [['edit'], [/--reply or --arguments is required to edit/]],
    [['edit', '--reply', 'x', '--arguments', '{}'], [/only one of --reply or --arguments/]],
    [['edit', '--arguments', '[1]'], [/--arguments must be a JSON object/]],
    [
      ['approve', '--result', 'x', '--seen', 'y'],
      [/--result is only valid with respond/, /--seen must be a SHA-256/],
    ],
    [['revise'], [/--note is required to revise/]],
    [['constructor'], [/must be one of approve, edit, reject, respond, retry, revise/]],
  ] as const) {
    const { code, stderr } = await run(t, ['reviews', 'decide', 'x', ...args], {
      env: { TURNKEEPER_URL: 'http://127.0.0.1:1' },
    });
    t.is(code, 2, args.join(' '));
    for (const fault of faults) t.regex(stderr, fault);
  }
});

onTerminal('the prompt shows that a turn waits for a second person, and then its calls and its reply', async (t) => {
  const chat = start(t, ['chat', '--user', 'fay'], { env, terminal: true });
  await chat.sees('fay> ');
  chat.type('refund twice\r');
  await chat.sees('[refund: waits for a person]');
  await chat.sees('held for review');
  const [{ turn_id: id }] = await turnsOf('fay');
  const first = await turnOf(app.url, id);
  t.is((await decide(t, first, 'approve')).code, 0);
  const second = await afterDecision(app.url, first);
  t.is(second.status, 'awaiting_review');
  await chat.sees('[reply to “refund twice”: awaiting_review]');
  await chat.sees('[refund: done]');
  await chat.sees('[refund: waits for a person]');
  t.is((await decide(t, second, 'reject')).code, 0);
  await chat.sees('[reply to “refund twice”: completed]');
  await chat.sees('[refund: declined]');
  await chat.sees('done: ');
});

const turnsOf = async (userId: string): Promise<[{ turn_id: string }]> =>
  ((await (await fetch(`${app.url}/users/${userId}/turns`)).json()) as { items: [{ turn_id: string }] }).items;
