// Tools of clients in chat completions, with OpenAI's unmodified Node client.
import test, { type ExecutionContext } from 'ava';
import type OpenAI from 'openai';
import type { RunnableToolFunction } from 'openai/lib/RunnableFunction';
import { isAvailable, RUNTIMES, startApp, type AppOptions } from '../support/app.ts';
import { call } from '../support/client.ts';
import type { ModelCall, ModelScript } from '../support/model.ts';
import { newDrafts, waitForDraft } from '../reviews/revise-support.ts';
import { decide, turnOf } from '../reviews/support.ts';
import { about, assistant, clientOf, failureOf, user } from './support.ts';

type Messages = OpenAI.ChatCompletionMessageParam[];

const TOOLS: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather.',
      // Not in the order in which a database would sort them.
      parameters: {
        type: 'object',
        properties: { town: { type: 'string' }, at: { type: 'string' } },
        required: ['town'],
      },
    },
  },
];
const OSLO = { id: 'call_oslo', name: 'get_weather', arguments: '{"town":"Oslo"}' };
const ROME = { id: 'call_rome', name: 'get_weather', arguments: '{"town": "Rome"}' };
const sentCall = ({ id, name, arguments: text }: typeof OSLO) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: text },
});
const result = (tool_call_id: string, content: string) => ({ role: 'tool' as const, tool_call_id, content });

type Sent = { role: string; content: unknown; tool_calls?: object[]; tool_call_id?: string }[];
const sentTo = ({ body }: ModelCall): Sent => (body['messages'] as Sent).filter(({ role }) => role !== 'system');

/** Asks for the calls until it gets results, then answers with what it got. */
function weather(calls: ModelScript['calls'], text?: string) {
  return (request: ModelCall): ModelScript => {
    if (request.kind !== 'chat') return {};
    const results = sentTo(request).filter(({ role }) => role === 'tool');
    const last = sentTo(request).at(-1)!;
    if (last.role === 'tool')
      return { text: `It is ${results.map(({ content }) => content as string).join(' and ')}.` };
    return { ...(calls && { calls }), ...(text !== undefined && { text }) };
  };
}

async function start(
  t: ExecutionContext,
  calls: ModelScript['calls'] = [OSLO],
  options: AppOptions & { text?: string } = {},
) {
  const { text, ...rest } = options;
  const app = await startApp(t, rest);
  app.model.script(weather(calls, text));
  const client = clientOf(app.url);
  const ask = (messages: Messages, more: object = {}) =>
    client.chat.completions.create({
      model: 'turnkeeper',
      user: 'ann',
      messages,
      tools: TOOLS,
      ...more,
    }) as Promise<OpenAI.ChatCompletion>;
  return { ...app, client, ask };
}

for (const runtime of RUNTIMES)
  (isAvailable(runtime) ? test : test.skip)(
    `${runtime}: the client makes the calls, and its results are the next turn`,
    async (t) => {
      const { url, model, ask } = await start(t, [OSLO, ROME], { runtime });
      const first = await ask([user('How is the weather?')], { tool_choice: 'required', parallel_tool_calls: false });
      const { message, finish_reason: finish } = first.choices[0]!;
      t.is(finish, 'tool_calls');
      t.is(message.content, null);
      t.deepEqual<unknown, unknown>(message.tool_calls, [sentCall(OSLO), sentCall(ROME)]);
      const { body: asked } = model.chatCalls[0]!;
      t.deepEqual(asked['tools'], TOOLS);
      t.is(JSON.stringify(asked['tools']), JSON.stringify(TOOLS), 'the order of the members is that of the client');
      t.like(asked, { tool_choice: 'required', parallel_tool_calls: false });
      const { turn_id: turnId, session_id: session } = about(first);
      t.like(await turnOf(url, turnId), {
        status: 'completed',
        reply: null,
        finish_reason: 'tool_calls',
        client_calls: [OSLO, ROME],
        text: 'How is the weather?',
      });

      const history = [user('How is the weather?'), message];
      const second = await ask([...history, result('call_oslo', 'cold'), result('call_rome', 'warm')]);
      t.is(second.choices[0]!.message.content, 'It is cold and warm.');
      t.is(about(second).session_id, session);
      t.like(await turnOf(url, about(second).turn_id), { text: '', reply: 'It is cold and warm.', follows: turnId });
      t.deepEqual(sentTo(model.chatCalls[1]!), [
        { role: 'user', content: 'How is the weather?' },
        { role: 'assistant', content: null, tool_calls: [sentCall(OSLO), sentCall(ROME)] },
        { role: 'tool', content: 'cold', tool_call_id: 'call_oslo' },
        { role: 'tool', content: 'warm', tool_call_id: 'call_rome' },
      ]);

      const third = await ask([
        ...history,
        result('call_oslo', 'cold'),
        result('call_rome', 'warm'),
        assistant('It is cold and warm.'),
        user('Thanks'),
      ]);
      t.is(about(third).session_id, session);
      t.like(await turnOf(url, about(third).turn_id), { follows: about(second).turn_id });
      t.deepEqual(
        sentTo(model.chatCalls[2]!).map(({ role, content }) => [role, content]),
        [
          ['user', 'How is the weather?'],
          ['assistant', null],
          ['tool', 'cold'],
          ['tool', 'warm'],
          ['assistant', 'It is cold and warm.'],
          ['user', 'Thanks'],
        ],
      );
      const { body } = await call<{ history: { role: string; content: string }[] }>(url, `/conversations/${session}`);
      t.deepEqual(
        body.history.slice(0, 4).map(({ role, content }) => [role, content]),
        [
          ['user', 'How is the weather?'],
          ['assistant', ''],
          ['user', ''],
          ['assistant', 'It is cold and warm.'],
        ],
      );
    },
  );

