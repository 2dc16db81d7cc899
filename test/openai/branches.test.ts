// Clients that edit, regenerate, stop or shorten their history: the prompt contains exactly the turns that they show.
import test, { type ExecutionContext } from 'ava';
import { startApp, type TestApp } from '../support/app.ts';
import { call, eventually, type TurnJson } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';
import { about, assistant, clientOf, failureOf, user } from './support.ts';

type Messages = { role: 'user' | 'assistant'; content: string }[];

/** Sends histories and returns the prompt without the system message, and the session. */
function asking({ url, model }: TestApp, name = 'ann') {
  return async (messages: Messages, more: object = {}) => {
    const answer = await clientOf(url).chat.completions.create({ model: 'turnkeeper', user: name, messages, ...more });
    const prompt = model.chatCalls.at(-1)!.messages.filter(({ role }) => role !== 'system');
    return { prompt: prompt.map(({ content }) => content), session: about(answer).session_id };
  };
}
const exchange = (text: string): Messages => [user(text), assistant(`echo: ${text}`)];
const texts = (messages: Messages) => messages.map(({ content }) => content);

test('an edited or regenerated message continues exactly the turns that the client shows, in the same session', async (t) => {
  const app = await startApp(t);
  const ask = asking(app);
  const { session } = await ask([user('one')]);
  const shown = async (messages: Messages) => {
    const asked = await ask(messages);
    t.is(asked.session, session);
    t.deepEqual(asked.prompt, texts(messages));
  };
  await shown([...exchange('one'), user('two')]);
  await shown([...exchange('one'), user('two, edited')]);
  await shown([...exchange('one'), user('two, edited')]);
  await shown([...exchange('one'), ...exchange('two, edited'), user('three')]);
  await shown([...exchange('one'), ...exchange('two'), user('three of the first branch')]);
  // A client that deletes or leaves out messages.
  await shown([...exchange('one'), ...exchange('three of the first branch'), user('without two')]);
  await shown([...exchange('two, edited'), ...exchange('three'), user('shortened')]);
  await shown([...exchange('three'), ...exchange('shortened'), user('shortened again')]);
  const { body } = await call<{ branches: unknown[]; history: { content: string }[] }>(
    app.url,
    `/conversations/${session}`,
  );
  t.true(body.branches.length > 3);
  t.is(body.history.at(-1)!.content, 'echo: shortened again');
});

test('chats that begin alike, or contain the same exchange, see only their own turns', async (t) => {
  const app = await startApp(t);
  const ask = asking(app);
  const check = async (messages: Messages) => {
    const asked = await ask(messages);
    t.deepEqual(asked.prompt, texts(messages));
    return asked.session;
  };
  const first = await check([user('hi')]);
  await check([...exchange('hi'), user('cats')]);
  await check([...exchange('hi'), ...exchange('cats'), user('ok')]);
  const second = await check([user('hi')]);
  t.not(second, first);
  await check([...exchange('hi'), user('dogs')]);
  await check([...exchange('hi'), ...exchange('dogs'), user('ok')]);
  await check([...exchange('hi'), ...exchange('cats'), ...exchange('ok'), user('more about cats')]);
  await check([...exchange('hi'), ...exchange('dogs'), ...exchange('ok'), user('more about dogs')]);
  const third = await check([user('yo')]);
  await check([...exchange('yo'), user('ok')]);
  t.is(await check([...exchange('yo'), ...exchange('ok'), user('more')]), third);
});

test('a user returns to an old chat, and edits an old message of it, after more than 50 other turns', async (t) => {
  const app = await startApp(t);
  const ask = asking(app);
  const first = [...exchange('hi'), ...exchange('tea'), user('and milk?')];
  const { session } = await ask([user('hi')]);
  await ask([...exchange('hi'), user('tea')]);
  // The next chat begins alike.
  await ask([user('hi')]);
  const other: Messages = exchange('hi');
  for (let number = 0; number < 55; number += 1) {
    await ask([...other, user(`number ${number}`)]);
    other.push(...exchange(`number ${number}`));
  }
  t.deepEqual(await ask(first), { session, prompt: texts(first) });
  const edited = [...other.slice(0, 8), user('edited')];
  t.deepEqual((await ask(edited)).prompt, texts(edited));
});

test('a client that keeps examples before the newest messages of a chat continues the chat', async (t) => {
  const app = await startApp(t);
  const ask = asking(app);
  const examples: Messages = [assistant('Ahoy!'), user('2 + 2'), assistant('four'), user('3 + 3'), assistant('six')];
  const { session } = await ask([...examples, user('one')]);
  const chat = exchange('one');
  for (const text of ['two', 'three', 'four', 'five', 'six']) {
    const shown = chat.slice(-6);
    t.deepEqual(await ask([...examples, ...shown, user(text)]), { session, prompt: [...texts(shown), text] });
    chat.push(...exchange(text));
  }
  // Another chat with the same examples, and with one exchange that is the same.
  const other = await ask([...examples, user('zero')]);
  t.not(other.session, session);
  await ask([...examples, ...exchange('zero'), user('six')]);
  const shown = [...exchange('zero'), ...exchange('six')];
  t.deepEqual(await ask([...examples, ...shown, user('end')]), {
    session: other.session,
    prompt: [...texts(shown), 'end'],
  });
});

