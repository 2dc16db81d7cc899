// The format of replies: passed on, validated, and asked for once more.
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { startApp } from '../support/app.ts';
import { turnOf } from '../reviews/support.ts';
import { about, clientOf, failureOf, user } from './support.ts';

const Event = z.object({ name: z.string(), date: z.string() });
const VALID = '{"name":"Fair","date":"Friday"}';
const JSON_OBJECT = { type: 'json_object' } as const;

/** A model that writes these replies one after the other. */
async function start(t: ExecutionContext, ...replies: readonly string[]) {
  const app = await startApp(t);
  let written = 0;
  app.model.script((call) =>
    call.kind === 'chat' ? { text: replies[Math.min((written += 1), replies.length) - 1]! } : {},
  );
  const client = clientOf(app.url);
  const messages = [user('When is the fair?')];
  const chat = (more: object) =>
    client.chat.completions.create({ model: 'turnkeeper', user: 'ann', messages, ...more });
  return { ...app, client, chat, messages };
}

test('a schema is passed on, and its reply is parsed by the client', async (t) => {
  const { client, model, messages } = await start(t, VALID);
  const format = zodResponseFormat(Event, 'event');
  const answer = await client.chat.completions.parse({ model: 'turnkeeper', messages, response_format: format });
  t.deepEqual(answer.choices[0]!.message.parsed, { name: 'Fair', date: 'Friday' });
  t.deepEqual<unknown, unknown>(model.chatCalls[0]!.body['response_format'], JSON.parse(JSON.stringify(format)));
  t.is(model.chatCalls.length, 1);
});

test('so it is in responses', async (t) => {
  const { client, model } = await start(t, VALID);
  const format = zodTextFormat(Event, 'event');
  const answer = await client.responses.parse({ model: 'turnkeeper', input: 'When?', text: { format } });
  t.deepEqual(answer.output_parsed, { name: 'Fair', date: 'Friday' });
  const { type, name, strict, schema } = JSON.parse(JSON.stringify(format)) as Record<string, unknown>;
  t.deepEqual<unknown, unknown>(model.chatCalls[0]!.body['response_format'], {
    type,
    json_schema: { name, strict, schema },
  });
  const plain = await client.responses.create({ model: 'turnkeeper', input: 'When?', text: { format: JSON_OBJECT } });
  t.is(plain.output_text, VALID);
  t.deepEqual(model.chatCalls[1]!.body['response_format'], JSON_OBJECT);
});

test('a reply without the format is written once more, with the fault', async (t) => {
  const { chat, model, url } = await start(t, '{"name":"Fair"}', VALID);
  const answer = await chat({ response_format: zodResponseFormat(Event, 'event') });
  t.is(answer.choices[0]!.message.content, VALID);
  t.is(model.chatCalls.length, 2);
  const [wrong, fault] = model.chatCalls[1]!.messages.slice(-2);
  t.deepEqual(wrong, { role: 'assistant', content: '{"name":"Fair"}' });
  t.regex(fault!.content, /must have required property 'date'/);
  const { attempts, usage } = await turnOf(url, about(answer).turn_id);
  t.is(attempts, 2);
  t.true(usage!.input_tokens > model.chatCalls[1]!.messages.length, 'both answers count');
});

test('a second reply without the format fails the turn', async (t) => {
  const { chat, model } = await start(t, 'Friday.', 'On Friday.');
  const failure = await failureOf(chat({ response_format: JSON_OBJECT }));
  t.like(failure, { status: 422, code: 'turn_failed' });
  t.regex(failure.message, /model_malformed_reply: .*it is not JSON/);
  t.is(model.chatCalls.length, 2);
});

test('JSON between fences is the JSON alone', async (t) => {
  const { chat, model } = await start(t, `\`\`\`json\n${VALID}\n\`\`\`\n`);
  t.is((await chat({ response_format: JSON_OBJECT })).choices[0]!.message.content, VALID);
  t.is(model.chatCalls.length, 1);
});

test('a stream has no text that may have to be written again', async (t) => {
  const { client, messages } = await start(t, 'It is on Friday.', VALID);
  const stream = client.chat.completions.stream({ model: 'turnkeeper', messages, response_format: JSON_OBJECT });
  t.is((await stream.finalChatCompletion()).choices[0]!.message.content, VALID);
});

test('other formats of an object are refused by json_object, and text takes everything', async (t) => {
  for (const reply of ['[1]', '"a"', 'null', '5']) {
    const { chat } = await start(t, reply);
    t.like(await failureOf(chat({ response_format: JSON_OBJECT })), { code: 'turn_failed' }, reply);
  }
  const { chat, model } = await start(t, 'Friday.');
  t.is((await chat({ response_format: { type: 'text' } })).choices[0]!.message.content, 'Friday.');
  t.false('response_format' in model.chatCalls[0]!.body);
});

test('a pattern that takes years is not checked', async (t) => {
  const reply = JSON.stringify({ a: `${'a'.repeat(50)}!` });
  const { chat } = await start(t, reply);
  const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
  const answer = await chat({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } });
  t.is(answer.choices[0]!.message.content, reply);
});

test('with tools, calls are no reply, and the reply has the format', async (t) => {
  const { client, model } = await start(t);
  const asked = { id: 'call_1', name: 'f', arguments: '{}' };
  model.script(({ body }) =>
    (body['messages'] as { role: string }[]).at(-1)!.role === 'tool' ? { text: VALID } : { calls: [asked] },
  );
  const tools = [{ type: 'function' as const, function: { name: 'f', parameters: { type: 'object' } } }];
  const base = { model: 'turnkeeper', user: 'ann', tools, response_format: JSON_OBJECT };
  const { message } = (await client.chat.completions.create({ ...base, messages: [user('Hi')] })).choices[0]!;
  t.is(message.tool_calls?.length, 1);
  const result = { role: 'tool' as const, tool_call_id: 'call_1', content: '5' };
  const answer = await client.chat.completions.create({ ...base, messages: [user('Hi'), message, result] });
  t.is(answer.choices[0]!.message.content, VALID);
});
