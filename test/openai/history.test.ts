// Histories as real clients send them. Nothing in a history is refused, and it selects the session.
import test from 'ava';
import { randomUUID } from 'node:crypto';
import { startApp, type TestApp } from '../support/app.ts';
import { call } from '../support/client.ts';
import { about } from './support.ts';

interface Answer {
  readonly status: number;
  readonly body: object;
}

const post = async (url: string, path: string, body: object): Promise<Answer> => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'turnkeeper', user: 'ann', ...body }),
  });
  return { status: response.status, body: (await response.json()) as object };
};

/** The messages of the newest prompt, without the instructions. */
const prompt = ({ model }: TestApp) =>
  model.chatCalls
    .at(-1)!
    .messages.filter(({ role }) => role !== 'system')
    .map(({ content }) => content);

const text = (type: string, content: string) => ({ type, text: content });
const png = 'data:image/png;base64,iVBORw0KGgo=';
const functionCall = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":653247040368672768}' } };
const user = { role: 'user', content: 'one' };
const reply = { role: 'assistant', content: 'echo: one' };

/** Histories of chat completions that contain the exchange `one`, `echo: one`. */
const CHATS: Readonly<Record<string, readonly object[]>> = {
  'an empty list as content': [{ role: 'assistant', content: [] }, user, reply],
  'no content': [{ role: 'assistant', content: null }, { role: 'assistant' }, user, reply],
  'empty strings': [{ role: 'user', content: '' }, { role: 'assistant', content: '' }, user, reply],
  'empty text parts': [{ role: 'user', content: [text('text', '')] }, user, reply],
  'an empty reply after it': [user, reply, { role: 'user', content: 'lost' }, { role: 'assistant', content: '' }],
  'a message without a reply after it': [user, reply, { role: 'user', content: 'lost' }],
  'a refusal': [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }, user, reply],
  'a refusal member': [user, { ...reply, refusal: null, annotations: [], audio: null, reasoning_content: 'Hm.' }],
  'a picture': [
    { role: 'user', content: [{ type: 'image_url', image_url: { url: png } }, text('text', 'see')] },
    { role: 'assistant', content: 'A cat.' },
    user,
    reply,
  ],
  'a picture in the exchange': [
    { role: 'user', content: [text('text', 'one'), { type: 'image_url', image_url: { url: png } }] },
    reply,
  ],
  'audio and a file': [
    { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
    { role: 'assistant', audio: { id: 'audio_1' } },
    { role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] },
    user,
    reply,
  ],
  'a tool call and its result': [
    user,
    { role: 'assistant', content: null, tool_calls: [functionCall] },
    { role: 'tool', tool_call_id: 'call_1', content: [text('text', '5')] },
    reply,
  ],
  'a function call and its result': [
    user,
    { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
    { role: 'function', name: 'f', content: '5' },
    reply,
  ],
  'instructions in every position': [
    { role: 'developer', content: 'a' },
    user,
    { role: 'system', content: [text('text', 'b')] },
    reply,
    { role: 'system', content: [] },
  ],
  'other roles and parts': [
    { role: 'ipython', content: { any: 1 } },
    user,
    { role: 'assistant', content: [text('text', 'echo: one'), { type: 'thinking', thinking: 'Hm.' }, 'x', null] },
  ],
  'text that cannot be stored': [{ role: 'tool', tool_call_id: 'x', content: 'a\0b \ud83d' }, user, reply],
  'a reply as one part for each delta': [
    user,
    { role: 'assistant', content: ['ec', 'ho: ', 'o', 'ne'].map((piece) => text('text', piece)) },
  ],
  'a trimmed message and other line ends': [
    { role: 'user', content: ' one\r\n' },
    { role: 'assistant', content: '\techo:\r\none' },
  ],
  'parts with members of other servers': [
    { ...user, content: [{ ...text('text', 'one'), cache_control: { type: 'ephemeral' } }], name: 'ann' },
    reply,
  ],
};

const item = (role: string, part: object, more: object = {}) => ({ type: 'message', role, content: [part], ...more });
const input = item('user', text('input_text', 'one'));
const output = item(
  'assistant',
  { ...text('output_text', 'echo: one'), annotations: [{ type: 'url_citation', url: 'x' }], logprobs: [] },
  { id: 'msg_67ccd2bed1ec8190', status: 'completed' },
);