test('a failed turn does not start a new session', async (t) => {
  const app = await startApp(t, { settings: { MODEL_MAX_ATTEMPTS: '1' } });
  const ask = asking(app);
  const { session } = await ask([user('one')]);
  app.model.script(({ lastUserMessage }) => (lastUserMessage === 'two' ? { status: 400 } : {}));
  t.is((await failureOf(ask([...exchange('one'), user('two')]))).status, 422);
  const three = await ask([...exchange('one'), user('two'), user('three')]);
  t.deepEqual(three, { session, prompt: [...texts(exchange('one')), 'three'] });
  const four = await ask([...exchange('one'), user('two'), ...exchange('three'), user('four')]);
  t.deepEqual(four, { session, prompt: [...texts([...exchange('one'), ...exchange('three')]), 'four'] });
  const { body } = await call<{ branches: unknown[] }>(app.url, `/conversations/${session}`);
  t.is(body.branches.length, 1);
});

/** Streams a reply, and stops as a chat page does: closes the connection, with `cancel` after it has cancelled the turn. */
async function stopped(app: TestApp, messages: Messages, cancel: boolean): Promise<{ text: string; turnId: string }> {
  const request = { model: 'turnkeeper', user: 'ann', messages, stream: true } as const;
  const stream = await clientOf(app.url).chat.completions.create(request);
  let text = '';
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    if (text.length < 20) continue;
    const { turn_id: turnId } = about(chunk);
    if (cancel) await call(app.url, `/turns/${turnId}/cancel`, { method: 'POST' });
    stream.controller.abort();
    return { text, turnId };
  }
  throw new Error('the stream ended');
}

for (const cancel of [true, false])
  test(`a partial reply after Stop does not start a new session (${cancel ? 'cancelled' : 'disconnected'})`, async (t) => {
    const app = await startApp(t);
    const ask = asking(app);
    const { session } = await ask([user('one')]);
    const reply = 'word '.repeat(60).trim();
    app.model.script(({ lastUserMessage }) => (lastUserMessage === 'long' ? { text: reply, trickleMs: 10 } : {}));
    const { text, turnId } = await stopped(app, [...exchange('one'), user('long')], cancel);
    const history = [...exchange('one'), user('long'), assistant(text)];
    // At once, while the turn may still be running, and later.
    const early = await ask([...history, user('early')]);
    t.is(early.session, session);
    t.false(early.prompt.includes('long'));
    await eventually('the turn is final', async () => {
      const { body } = await call<TurnJson>(app.url, `/turns/${turnId}`);
      return ['completed', 'cancelled'].includes(body.status);
    });
    const late = await ask([...history, user('late')]);
    t.is(late.session, session);
    t.deepEqual(late.prompt, [...texts(exchange('one')), ...(cancel ? [] : ['long', reply]), 'late']);
    const next = await ask([...history, ...exchange('late'), user('next')]);
    t.is(next.session, session);
    t.deepEqual(next.prompt.slice(-3), [...texts(exchange('late')), 'next']);
  });

test('a response continues the response that it names: later ones are not in its prompt', async (t) => {
  const app = await startApp(t);
  const create = async (input: string, previous?: string) => {
    const answer = await clientOf(app.url).responses.create({
      model: 'turnkeeper',
      user: 'ann',
      input,
      ...(previous !== undefined && { previous_response_id: previous }),
    });
    const prompt = app.model.chatCalls.at(-1)!.messages.filter(({ role }) => role !== 'system');
    return { id: answer.id, session: about(answer).session_id, prompt: prompt.map(({ content }) => content) };
  };
  const a = await create('A');
  const b = await create('B', a.id);
  t.deepEqual(b.prompt, [...texts(exchange('A')), 'B']);
  const c = await create('C', a.id);
  t.deepEqual(c.prompt, [...texts(exchange('A')), 'C']);
  t.is(c.session, a.session);
  t.deepEqual((await create('D', c.id)).prompt, [...texts([...exchange('A'), ...exchange('C')]), 'D']);
  t.deepEqual((await create('E', b.id)).prompt, [...texts([...exchange('A'), ...exchange('B')]), 'E']);
});

test('a response that continues a running one has it in its prompt', async (t: ExecutionContext) => {
  const app = await startApp(t);
  app.model.script(({ lastUserMessage }) => (lastUserMessage === 'A' ? { delayMs: 300 } : {}));
  const request = { model: 'turnkeeper', user: 'ann', background: true } as const;
  const a = await clientOf(app.url).responses.create({ ...request, input: 'A' });
  await clientOf(app.url).responses.create({ ...request, input: 'B', previous_response_id: a.id });
  const { messages } = await waitForCall(app.model, 'B');
  t.deepEqual(
    messages.slice(1).map(({ content }) => content),
    ['A', 'echo: A', 'B'],
  );
});
