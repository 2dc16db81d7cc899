// What is refused below /v1, and in which shape; nothing of it is accepted.
import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { BODY_LIMIT_BYTES } from '../../src/http/body.ts';
import { keyOf, rawCall, sha256, start, type Json, type Reply } from '../http/support/ingress.ts';

const CHAT = { model: 'turnkeeper', messages: [{ role: 'user', content: 'Hi' }] };
const RESPONSE = { model: 'turnkeeper', input: 'Hi' };
const said = (content: unknown, role = 'user') => ({ messages: [{ role, content }] });

const errorOf = ({ json }: Reply): Json => json['error'] as Json;

/** What is wrong with a chat completion, and where. */
const COMPLETIONS: readonly [string, object, string][] = [
  ['nothing in it', { model: undefined, messages: undefined }, 'model'],
  ['no messages', { messages: [] }, 'messages'],
  ['an empty message', said(''), 'messages[0].content'],
  ['a message too long', said('a'.repeat(32_001)), 'messages[0].content'],
  ['a message with NUL', said('a\0b'), 'messages[0].content'],
  ['no message of the user', said('Hi', 'assistant'), 'messages[0].role'],
  ['an instruction only', said('Hi', 'system'), 'messages'],
  ['a tool’s message', said('Hi', 'tool'), 'messages[0].role'],
  ['an image', said([{ type: 'image_url', image_url: { url: 'x' } }]), 'messages[0].content'],
  ['sound', said([{ type: 'input_audio', input_audio: {} }]), 'messages[0].content'],
  ['several replies', { n: 2 }, 'n'],
  ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
  ['a choice of tools', { tool_choice: 'auto' }, 'tool_choice'],
  ['functions', { functions: [{ name: 'f' }] }, 'functions'],
  ['another format', { response_format: { type: 'json_object' } }, 'response_format'],
  ['another modality', { modalities: ['audio'] }, 'modalities'],
  ['a voice', { audio: { voice: 'alloy' } }, 'audio'],
  ['probabilities', { logprobs: true }, 'logprobs'],
  ['web search', { web_search_options: {} }, 'web_search_options'],
  ['an unknown parameter', { top_k: 4 }, 'top_k'],
  ['a temperature of a wrong type', { temperature: 'hot' }, 'temperature'],
  ['a user that is none', { user: 'a b' }, 'user'],
  ['a session that is none', { metadata: { session_id: 'x' } }, 'metadata.session_id'],
  ['a reserved name', { metadata: { openai: 'x' } }, 'metadata.openai'],
  ['metadata that is no text', { metadata: { a: 1 } }, 'metadata.a'],
  [
    'metadata too large',
    { metadata: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`k${n}`, 'a'.repeat(500)])) },
    'metadata',
  ],
  [
    'too many entries',
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'a'])) },
    'metadata',
  ],
  ['stream that is no boolean', { stream: 'yes' }, 'stream'],
];

const RESPONSES: readonly [string, object, string][] = [
  ['nothing in it', { model: undefined, input: undefined }, 'model'],
  ['no input', { input: undefined }, 'input'],
  ['input of a wrong type', { input: 5 }, 'input'],
  ['empty input', { input: '' }, 'input'],
  ['an image', { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] }, 'input[0].content'],
  ['a call of a tool', { input: [{ type: 'function_call', name: 'f' }] }, 'input[0].role'],
  ['tools', { tools: [{ type: 'web_search' }] }, 'tools'],
  ['a conversation', { conversation: 'conv_1' }, 'conversation'],
  ['a prompt', { prompt: { id: 'p' } }, 'prompt'],
  ['another format', { text: { format: { type: 'json_object' } } }, 'text.format'],
  ['probabilities', { top_logprobs: 3 }, 'top_logprobs'],
  ['an unknown parameter', { n: 2 }, 'n'],
  ['background that is no boolean', { background: 1 }, 'background'],
];

for (const [path, good, cases] of [
  ['/v1/chat/completions', CHAT, COMPLETIONS],
  ['/v1/responses', RESPONSE, RESPONSES],
] as const) {
  for (const [title, change, param] of cases) {
    test(`${path}: ${title}`, async (t) => {
      const { call, asked, errors } = await start(t);
      const reply = await call('POST', path, { ...good, ...change });
      t.is(reply.status, 400, reply.text);
      t.regex(reply.headers.get('content-type')!, /^application\/json/);
      t.like(errorOf(reply), { type: 'invalid_request_error', code: 'invalid_request', param });
      t.regex(errorOf(reply)['message'] as string, /must|is (not a known field|required|a reserved name)/);
      t.deepEqual(Object.keys(reply.json), ['error']);
      t.is(asked.length, 0);
      t.deepEqual(errors(), []);
    });
  }
}

test('every fault is told at once', async (t) => {
  const { call } = await start(t);
  const reply = await call('POST', '/v1/chat/completions', { ...CHAT, ...said(''), n: 3, top_k: 1, user: '' });
  for (const where of ['messages[0].content', 'n must be 1', 'top_k is not', 'user must'])
    t.true((errorOf(reply)['message'] as string).includes(where), where);
});