test('a stream has the calls, which the client puts together', async (t) => {
  const { client } = await start(t, [OSLO, ROME], { text: 'I look it up.' });
  const stream = client.chat.completions.stream({ model: 'turnkeeper', messages: [user('Weather?')], tools: TOOLS });
  const { choices } = await stream.finalChatCompletion();
  t.is(choices[0]!.finish_reason, 'tool_calls');
  t.is(choices[0]!.message.content, 'I look it up.');
  t.deepEqual(
    choices[0]!.message.tool_calls!.map(
      (each) => each.type === 'function' && [each.id, each.function.name, each.function.arguments],
    ),
    [OSLO, ROME].map(({ id, name, arguments: text }) => [id, name, text]),
  );
});

test("the client's loop over its tools ends with the answer, also with more rounds than a prompt has exchanges", async (t) => {
  const { model, client } = await start(t, undefined, { settings: { HISTORY_EXCHANGES: '1' } });
  const ROUNDS = 6;
  model.script((request) => {
    if (request.kind !== 'chat') return {};
    const results = sentTo(request).filter(({ role }) => role === 'tool');
    if (results.length === ROUNDS)
      return { text: `done: ${results.map(({ content }) => content as string).join(' ')}` };
    return { calls: [{ id: `call_${results.length}`, name: 'count', arguments: '{}' }] };
  });
  let count = 0;
  const tool: RunnableToolFunction<object> = {
    type: 'function',
    function: {
      name: 'count',
      description: 'Counts.',
      parameters: { type: 'object' },
      parse: (text) => JSON.parse(text) as object,
      function: () => `n${(count += 1)}`,
    },
  };
  const runner = client.chat.completions.runTools({
    model: 'turnkeeper',
    user: 'ann',
    messages: [user('Count to six.')],
    tools: [tool],
  });
  t.is(await runner.finalContent(), 'done: n1 n2 n3 n4 n5 n6');
  const sessions = runner.allChatCompletions().map((each) => about(each).session_id);
  t.is(new Set(sessions).size, 1, 'all turns are of one session');
  t.is(sentTo(model.chatCalls.at(-1)!)[0]!.content, 'Count to six.');
});

test('a message with results and a text has both in its prompt, and so do later ones', async (t) => {
  const { model, ask } = await start(t);
  const { message } = (await ask([user('Weather?')])).choices[0]!;
  const before: Messages = [user('Weather?'), message, result('call_oslo', 'cold')];
  model.script(() => ({ text: 'Cold.' }));
  await ask([...before, user('In one word.')]);
  const roles = ['user', 'assistant', 'tool', 'user'];
  t.deepEqual(
    sentTo(model.chatCalls.at(-1)!).map(({ role }) => role),
    roles,
  );
  await ask([...before, user('In one word.'), assistant('Cold.'), user('And now?')]);
  t.deepEqual(
    sentTo(model.chatCalls.at(-1)!).map(({ role }) => role),
    [...roles, 'assistant', 'user'],
  );
});

test('calls that the client does not make are not part of later prompts', async (t) => {
  const { model, ask } = await start(t, [OSLO], { text: 'I look it up.' });
  const { message } = (await ask([user('Weather?')])).choices[0]!;
  model.script(() => ({ text: 'Fine.' }));
  await ask([user('Weather?'), message, user('Never mind.')]);
  t.deepEqual(sentTo(model.chatCalls.at(-1)!), [
    { role: 'user', content: 'Weather?' },
    { role: 'assistant', content: 'I look it up.' },
    { role: 'user', content: 'Never mind.' },
  ]);
});

