// Requests that are rejected below /v1, and the format of the errors. No turn is accepted.
import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { BODY_LIMIT_BYTES } from '../../src/http/body.ts';
import { keyOf, rawCall, sha256, start, type Json, type Reply } from '../http/support/ingress.ts';

const CHAT = { model: 'turnkeeper', messages: [{ role: 'user', content: 'Hi' }] };
const RESPONSE = { model: 'turnkeeper', input: 'Hi' };
const withMessage = (content: unknown, role = 'user') => ({ messages: [{ role, content }] });

const tool = (name: string, more: object = {}) => ({ type: 'function', function: { name, ...more } });
const choice = (name: string) => ({ type: 'function', function: { name } });

/** A history with these calls, and results of the first one. */
const results = (ids: readonly string[], ...given: readonly object[]) => ({
  messages: [
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: 'Hm.',
      tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
    },
    ...given.map((more) => ({ role: 'tool', tool_call_id: 'a', content: '5', ...more })),
  ],
});

const errorOf = ({ json }: Reply): Json => json['error'] as Json;

/** Invalid chat completion requests, and the parameter of the error. */
const COMPLETIONS: readonly [string, object, string][] = [
  ['an empty object', { model: undefined, messages: undefined }, 'model'],
  ['no messages', { messages: [] }, 'messages'],
  ['an empty message', withMessage(''), 'messages[0].content'],
  ['a message that is too long', withMessage('a'.repeat(32_001)), 'messages[0].content'],
  ['a message with NUL', withMessage('a\0b'), 'messages[0].content'],
  ['no user message', withMessage('Hi', 'assistant'), 'messages[0].role'],
  ['only a system message', withMessage('Hi', 'system'), 'messages'],
  ['a result without the id of its call', withMessage('Hi', 'tool'), 'messages[0].tool_call_id'],
  ['a result of no call', results([], { tool_call_id: 'a' }), 'messages[2].tool_call_id'],
  ['a result of another call', results(['a'], { tool_call_id: 'b' }), 'messages[2].tool_call_id'],
  ['a result that is a picture', results(['a'], { content: [{ type: 'image_url' }] }), 'messages[2].content[0]'],
  ['a result that is a number', results(['a'], { content: 5 }), 'messages[2].content'],
  ['a call without a result', results(['a', 'b'], {}), 'messages[2]'],
  ['two results of one call', results(['a'], {}, {}), 'messages[3].tool_call_id'],
  ['results that are too long', results(['a'], { content: 'x'.repeat(500_001) }), 'messages'],
  ['calls as the last message', { messages: results(['a']).messages }, 'messages[1].role'],
  [
    'a picture that is none',
    withMessage([{ type: 'image_url', image_url: { url: 'x' } }]),
    'messages[0].content[0].image_url.url',
  ],
  ['audio', withMessage([{ type: 'input_audio', input_audio: {} }]), 'messages[0].content[0]'],
  ['several replies', { n: 2 }, 'n'],
  ['a tool of another type', { tools: [{ type: 'custom', custom: { name: 'f' } }] }, 'tools[0].type'],
  ['a tool without a name', { tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
  ['a tool with an invalid name', { tools: [tool('a b')] }, 'tools[0].function.name'],
  ['two tools of one name', { tools: [tool('f'), tool('f')] }, 'tools[1].function.name'],
  ['parameters that are no schema', { tools: [tool('f', { parameters: [] })] }, 'tools[0].function.parameters'],
  ['too many tools', { tools: Array.from({ length: 129 }, (_, n) => tool(`f${n}`)) }, 'tools'],
  ['tools that are too large', { tools: [tool('f', { description: 'x'.repeat(600_000) })] }, 'tools'],
  ['a choice of another tool', { tools: [tool('f')], tool_choice: choice('g') }, 'tool_choice'],
  ['a choice of another type', { tools: [tool('f')], tool_choice: 'any' }, 'tool_choice'],
  ['parallel calls that are no boolean', { tools: [tool('f')], parallel_tool_calls: 'yes' }, 'parallel_tool_calls'],
  ['a required tool', { tool_choice: 'required' }, 'tool_choice'],
  ['a named tool', { tool_choice: choice('f') }, 'tool_choice'],
  ['a named function', { function_call: { name: 'f' } }, 'function_call'],
  ['functions', { functions: [{ name: 'f' }] }, 'functions'],
  ['another response format', { response_format: { type: 'json_object' } }, 'response_format'],
  ['another modality', { modalities: ['audio'] }, 'modalities'],
  ['a voice', { audio: { voice: 'alloy' } }, 'audio'],
  ['log probabilities', { logprobs: true }, 'logprobs'],
  ['web search', { web_search_options: {} }, 'web_search_options'],
  ['a JSON schema', { response_format: { type: 'json_schema', json_schema: { name: 'a' } } }, 'response_format'],
  ['a choice between texts', { guided_choice: ['a', 'b'] }, 'guided_choice'],
  ['the best of several replies', { best_of: 3 }, 'best_of'],
  ['a continued reply', { continue_final_message: true }, 'continue_final_message'],
  ['a tool result as the last message', withMessage('5', 'function'), 'messages[0].role'],
  ['a last message without content', withMessage(null), 'messages[0].content'],
  ['a last message with an empty list', withMessage([]), 'messages[0].content'],
  ['a last message with an empty part', withMessage([{ type: 'text', text: '' }]), 'messages[0].content'],
  ['a message that is not an object', { messages: ['Hi'] }, 'messages[0]'],
  ['an unknown parameter', { colour: 4 }, 'colour'],
  ['an unknown stream option', { stream_options: { colour: 4 } }, 'stream_options.colour'],
  ['a temperature with the wrong type', { temperature: 'hot' }, 'temperature'],
  ['an invalid user id', { user: 'a b' }, 'user'],
  ['an invalid session id', { metadata: { session_id: 'x' } }, 'metadata.session_id'],
  ['a reserved metadata key', { metadata: { openai: 'x' } }, 'metadata.openai'],
  ['metadata that is not a string', { metadata: { a: 1 } }, 'metadata.a'],
  [
    'metadata that is too large',
    { metadata: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`k${n}`, 'a'.repeat(500)])) },
    'metadata',
  ],
  [
    'too many metadata entries',
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'a'])) },
    'metadata',
  ],
  ['stream that is not a boolean', { stream: 'yes' }, 'stream'],
];