test('what is documented and changes nothing is accepted', async (t) => {
  const fixture = await start(t);
  fixture.nextOutcome = {
    outcome: 'repeated',
    turn: fixture.add({ userId: 'a', status: 'completed', reply: 'Hello' }),
  };
  const usual = { temperature: 0.2, top_p: 1, store: false, parallel_tool_calls: true, service_tier: 'auto' };
  const chat = {
    n: 1,
    stop: ['x'],
    seed: 1,
    logit_bias: {},
    response_format: { type: 'text' },
    tools: [],
    logprobs: false,
  };
  const more = {
    max_tokens: 5,
    reasoning_effort: 'low',
    user: null,
    metadata: null,
    stream: null,
    tool_choice: 'none',
  };
  t.is((await fixture.call('POST', '/v1/chat/completions', { ...CHAT, ...usual, ...chat, ...more })).status, 200);
  const response = {
    reasoning: { effort: 'low' },
    truncation: 'auto',
    include: [],
    text: { format: { type: 'text' } },
  };
  t.is((await fixture.call('POST', '/v1/responses', { ...RESPONSE, ...usual, ...response })).status, 200);
});

const KEYS = [
  { name: 'alice', role: 'user:alice', sha256: sha256(keyOf('alice')) },
  { name: 'service', role: 'service', sha256: sha256(keyOf('service')) },
  { name: 'my service', role: 'service', sha256: sha256(keyOf('spaced')) },
];
const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });

test('who speaks: the one named, who the key is of, or the key’s name', async (t) => {
  const fixture = await start(t, { auth: 'keys', apiKeys: KEYS });
  const answered = fixture.add({ userId: 'x', status: 'completed', reply: 'Hello' });
  const speaker = async (name: string, user?: string) => {
    fixture.nextOutcome = { outcome: 'repeated', turn: answered };
    const reply = await fixture.call('POST', '/v1/responses', { ...RESPONSE, user }, as(name));
    return reply.status === 200 ? fixture.asked.at(-1)!.userId : [reply.status, errorOf(reply)['code']];
  };
  t.is(await speaker('alice'), 'alice');
  t.is(await speaker('alice', 'alice'), 'alice');
  t.deepEqual(await speaker('alice', 'bob'), [404, 'user_not_found']);
  t.is(await speaker('service'), 'service');
  t.is(await speaker('service', 'bob'), 'bob');
  t.is(await speaker('spaced', 'bob'), 'bob');
  t.deepEqual(await speaker('spaced'), [400, 'invalid_request']);
});

test('errors before and around the operations have the same shape', async (t) => {
  const { call, ingress } = await start(t, { auth: 'keys', apiKeys: KEYS });
  const key = as('service');
  const type = { 'content-type': 'text/plain' };
  const large = { ...CHAT, ...said('a'.repeat(5_000_000)) };
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
  t.is((await call('GET', '/v11')).json['code'], 'route_not_found', 'elsewhere they are problems');
  t.is((await rawCall(ingress.url, { path: 'http://[bad/v1/models' })).status, 400);
});

test('a long conversation may be longer than other bodies', async (t) => {
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

test('full queues and a database that is away may be tried again; an accepted turn may not', async (t) => {
  const fixture = await start(t);
  fixture.nextOutcome = { outcome: 'queue_full', scope: 'user', retryAfterS: 5 };
  const full = await fixture.call('POST', '/v1/chat/completions', CHAT);
  t.deepEqual([full.status, full.headers.get('retry-after'), full.headers.get('x-should-retry')], [429, '5', null]);
  t.like(errorOf(full), { type: 'rate_limit_error', code: 'user_queue_full' });
  fixture.nextOutcome = null;
  fixture.failure = new Unavailable('database');
  t.is((await fixture.call('POST', '/v1/responses', RESPONSE)).status, 503);
  fixture.failure = null;
  fixture.waitFailure = new Error('a fault of ours');
  for (const [path, body] of [
    ['/v1/chat/completions', CHAT],
    ['/v1/responses', RESPONSE],
  ] as const) {
    const broken = await fixture.call('POST', path, body);
    t.deepEqual([broken.status, broken.headers.get('x-should-retry')], [500, 'false']);
    t.truthy((errorOf(broken)['turnkeeper'] as Json)['turn_id']);
  }
  t.is(fixture.errors().length, 2);
});

test('a database that goes away while a turn is awaited is waited for', async (t) => {
  const fixture = await start(t);
  fixture.waitFailure = new Unavailable('database');
  const pending = fixture.call('POST', '/v1/chat/completions', CHAT);
  while (fixture.kept.size === 0) await new Promise((resolve) => setImmediate(resolve));
  const [turnId] = fixture.kept.keys();
  fixture.change(turnId!, { status: 'completed', reply: 'Hello' });
  fixture.waitFailure = null;
  t.is((await pending).status, 200);
});
