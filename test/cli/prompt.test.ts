// The chat prompt on a terminal, and Ctrl-C.
import test from 'ava';
import { park, turnOf } from '../reviews/support.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { call, type TurnJson } from '../support/client.ts';
import { waitForCall, hangSlowCalls } from '../support/held-model.ts';
import { fileOwner } from '../support/owner.ts';
import { hasTerminals, run, start } from './support.ts';

const owner = fileOwner();
let app: TestApp;
let env: { TURNKEEPER_URL: string };
test.before(async () => {
  const { path } = assistantsFile(owner, {
    default: 'support',
    assistants: { poet: { description: 'Answers in verse.' }, support: { description: 'Answers customers.' } },
  });
  app = await startApp(owner, { settings: { ASSISTANTS: path } });
  app.model.script(hangSlowCalls());
  env = { TURNKEEPER_URL: app.url };
});

const onTerminal = hasTerminals ? test : test.skip;
const CTRL_C = '\u0003';
const turnsOf = async (userId: string): Promise<TurnJson[]> =>
  (await call<{ items: TurnJson[] }>(app.url, `/users/${userId}/turns`)).body.items.toReversed();

onTerminal('the prompt shows replies; /new starts another session; /quit exits with 0', async (t) => {
  const prompt = start(t, ['chat', '--user', 'ann'], { env, terminal: true });
  await prompt.sees('ann> ');
  prompt.type('hello\r');
  await prompt.sees('echo: hello');
  await prompt.sees('ann> ');
  prompt.type('/new\r');
  await prompt.sees('Session ');
  await prompt.sees('ann> ');
  prompt.type('again\r');
  await prompt.sees('echo: again');
  await prompt.sees('ann> ');
  prompt.type('/what\r');
  await prompt.sees('Unknown command /what');
  prompt.type('/quit\r');
  t.is((await prompt.ended).code, 0);
  const turns = await turnsOf('ann');
  t.deepEqual(
    turns.map(({ text }) => text),
    ['hello', 'again'],
  );
  t.not(turns[0]!.session_id, turns[1]!.session_id);
});

onTerminal(
  'a held reply is shown as held, the chat continues, and the outcome of the review is shown later',
  async (t) => {
    const prompt = start(t, ['chat', '--user', 'hal'], { env, terminal: true });
    await prompt.sees('hal> ');
    prompt.type('help me\r');
    await prompt.sees('held for review');
    await prompt.sees('hal> ');
    prompt.type('meanwhile\r');
    await prompt.sees('echo: meanwhile');
    await prompt.sees('hal> ');
    const [held] = await turnsOf('hal');
    const { review } = await turnOf(app.url, held!.turn_id);
    t.is((await run(t, ['reviews', 'decide', review!.review_id, 'approve'], { env })).code, 0);
    await prompt.sees('[reply to “help me”: completed]');
    await prompt.sees('echo: help me');
    await prompt.sees('hal> ');
    prompt.type('\u0004');
    t.is((await prompt.ended).code, 0);
  },
);

onTerminal('the first Ctrl-C cancels the running turn, the next one exits with 130', async (t) => {
  const prompt = start(t, ['chat', '--user', 'cat'], { env, terminal: true });
  await prompt.sees('cat> ');
  prompt.type('slow one\r');
  await waitForCall(app.model, 'slow one');
  await prompt.sees('two');
  prompt.type(CTRL_C);
  await prompt.sees('[cancelled]');
  await prompt.sees('cat> ');
  t.is((await turnsOf('cat'))[0]!.status, 'cancelled');
  prompt.type(CTRL_C);
  t.is((await prompt.ended).code, 130);
});

onTerminal('/busy interrupt: a message typed while a turn runs cancels that turn and is answered', async (t) => {
  const prompt = start(t, ['chat', '--user', 'ira'], { env, terminal: true });
  await prompt.sees('ira> ');
  prompt.type('/busy interrupt\r');
  await prompt.sees('ira> ');
  prompt.type('slow two\r');
  // The rule cancels a running turn, not a queued one.
  await waitForCall(app.model, 'slow two');
  prompt.type('instead\r');
  await prompt.sees('[cancelled]');
  await prompt.sees('ira> instead');
  await prompt.sees('echo: instead');
  prompt.type('/quit\r');
  t.is((await prompt.ended).code, 0);
});

onTerminal(
  '/assistant lists the assistants and sets the one of later messages; a wrong name changes nothing',
  async (t) => {
    const prompt = start(t, ['chat', '--user', 'amy'], { env, terminal: true });
    await prompt.sees('amy> ');
    prompt.type('/assistant\r');
    await prompt.sees('  poet: Answers in verse.');
    await prompt.sees('* support (default): Answers customers.');
    await prompt.sees('amy> ');
    // In one write: the message before is for the default assistant, the one after for the other.
    prompt.type('first\r/assistant poet\rsecond\r');
    await prompt.sees('echo: first');
    await prompt.sees('Assistant: poet.');
    await prompt.sees('echo: second');
    await prompt.sees('amy> ');
    prompt.type('/assistant poe\r');
    await prompt.sees('There is no assistant poe. The assistants are poet, support.');
    await prompt.sees('amy> ');
    prompt.type('/assistant\r');
    await prompt.sees('* poet: Answers in verse.');
    await prompt.sees('amy> ');
    prompt.type('third\r');
    await prompt.sees('echo: third');
    await prompt.sees('amy> ');
    prompt.type('/assistant turnkeeper\r');
    await prompt.sees('Assistant: turnkeeper.');
    await prompt.sees('amy> ');
    prompt.type('fourth\r');
    await prompt.sees('echo: fourth');
    await prompt.sees('amy> ');
    prompt.type('/help\r');
    await prompt.sees('/assistant NAME: choose who answers');
    prompt.type('/quit\r');
    t.is((await prompt.ended).code, 0);
    t.deepEqual(
      (await turnsOf('amy')).map(({ assistant }) => assistant),
      ['support', 'poet', 'poet', 'support'],
    );
  },
);