/** Invalid response requests, and the parameter of the error. */
const RESPONSES: readonly [string, object, string][] = [
  ['an empty object', { model: undefined, input: undefined }, 'model'],
  ['no input', { input: undefined }, 'input'],
  ['input with the wrong type', { input: 5 }, 'input'],
  ['empty input', { input: '' }, 'input'],
  [
    'a picture that is none',
    { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] },
    'input[0].content[0].image_url',
  ],
  ['a tool call', { input: [{ type: 'function_call', name: 'f' }] }, 'input[0].role'],
  ['a tool of another type', { tools: [{ type: 'web_search' }] }, 'tools[0].type'],
  ['a tool with an invalid name', { tools: [{ type: 'function', name: 'a b' }] }, 'tools[0].name'],
  [
    'two tools of one name',
    {
      tools: [
        { type: 'function', name: 'f' },
        { type: 'function', name: 'f' },
      ],
    },
    'tools[1].name',
  ],
  ['a choice of another tool', { tool_choice: { type: 'function', name: 'g' } }, 'tool_choice'],
  ['a result of no call', { input: [{ type: 'function_call_output', call_id: 'a', output: '5' }] }, 'input[0].call_id'],
  [
    'a result that is a number',
    { input: [{ type: 'function_call_output', call_id: 'a', output: 5 }] },
    'input[0].output',
  ],
  [
    'a result without the id of its call',
    { input: [{ type: 'function_call_output', output: '5' }] },
    'input[0].call_id',
  ],
  ['a conversation', { conversation: 'conv_1' }, 'conversation'],
  ['a prompt', { prompt: { id: 'p' } }, 'prompt'],
  ['a reference as the last item', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0].role'],
  ['a moderation', { moderation: { model: 'm' } }, 'moderation'],
  ['a JSON schema', { text: { format: { type: 'json_schema', name: 'a', schema: {} } } }, 'text.format'],
  ['another text format', { text: { format: { type: 'json_object' } } }, 'text.format'],
  ['log probabilities', { top_logprobs: 3 }, 'top_logprobs'],
  ['several replies', { n: 2 }, 'n'],
  ['an unknown parameter', { colour: 2 }, 'colour'],
  ['background that is not a boolean', { background: 1 }, 'background'],
];

