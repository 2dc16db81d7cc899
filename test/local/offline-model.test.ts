import test from 'ava';
import OpenAI from 'openai';
import { OFFLINE_MODEL, startOfflineModel } from '../../local/offline-model/server.ts';

type Messages = OpenAI.ChatCompletionMessageParam[];

const MEMORY = `<memory>
Name: Alice
Preferred style: STYLE
Summary: alice likes tea.
Favourite topics: tea, dragons
Messages sent so far: 5
</memory>`;

async function client(t: { teardown(work: () => unknown): void }): Promise<OpenAI> {
  const service = await startOfflineModel();
  t.teardown(() => service.stop());
  return new OpenAI({ baseURL: service.baseUrl, apiKey: 'none', maxRetries: 0 });
}

const prompt = (style: string, ...userMessages: string[]): Messages => [
  { role: 'system', content: `You are a helpful assistant.\n\n${MEMORY.replace('STYLE', style)}` },
  ...userMessages.flatMap((content, index): Messages =>
    index < userMessages.length - 1
      ? [
          { role: 'user', content },
          { role: 'assistant', content: 'ok' },
        ]
      : [{ role: 'user', content }],
  ),
];

async function ask(openai: OpenAI, messages: Messages): Promise<string> {
  const { choices } = await openai.chat.completions.create({ model: OFFLINE_MODEL, messages });
  return choices[0]!.message.content!;
}

test('the reply depends only on the prompt and is marked as not coming from a language model', async (t) => {
  const openai = await client(t);
  const casual = await ask(openai, prompt('casual', 'I like tea'));
  t.is(casual, '[offline model] Hi Alice! You said: “I like tea”. You have sent 5 messages so far.');
  t.is(await ask(openai, prompt('casual', 'I like tea')), casual);
  t.regex(await ask(openai, prompt('formal', 'I like tea')), /Good day, Alice\./);
  t.regex(await ask(openai, prompt('casual', 'I like tea', 'And now?')), /Before that you said: “I like tea”\./);
  t.regex(
    await ask(openai, prompt('casual', 'What do you know about me?')),
    /alice likes tea\. Your favourite topics: tea, dragons\./,
  );
  const persona: Messages = [
    { role: 'system', content: 'You are Captain Ada.' },
    { role: 'user', content: 'hello' },
  ];
  t.is(
    await ask(openai, persona),
    '[offline model] Hello friend. My instructions are: “You are Captain Ada.”. You said: “hello”.',
  );
});

test('a stream contains the words of the reply one by one, and the usage last', async (t) => {
  const openai = await client(t);
  const messages = prompt('casual', 'two  spaces\nand a line');
  const stream = await openai.chat.completions.create({
    model: OFFLINE_MODEL,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  t.is(text, await ask(openai, messages));
  t.true(chunks.length > 10);
  t.true(chunks.at(-1)!.usage!.completion_tokens > 0);
  t.is(chunks.at(-2)!.choices[0]!.finish_reason, 'stop');
});

test('a summary contains the most frequent words of the user', async (t) => {
  const openai = await client(t);
  const summary = await ask(openai, [
    {
      role: 'system',
      content: "Summarise the user's interests.\n\nUser id: alice\nPrevious summary: alice is a new user.",
    },
    {
      role: 'user',
      content: 'User: I love tea and dragons\nAssistant: Splendid trains!\nUser: more tea in this weather',
    },
  ]);
  t.is(summary, 'alice is interested in tea, dragons and weather.');
});

test('moderation flags a few words in the format of OpenAI', async (t) => {
  const openai = await client(t);
  const { results } = await openai.moderations.create({
    model: 'omni-moderation-latest',
    input: ['a cup of tea', 'how to build a bomb'],
  });
  t.deepEqual(
    results.map(({ flagged, categories }) => [
      flagged,
      categories.violence,
      categories['illicit/violent'],
      categories.hate,
    ]),
    [
      [false, false, false, false],
      [true, true, true, false],
    ],
  );
  await t.throwsAsync(openai.moderations.create({ input: [] }), { instanceOf: OpenAI.BadRequestError });
});

test('invalid requests get the errors of OpenAI', async (t) => {
  const openai = await client(t);
  const messages = prompt('casual', 'x');
  const named = await openai.chat.completions.create({ model: 'gpt-4o-mini', messages });
  t.is(named.model, OFFLINE_MODEL, 'it answers for every model, under its own name');
  await t.throwsAsync(openai.chat.completions.create({ model: OFFLINE_MODEL, messages: [] }), {
    instanceOf: OpenAI.BadRequestError,
  });
  const response = await fetch(`${openai.baseURL}/chat/completions`, { method: 'POST', body: '{' });
  t.is(response.status, 400);
  t.is((await openai.models.list()).data[0]!.id, OFFLINE_MODEL);
});

const TOOLS: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: {} } } },
  {
    type: 'function',
    function: {
      name: 'get_order',
      parameters: {
        type: 'object',
        properties: {
          order: { type: 'string' },
          detail: { enum: ['short', 'long'] },
          copies: { type: 'integer', default: 2 },
          note: { type: 'string' },
        },
        required: ['order', 'detail'],
      },
    },
  },
];

test('a tool that the message names is called, and the answer quotes the result', async (t) => {
  const openai = await client(t);
  const asked = async (content: string, choice: OpenAI.ChatCompletionToolChoiceOption = 'auto') => {
    const { choices } = await openai.chat.completions.create({
      model: OFFLINE_MODEL,
      messages: [{ role: 'user', content }],
      tools: TOOLS,
      tool_choice: choice,
    });
    const { message, finish_reason: finish } = choices[0]!;
    const call = message.tool_calls?.[0];
    const called = call?.type === 'function' ? { callId: call.id, ...call.function } : {};
    return { finish, message, callId: '', ...called };
  };
  const called = await asked('Please get_order {"order": "A1", "detail": "long"}.');
  t.like(called, { finish: 'tool_calls', name: 'get_order', arguments: '{"order":"A1","detail":"long"}' });
  t.is(called.message.content, null);
  t.like(await asked('get_order, please'), { arguments: '{"order":"example","detail":"short","copies":2}' });
  t.like(await asked('get_time?'), { name: 'get_time', arguments: '{}' });
  for (const content of ['Get my orders', 'budget_order', 'get_order_2'])
    t.is((await asked(content)).finish, 'stop', content);
  t.is((await asked('get_order', 'none')).finish, 'stop');
  t.like(await asked('Hello', 'required'), { name: 'get_time' });
  const chosen = { type: 'function', function: { name: 'get_order' } } as const;
  t.like(await asked('Hello', chosen), { name: 'get_order' });
  const answer = await ask(openai, [
    { role: 'user', content: 'get_order' },
    called.message,
    { role: 'tool', tool_call_id: called.callId, content: 'shipped' },
  ]);
  t.is(answer, '[offline model] The tool answered: “shipped”.');
});

test('a stream contains the call in one chunk', async (t) => {
  const openai = await client(t);
  const stream = openai.chat.completions.stream({
    model: OFFLINE_MODEL,
    messages: [{ role: 'user', content: 'get_time' }],
    tools: TOOLS,
  });
  const { choices } = await stream.finalChatCompletion();
  t.is(choices[0]!.finish_reason, 'tool_calls');
  t.like(choices[0]!.message.tool_calls![0], { function: { name: 'get_time', arguments: '{}' } });
});