onTerminal(
  '--assistant sets the assistant of a prompt; a name that does not exist ends it before the prompt',
  async (t) => {
    const prompt = start(t, ['chat', '--user', 'ada', '--assistant', 'poet'], { env, terminal: true });
    await prompt.sees('ada> ');
    prompt.type('hello\r');
    await prompt.sees('echo: hello');
    prompt.type('/quit\r');
    t.is((await prompt.ended).code, 0);
    t.deepEqual((await turnsOf('ada'))[0]!.assistant, 'poet');
    const unknown = start(t, ['chat', '--user', 'ada', '--assistant', 'nobody'], { env, terminal: true });
    t.is((await unknown.ended).code, 2);
    t.regex(unknown.written(), /There is no assistant nobody\. The assistants are poet, support\./);
    t.notRegex(unknown.written(), /ada>/);
  },
);

test('--assistant sets the assistant of messages; turn shows it with the model; the error has the names', async (t) => {
  const sent = await run(t, ['chat', 'hello', '--user', 'ava', '--assistant', 'poet'], { env });
  t.deepEqual([sent.code, sent.stdout], [0, 'echo: hello\n']);
  const piped = await run(t, ['chat', '--user', 'ava', '--assistant', 'turnkeeper'], { env, input: 'one\ntwo\n' });
  t.is(piped.code, 0);
  const turns = await turnsOf('ava');
  t.deepEqual(
    turns.map(({ assistant }) => assistant),
    ['poet', 'support', 'support'],
  );
  const shown = await run(t, ['turn', turns[0]!.turn_id], { env });
  t.regex(shown.stdout, /^model {4}scripted, assistant poet$/m);
  const { turn_id: heldId } = await park(app.url, 'ava', 'help ava', { assistant: 'poet' });
  const { review } = await turnOf(app.url, heldId);
  const listed = await run(t, ['reviews', 'show', review!.review_id], { env });
  t.regex(listed.stdout, /^user {5}ava, session \S+, assistant poet$/m);
  const unknown = await run(t, ['chat', 'hello', '--user', 'ava', '--assistant', 'poe'], { env });
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /\/assistant must be one of poet, support/);
  t.is((await turnsOf('ava')).length, 4);
});

onTerminal('two messages in one write are accepted and shown in the order of typing', async (t) => {
  const prompt = start(t, ['chat', '--user', 'duo'], { env, terminal: true });
  await prompt.sees('duo> ');
  prompt.type('first\rsecond\r');
  await prompt.sees('echo: first');
  await prompt.sees('duo> second');
  await prompt.sees('echo: second');
  prompt.type('/quit\r');
  t.is((await prompt.ended).code, 0);
  t.deepEqual(
    (await turnsOf('duo')).map(({ text }) => text),
    ['first', 'second'],
  );
});

onTerminal('an API error is shown with its faults, and the chat continues', async (t) => {
  const prompt = start(t, ['chat', '--user', 'err', '--busy', 'maybe'], { env, terminal: true });
  await prompt.sees('err> ');
  prompt.type('hello\r');
  await prompt.sees('/on_busy must be one of');
  await prompt.sees('err> ');
  prompt.type('/busy\r');
  await prompt.sees('err> ');
  prompt.type('hello\r');
  await prompt.sees('echo: hello');
  await prompt.sees('err> ');
  prompt.type(CTRL_C);
  t.is((await prompt.ended).code, 130);
});

onTerminal('on a terminal, an unavailable server or an invalid user id is reported before the prompt', async (t) => {
  const unavailable = await start(t, ['chat', '--user', 'ann', '--url', 'http://127.0.0.1:9'], { terminal: true })
    .ended;
  t.is(unavailable.code, 3);
  const invalid = await start(t, ['chat', '--user', 'not a user'], { env, terminal: true }).ended;
  t.is(invalid.code, 2);
});

test('without a terminal, SIGINT cancels the running turn and the program exits with 1', async (t) => {
  const prompt = start(t, ['chat', 'slow three', '--user', 'sig'], { env });
  await waitForCall(app.model, 'slow three');
  await prompt.sees('one two');
  prompt.signal('SIGINT');
  const { code, stdout } = await prompt.ended;
  t.is(code, 1);
  t.regex(stdout, /\[cancelled\]/);
  t.is((await turnsOf('sig'))[0]!.status, 'cancelled');
});

test('SIGINT during turn --follow exits and does not cancel the turn', async (t) => {
  const { turn_id } = await park(app.url, 'fol', 'help fol');
  const following = start(t, ['turn', turn_id, '--follow'], { env });
  await following.sees('held for review');
  following.signal('SIGINT');
  t.is((await following.ended).code, null); // Ended by the signal; a shell reports 130.
  t.is((await turnOf(app.url, turn_id)).status, 'awaiting_review');
});