for (const [path, valid, cases] of [
  ['/v1/chat/completions', CHAT, COMPLETIONS],
  ['/v1/responses', RESPONSE, RESPONSES],
] as const) {
  for (const [title, change, param] of cases) {
    test(`${path}: ${title}`, async (t) => {
      const { call, accepts, errors } = await start(t);
      const reply = await call('POST', path, { ...valid, ...change });
      t.is(reply.status, 400, reply.text);
      t.regex(reply.headers.get('content-type')!, /^application\/json/);
      t.like(errorOf(reply), { type: 'invalid_request_error', code: 'invalid_request', param });
      t.regex(errorOf(reply)['message'] as string, /must|is (not a known field|required|a reserved name)/);
      t.deepEqual(Object.keys(reply.json), ['error']);
      t.is(accepts.length, 0);
      t.deepEqual(errors(), []);
    });
  }
}

test('the message contains all errors of a request', async (t) => {
  const { call } = await start(t);
  const reply = await call('POST', '/v1/chat/completions', {
    ...CHAT,
    ...withMessage(''),
    n: 3,
    colour: 1,
    user: '',
    tools: [{}],
  });
  for (const part of ['messages[0].content', 'n must be 1', 'colour is not', 'user must', 'tools[0].type must'])
    t.true((errorOf(reply)['message'] as string).includes(part), part);
});

const KEYS = [
  { name: 'alice', role: 'user:alice', sha256: sha256(keyOf('alice')) },
  { name: 'service', role: 'service', sha256: sha256(keyOf('service')) },
  { name: 'my service', role: 'service', sha256: sha256(keyOf('spaced')) },
];
const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });

test('the user of a turn is `user` of the request, otherwise the user of the key, otherwise the name of the key', async (t) => {
  const fixture = await start(t, { auth: 'keys', apiKeys: KEYS });
  const completed = fixture.add({ userId: 'x', status: 'completed', reply: 'Hello' });
  const userFor = async (name: string, user?: string) => {
    fixture.nextOutcome = { outcome: 'repeated', turn: completed };
    const reply = await fixture.call('POST', '/v1/responses', { ...RESPONSE, user }, as(name));
    return reply.status === 200 ? fixture.accepts.at(-1)!.userId : [reply.status, errorOf(reply)['code']];
  };
  t.is(await userFor('alice'), 'alice');
  t.is(await userFor('alice', 'alice'), 'alice');
  t.deepEqual(await userFor('alice', 'bob'), [404, 'user_not_found']);
  t.is(await userFor('service'), 'service');
  t.is(await userFor('service', 'bob'), 'bob');
  t.is(await userFor('spaced', 'bob'), 'bob');
  t.deepEqual(await userFor('spaced'), [400, 'invalid_request']);
});