test('calls that turnkeeper did not ask for are those that the client shows', async (t) => {
  const { model, ask } = await start(t);
  const other = { ...OSLO, id: 'call_other' };
  const answer = await ask([
    user('Weather?'),
    { role: 'assistant', content: null, tool_calls: [sentCall(other)] },
    result('call_other', 'rainy'),
  ]);
  t.is(answer.choices[0]!.message.content, 'It is rainy.');
  t.deepEqual(sentTo(model.chatCalls[0]!), [
    { role: 'assistant', content: null, tool_calls: [sentCall(other)] },
    { role: 'tool', content: 'rainy', tool_call_id: 'call_other' },
  ]);
});

test('other results of the same calls open another branch', async (t) => {
  const { url, model, ask } = await start(t);
  const { choices, ...first } = await ask([user('Weather?')]);
  const history: Messages = [user('Weather?'), choices[0]!.message];
  const cold = await ask([...history, result('call_oslo', 'cold')]);
  const warm = await ask([...history, result('call_oslo', 'warm')]);
  t.is(warm.choices[0]!.message.content, 'It is warm.');
  for (const answer of [cold, warm])
    t.like(await turnOf(url, about(answer).turn_id), { follows: about(first).turn_id });
  const { status } = about(
    await ask([...history, result('call_oslo', 'cold'), assistant('It is cold.'), user('Really?')]),
  );
  t.is(status, 'completed');
  t.deepEqual(
    sentTo(model.chatCalls.at(-1)!).map(({ content }) => content),
    ['Weather?', null, 'cold', 'It is cold.', 'Really?'],
  );
});

test('a repeated request gets the same turn', async (t) => {
  const { ask } = await start(t);
  const { choices, ...first } = await ask([user('Weather?')]);
  const messages: Messages = [user('Weather?'), choices[0]!.message, result('call_oslo', 'cold')];
  const post = (more: object) => ask(messages, more).then((answer) => about(answer).turn_id);
  t.is(about(first).status, 'completed');
  const named = { metadata: { session_id: about(first).session_id } };
  t.not(await post(named), about(first).turn_id);
});

test('a held reply holds its calls', async (t) => {
  const { url, ask } = await start(t);
  const held = await ask([user('This is urgent: weather?')]);
  const { turn_id: turnId, status } = about(held);
  t.is(status, 'awaiting_review');
  t.is(held.choices[0]!.finish_reason, 'stop');
  t.false('tool_calls' in held.choices[0]!.message);
  t.like(await turnOf(url, turnId), { client_calls: [], reply: null });
  await decide(url, (await turnOf(url, turnId)).review!.review_id, { decision: 'approve' });
  t.like(await turnOf(url, turnId), { status: 'completed', finish_reason: 'tool_calls', client_calls: [OSLO] });
  // The answer to the results is held for the same reason.
  const answer = await ask([result('call_oslo', 'cold')], { metadata: { session_id: about(held).session_id } });
  t.is(about(answer).status, 'awaiting_review');
  const edited = about(await ask([user('urgent')]));
  await decide(url, (await turnOf(url, edited.turn_id)).review!.review_id, { decision: 'edit', reply: 'No.' });
  t.like(await turnOf(url, edited.turn_id), { reply: 'No.', finish_reason: 'stop', client_calls: [] });
});

test('a new draft of a held reply has no calls of the client', async (t) => {
  const { url, model, ask } = await start(t);
  const { turn_id: turnId } = about(await ask([user('This is urgent: weather?')]));
  model.script(newDrafts);
  const { review_id: id } = (await turnOf(url, turnId)).review!;
  t.is((await decide(url, id, { decision: 'revise', note: 'no calls' })).status, 200);
  const { draft_sha256 } = await waitForDraft(url, id, 1);
  t.false('tools' in model.chatCalls.at(-1)!.body);
  await decide(url, id, { decision: 'approve', draft_sha256 });
  t.like(await turnOf(url, turnId), { reply: 'new: no calls', finish_reason: 'stop', client_calls: [] });
});

test('without tools in the request the model is offered none, and the turn asks for nothing', async (t) => {
  const { model, client } = await start(t);
  const answer = await failureOf(client.chat.completions.create({ model: 'turnkeeper', messages: [user('Weather?')] }));
  t.like(answer, { code: 'turn_failed' });
  t.false('tools' in model.chatCalls[0]!.body);
});

test('the export has what the client sent and was asked for, and the erasure removes it', async (t) => {
  const { url, ask } = await start(t);
  const { choices } = await ask([user('Weather?')]);
  await ask([user('Weather?'), choices[0]!.message, result('call_oslo', 'cold')]);
  const exported = await call<{
    turns: { client_calls: object[] }[];
    client_requests: { turn_id: string; tools: object[]; results: object[] }[];
  }>(url, '/users/ann/export');
  t.deepEqual(
    exported.body.turns.map(({ client_calls: asked }) => asked),
    [[], [OSLO]],
  );
  t.like(exported.body.client_requests, {
    length: 2,
    0: { results: [] },
    1: { tools: [{ name: 'get_weather' }], results: [{ call_id: 'call_oslo', content: 'cold' }] },
  });
});
