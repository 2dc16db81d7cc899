// The conversation on a terminal, and Ctrl-C.
import test from 'ava';
import { park, turnOf } from '../reviews/support.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { call, type TurnJson } from '../support/client.ts';
import { asked, holdSlow } from '../support/held-model.ts';
import { fileOwner } from '../support/owner.ts';
import { hasTerminals, run, start } from './support.ts';

const owner = fileOwner();
let app: TestApp;
let env: { TURNKEEPER_URL: string };
test.before(async () => {
  app = await startApp(owner);
  app.model.script(holdSlow());
  env = { TURNKEEPER_URL: app.url };
});

const onTerminal = hasTerminals ? test : test.skip;
const CTRL_C = '\u0003';
const turnsOf = async (userId: string): Promise<TurnJson[]> =>
  (await call<{ items: TurnJson[] }>(app.url, `/users/${userId}/turns`)).body.items.toReversed();

onTerminal('messages are answered below the prompt; /new begins another session; /quit leaves with 0', async (t) => {
  const talk = start(t, ['chat', '--user', 'ann'], { env, terminal: true });
  await talk.sees('ann> ');
  talk.type('hello\r');
  await talk.sees('echo: hello');
  await talk.sees('ann> ');
  talk.type('/new\r');
  await talk.sees('Session ');
  await talk.sees('ann> ');
  talk.type('again\r');
  await talk.sees('echo: again');
  await talk.sees('ann> ');
  talk.type('/what\r');
  await talk.sees('/what is not known');
  talk.type('/quit\r');
  t.is((await talk.ended).code, 0);
  const turns = await turnsOf('ann');
  t.deepEqual(
    turns.map(({ text }) => text),
    ['hello', 'again'],
  );
  t.not(turns[0]!.session_id, turns[1]!.session_id);
});

onTerminal('a held reply is told as held, the talk goes on, and the decision is shown when it comes', async (t) => {
  const talk = start(t, ['chat', '--user', 'hal'], { env, terminal: true });
  await talk.sees('hal> ');
  talk.type('help me\r');
  await talk.sees('waits for a person');
  await talk.sees('hal> ');
  talk.type('meanwhile\r');
  await talk.sees('echo: meanwhile');
  await talk.sees('hal> ');
  const [held] = await turnsOf('hal');
  const { review } = await turnOf(app.url, held!.turn_id);
  t.is((await run(t, ['reviews', 'decide', review!.review_id, 'approve'], { env })).code, 0);
  await talk.sees('[to “help me”: completed]');
  await talk.sees('echo: help me');
  await talk.sees('hal> ');
  talk.type('\u0004');
  t.is((await talk.ended).code, 0);
});

onTerminal('Ctrl-C cancels the running turn, and the next one leaves with 130', async (t) => {
  const talk = start(t, ['chat', '--user', 'cat'], { env, terminal: true });
  await talk.sees('cat> ');
  talk.type('slow one\r');
  await asked(app.model, 'slow one');
  await talk.sees('two');
  talk.type(CTRL_C);
  await talk.sees('[cancelled]');
  await talk.sees('cat> ');
  t.is((await turnsOf('cat'))[0]!.status, 'cancelled');
  talk.type(CTRL_C);
  t.is((await talk.ended).code, 130);
});

onTerminal('/busy interrupt: a message typed while a turn runs ends it and is answered', async (t) => {
  const talk = start(t, ['chat', '--user', 'ira'], { env, terminal: true });
  await talk.sees('ira> ');
  talk.type('/busy interrupt\r');
  await talk.sees('ira> ');
  // Both at once: what was typed second may not overtake.
  talk.type('slow two\rinstead\r');
  await talk.sees('[cancelled]');
  await talk.sees('ira> instead');
  await talk.sees('echo: instead');
  talk.type('/quit\r');
  t.is((await talk.ended).code, 0);
});

onTerminal('a server error is shown with its faults, and the talk goes on', async (t) => {
  const talk = start(t, ['chat', '--user', 'err', '--busy', 'maybe'], { env, terminal: true });
  await talk.sees('err> ');
  talk.type('hello\r');
  await talk.sees('/on_busy must be one of');
  await talk.sees('err> ');
  talk.type('/busy\r');
  await talk.sees('err> ');
  talk.type('hello\r');
  await talk.sees('echo: hello');
  await talk.sees('err> ');
  talk.type(CTRL_C);
  t.is((await talk.ended).code, 130);
});

onTerminal('on a terminal a server that is not there, or a user that is none, is told before the prompt', async (t) => {
  const away = await start(t, ['chat', '--user', 'ann', '--url', 'http://127.0.0.1:9'], { terminal: true }).ended;
  t.is(away.code, 3);
  const wrong = await start(t, ['chat', '--user', 'not a user'], { env, terminal: true }).ended;
  t.is(wrong.code, 2);
});

test('without a terminal SIGINT cancels the running turn, which ends with 1', async (t) => {
  const talk = start(t, ['chat', 'slow three', '--user', 'sig'], { env });
  await asked(app.model, 'slow three');
  await talk.sees('one two');
  talk.signal('SIGINT');
  const { code, stdout } = await talk.ended;
  t.is(code, 1);
  t.regex(stdout, /\[cancelled\]/);
  t.is((await turnsOf('sig'))[0]!.status, 'cancelled');
});

test('SIGINT while a turn is followed leaves, and cancels nothing', async (t) => {
  const { turn_id } = await park(app.url, 'fol', 'help fol');
  const following = start(t, ['turn', turn_id, '--follow'], { env });
  await following.sees('waits for a person');
  following.signal('SIGINT');
  t.is((await following.ended).code, null); // by the signal itself, which a shell tells as 130
  t.is((await turnOf(app.url, turn_id)).status, 'awaiting_review');
});