/** The same for the input of responses. */
const INPUTS: Readonly<Record<string, readonly object[]>> = {
  'output text with annotations': [input, output],
  'messages without a type': [user, { role: 'assistant', content: [text('output_text', 'echo: one')] }],
  'a reply as one part for each delta': [
    input,
    { ...output, content: ['ec', 'ho: ', 'one'].map((piece) => text('output_text', piece)) },
  ],
  reasoning: [input, { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' }, output],
  'function calls': [
    input,
    { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}', id: 'fc_1', status: 'completed' },
    { type: 'function_call_output', call_id: 'call_1', output: [text('input_text', '5')] },
    output,
  ],
  'calls of built-in tools': [
    input,
    { type: 'web_search_call', id: 'ws_1', status: 'completed' },
    { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'a', tools: [] },
    output,
  ],
  'references to unknown items': [
    { type: 'item_reference', id: 'rs_1' },
    { type: 'item_reference', id: 'msg_3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11' },
    input,
    output,
  ],
  'a refusal': [item('assistant', { type: 'refusal', refusal: 'No.' }), input, output],
  'pictures and files': [
    item('user', { type: 'input_image', image_url: png, detail: 'auto' }),
    item('user', { type: 'input_file', file_id: 'file-1' }),
    input,
    output,
  ],
  'unknown items': [{ type: 'compaction', id: 'cmp_1' }, { type: 'never_seen', content: 5 }, {}, input, output],
  'instructions in every position': [item('developer', text('input_text', 'a')), input, output, item('system', {})],
};

test('every history of a chat completion is accepted and continues its session', async (t) => {
  const app = await startApp(t);
  for (const [title, history] of Object.entries(CHATS)) {
    const first = await post(app.url, '/v1/chat/completions', { messages: [user] });
    const messages = [...history, { role: 'user', content: 'two' }];
    const { status, body } = await post(app.url, '/v1/chat/completions', { messages });
    t.is(status, 200, `${title}: ${JSON.stringify(body)}`);
    t.is(about(body)?.session_id, about(first.body).session_id, title);
    t.deepEqual(prompt(app), ['one', 'echo: one', 'two'], title);
  }
});

test('every history of a response is accepted and continues its session', async (t) => {
  const app = await startApp(t);
  for (const [title, history] of Object.entries(INPUTS)) {
    const first = await post(app.url, '/v1/responses', { input: 'one' });
    const { status, body } = await post(app.url, '/v1/responses', { input: [...history, user, { role: 'system' }] });
    t.is(status, 200, `${title}: ${JSON.stringify(body)}`);
    t.is(about(body)?.session_id, about(first.body).session_id, title);
    t.deepEqual(prompt(app), ['one', 'echo: one', 'one'], title);
  }
});

test('the id of a reply selects its session, as a reference and in a message; another user’s id does not', async (t) => {
  const app = await startApp(t);
  const first = await post(app.url, '/v1/responses', { input: 'one' });
  const same = await post(app.url, '/v1/responses', { input: 'one' });
  const { session_id: session, turn_id: turnId } = about(first.body);
  t.not(about(same.body).session_id, session);
  const reference = { type: 'item_reference', id: `msg_${turnId}` };
  const next = (history: object[], more: object = {}) =>
    post(app.url, '/v1/responses', { input: [user, ...history, { role: 'user', content: 'two' }], ...more });
  // As the AI SDK does by default on the second turn.
  t.is(about((await next([reference])).body).session_id, session);
  t.deepEqual(prompt(app), ['one', 'echo: one', 'two']);
  // As the OpenAI Agents SDK does.
  t.is(about((await next([{ ...output, id: `msg_${turnId}` }])).body).session_id, session);
  // The type of a reference may be missing or null.
  for (const type of [undefined, null]) {
    t.is(about((await next([{ ...reference, type }])).body).session_id, session);
    t.deepEqual(prompt(app), ['one', 'echo: one', 'two']);
  }
  // An id of the same form that a client made: the text counts.
  await next([{ ...output, id: `msg_${randomUUID()}` }]);
  t.deepEqual(prompt(app), ['one', 'echo: one', 'two']);
  const stranger = await next([reference], { user: 'bob' });
  t.is(stranger.status, 200);
  t.not(about(stranger.body).session_id, session);
  t.deepEqual(prompt(app), ['two']);
});

test('a history with 8 MB of pictures is accepted', async (t) => {
  const { url } = await startApp(t);
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(8_000_000)}` } };
  const messages = [{ role: 'user', content: [picture] }, reply, user];
  t.is((await post(url, '/v1/chat/completions', { messages })).status, 200);
});

test('a history of many short messages, and one that repeats an exchange, are read quickly', async (t) => {
  const app = await startApp(t);
  const two = { role: 'user', content: 'two' };
  const many = Array.from({ length: 100_000 }, () => [user, { role: 'assistant', content: 'a' }]).flat();
  const from = performance.now();
  t.is((await post(app.url, '/v1/chat/completions', { messages: [...many, user, two] })).status, 200);
  // Squares of the number of messages would take a minute.
  t.true(performance.now() - from < 10_000);
  const chat: object[] = [
    { role: 'user', content: 'zero' },
    { role: 'assistant', content: 'echo: zero' },
  ];
  await post(app.url, '/v1/chat/completions', { messages: chat.slice(0, 1) });
  for (let number = 0; number < 30; number += 1) {
    await post(app.url, '/v1/chat/completions', { messages: [...chat, user] });
    chat.push(user, reply);
  }
  // The client shows an exchange that is unknown, and not the first one of the chat.
  const other = [{ role: 'user', content: 'x' }, { role: 'assistant', content: 'y' }, ...chat.slice(2), two];
  const again = performance.now();
  t.is((await post(app.url, '/v1/chat/completions', { messages: other })).status, 200);
  t.true(performance.now() - again < 5_000);
  t.deepEqual(prompt(app).slice(-3), ['one', 'echo: one', 'two']);
});

test('of the messages only the text of the last one is stored', async (t) => {
  const { url } = await startApp(t);
  const messages = [{ role: 'user', content: 'zero' }, reply, user];
  const { body } = await post(url, '/v1/chat/completions', { messages });
  const { body: conversation } = await call<{ history: { content: string }[] }>(
    url,
    `/conversations/${about(body).session_id}`,
  );
  t.deepEqual(
    conversation.history.map(({ content }) => content),
    ['one', 'echo: one'],
  );
});