test('errors outside of the operations have the same format', async (t) => {
  const { call, ingress } = await start(t, { auth: 'keys', apiKeys: KEYS });
  const key = as('service');
  const type = { 'content-type': 'text/plain' };
  const large = { ...CHAT, ...withMessage('a'.repeat(13_000_000)) };
  for (const [method, path, body, headers, status, code] of [
    ['GET', '/v1/models', undefined, {}, 401, 'unauthorized'],
    ['POST', '/v1/responses', RESPONSE, {}, 401, 'unauthorized'],
    ['GET', '/v1', undefined, key, 404, 'route_not_found'],
    ['GET', '/v1/nothing?a=1', undefined, key, 404, 'route_not_found'],
    ['POST', '/v1/models', {}, key, 405, 'method_not_allowed'],
    ['GET', '/v1/responses/resp_1', undefined, key, 404, 'turn_not_found'],
    ['POST', '/v1/responses/x/cancel', undefined, key, 404, 'turn_not_found'],
    ['GET', '/v1/responses/x?starting_after=4', undefined, key, 400, 'invalid_request'],
    ['GET', '/v1/responses/x?stream=maybe', undefined, key, 400, 'invalid_request'],
    ['POST', '/v1/responses', '{"model":', key, 400, 'invalid_json'],
    ['POST', '/v1/responses', 'x', { ...key, ...type }, 415, 'unsupported_media_type'],
    ['POST', '/v1/chat/completions', large, key, 413, 'body_too_large'],
    ['POST', '/v1/chat/completions', { ...CHAT, model: 'gpt-9' }, key, 404, 'model_not_found'],
    ['GET', '/v1/models', undefined, { ...key, origin: 'https://evil.example' }, 403, 'foreign_origin'],
  ] as const) {
    const reply = await call(method, path, body, headers);
    t.is(reply.status, status, path);
    t.like(errorOf(reply), { code }, path);
    t.is(typeof errorOf(reply)['message'], 'string');
  }
  t.is((await call('GET', '/v11')).json['code'], 'route_not_found', 'other paths have problem documents');
  t.is((await rawCall(ingress.url, { path: 'http://[bad/v1/models' })).status, 400);
});

test('a body that is nested too deeply is refused, also in the history', async (t) => {
  const { call, accepts } = await start(t);
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const history = `{"role":"tool","content":${deep}}`;
  const body = `{"model":"turnkeeper","messages":[${history},{"role":"user","content":"Hi"}]}`;
  const { status, text } = await call('POST', '/v1/chat/completions', body);
  t.is(status, 400);
  t.regex(text, /must not be nested deeper than 500 levels/);
  t.is(accepts.length, 0);
});

test('the body limit is larger than for other operations', async (t) => {
  const fixture = await start(t);
  fixture.nextOutcome = {
    outcome: 'repeated',
    turn: fixture.add({ userId: 'a', status: 'completed', reply: 'Hello' }),
  };
  const messages = [
    ...Array.from({ length: 20 }, () => ({ role: 'assistant', content: 'a'.repeat(30_000) })),
    ...CHAT.messages,
  ];
  t.true(JSON.stringify(messages).length > BODY_LIMIT_BYTES);
  t.is((await fixture.call('POST', '/v1/chat/completions', { ...CHAT, messages })).status, 200);
});

test('a full queue and an unavailable database may be retried; a request with an accepted turn may not', async (t) => {
  const fixture = await start(t);
  fixture.nextOutcome = { outcome: 'queue_full', scope: 'user', retryAfterS: 5 };
  const full = await fixture.call('POST', '/v1/chat/completions', CHAT);
  t.deepEqual([full.status, full.headers.get('retry-after'), full.headers.get('x-should-retry')], [429, '5', null]);
  t.like(errorOf(full), { type: 'rate_limit_error', code: 'user_queue_full' });
  fixture.nextOutcome = null;
  fixture.failure = new Unavailable('database');
  t.is((await fixture.call('POST', '/v1/responses', RESPONSE)).status, 503);
  fixture.failure = null;
  fixture.waitFailure = new Error('an internal error');
  for (const [path, body] of [
    ['/v1/chat/completions', CHAT],
    ['/v1/responses', RESPONSE],
  ] as const) {
    const failed = await fixture.call('POST', path, body);
    t.deepEqual([failed.status, failed.headers.get('x-should-retry')], [500, 'false']);
    t.truthy((errorOf(failed)['turnkeeper'] as Json)['turn_id']);
  }
  t.is(fixture.errors().length, 2);
});

test('a wait for a turn continues when the database is available again', async (t) => {
  const fixture = await start(t);
  fixture.waitFailure = new Unavailable('database');
  const pending = fixture.call('POST', '/v1/chat/completions', CHAT);
  while (fixture.stored.size === 0) await new Promise((resolve) => setImmediate(resolve));
  const [turnId] = fixture.stored.keys();
  fixture.change(turnId!, { status: 'completed', reply: 'Hello' });
  fixture.waitFailure = null;
  t.is((await pending).status, 200);
});
