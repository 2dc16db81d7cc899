// Calls that offer tools: their bodies, what endpoints refuse of them, and how many tokens they have.
import test from 'ava';
import { NO_PARAMETERS, NO_TRAITS, type SystemRole } from '../../src/domain/assistants/assistant.ts';
import { completeWithRetries } from '../../src/model/attempts.ts';
import { callBody, type CallRequest } from '../../src/model/call-body.ts';
import { completeWithFallback } from '../../src/model/fallback.ts';
import { fitting } from '../../src/model/fitted-prompt.ts';
import { ModelError, type Message, type OfferedTool } from '../../src/model/model.ts';
import { EndpointProfile } from '../../src/model/profile.ts';
import { DONE, event, modelAt, request, startEndpoint, stream } from './endpoint.ts';

const TOOL: OfferedTool = { name: 'get_order', description: 'An order.', parameters: { type: 'object' } };
const SENT_TOOL = { type: 'function', function: { ...TOOL } };
const CALL = { id: 'call_1', name: 'get_order', arguments: '{"id":"A1"}' };
const SENT_CALL = { id: 'call_1', type: 'function', function: { name: 'get_order', arguments: '{"id":"A1"}' } };
const SYSTEM: Message = { role: 'system', content: 'Be kind.' };
const ASKED: readonly Message[] = [
  { role: 'user', content: 'Where is it?' },
  { role: 'assistant', content: '', toolCalls: [CALL] },
  { role: 'tool', content: 'shipped', toolCallId: 'call_1' },
];

const bodyOf = (asked: CallRequest, systemRole: SystemRole | null = null) =>
  callBody(
    asked,
    {
      model: 'm',
      isOpenAi: false,
      traits: { ...NO_TRAITS, systemRole, streamUsage: false },
      parameters: NO_PARAMETERS,
    },
    new EndpointProfile(() => {}),
  );

test('calls and results are messages of the protocol', (t) => {
  t.deepEqual<unknown, unknown>(bodyOf({ messages: ASKED }).messages, [
    { role: 'user', content: 'Where is it?' },
    { role: 'assistant', content: null, tool_calls: [SENT_CALL] },
    { role: 'tool', content: 'shipped', tool_call_id: 'call_1' },
  ]);
  const [said] = bodyOf({ messages: [{ role: 'assistant', content: 'Wait.', toolCalls: [CALL] }] }).messages;
  t.deepEqual<unknown, unknown>(said, { role: 'assistant', content: 'Wait.', tool_calls: [SENT_CALL] });
});

test('arguments that servers cannot parse are sent as an empty object', (t) => {
  for (const text of ['{"id": A1', '[1]', '"x"', '', 'null']) {
    const messages: Message[] = [{ role: 'assistant', content: '', toolCalls: [{ ...CALL, arguments: text }] }];
    const [sent] = bodyOf({ messages }).messages;
    t.like(sent, { tool_calls: [{ function: { name: 'get_order', arguments: '{}' } }] });
  }
});

test('tools and how they have to be used are parameters, only if there are tools', (t) => {
  const messages: Message[] = [{ role: 'user', content: 'Hi' }];
  const without = bodyOf({ messages, tools: [], toolChoice: 'auto', parallelToolCalls: true });
  t.deepEqual(Object.keys(without), ['model', 'messages', 'stream']);
  const offered = bodyOf({ messages, tools: [TOOL], toolChoice: 'required', parallelToolCalls: false });
  t.like(offered, { tools: [SENT_TOOL], tool_choice: 'required', parallel_tool_calls: false });
  t.deepEqual(Object.keys(bodyOf({ messages, tools: [TOOL] })), ['model', 'messages', 'stream', 'tools']);
  t.deepEqual(bodyOf({ messages, tools: [{ ...TOOL, description: '' }] })['tools'], [
    { type: 'function', function: { name: 'get_order', parameters: { type: 'object' } } },
  ]);
});

test('without system messages their text is in a message of the user, even if there is none', (t) => {
  t.deepEqual<unknown, unknown>(bodyOf({ messages: [SYSTEM, ...ASKED] }, 'user').messages[0], {
    role: 'user',
    content: 'Be kind.\n\nWhere is it?',
  });
  t.deepEqual<unknown, unknown>(bodyOf({ messages: [SYSTEM, ...ASKED.slice(1)] }, 'user').messages.slice(0, 2), [
    { role: 'user', content: 'Be kind.' },
    { role: 'assistant', content: null, tool_calls: [SENT_CALL] },
  ]);
});

type Sent = Record<string, unknown>;

/** Errors about parameters that calls can do without. */
const OPTIONAL: readonly (readonly [name: string, error: object])[] = [
  [
    'parallel_tool_calls',
    { error: { message: "Unknown parameter: 'parallel_tool_calls'.", param: 'parallel_tool_calls' } },
  ],
  ['parallel_tool_calls', { error: { message: 'This model does not support parallel tool calls.' } }],
  ['parallel_tool_calls', { detail: [{ type: 'extra_forbidden', loc: ['body', 'parallel_tool_calls'], msg: 'no' }] }],
  ['parallel_tool_calls', { error: { message: 'parallel_tool_calls: Extra inputs are not permitted' } }],
  ['tool_choice', { error: { message: 'tool_choice is not supported by this model' } }],
  ['tool_choice', { error: { message: 'this model does not support tool choice' } }],
  ['tool_choice', { error: { message: 'Unrecognized request argument supplied: tool_choice' } }],
];
for (const [name, error] of OPTIONAL)
  test(`an endpoint is called without ${name} after: ${JSON.stringify(error).slice(0, 90)}`, async (t) => {
    const learned: string[] = [];
    const endpoint = await startEndpoint(t, (response, { body }) => {
      const sent = JSON.parse(body) as Sent;
      if (!(name in sent)) return stream(response, event('fine', true), DONE).end();
      return response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(error));
    });
    const model = modelAt(endpoint.origin, { onLearned: (what) => learned.push(what) });
    const asked = { ...request(), tools: [TOOL], toolChoice: 'auto', parallelToolCalls: false };
    t.is((await completeWithRetries(model, asked, { max: 1 })).text, 'fine');
    t.is((await model.complete(asked)).text, 'fine');
    t.is(endpoint.calls.length, 3);
    const last = JSON.parse(endpoint.calls.at(-1)!.body) as Sent;
    t.deepEqual(last['tools'], [SENT_TOOL]);
    t.is(learned.length, 1);
    if (name !== 'tool_choice') return;
    t.like(await t.throwsAsync(model.complete({ ...asked, toolChoice: 'required' })), { code: 'tools_not_accepted' });
    t.is((JSON.parse(endpoint.calls.at(-1)!.body) as Sent)['tool_choice'], 'required', 'only auto is omitted');
  });

/** Errors of endpoints whose model takes no tools. */
const REFUSALS: readonly (readonly [status: number, error: object])[] = [
  [400, { error: { message: 'registry.ollama.ai/library/gemma:2b does not support tools', type: 'api_error' } }],
  [400, { error: { message: "Unknown parameter: 'tools'.", param: 'tools' } }],
  [400, { error: { message: 'Unrecognized request argument supplied: tools' } }],
  [422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'tools'], msg: 'Extra inputs are not permitted' }] }],
  [
    400,
    {
      object: 'error',
      message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    },
  ],
  [400, { error: { message: '`tool calling` is not supported with this model', type: 'invalid_request_error' } }],
  [
    400,
    { error: { message: 'Function calling is not enabled for models/gemma-3-27b-it', status: 'INVALID_ARGUMENT' } },
  ],
  [400, { error: { message: 'deepseek-reasoner does not support function calling' } }],
  [500, { error: { code: 500, message: 'tools param requires --jinja flag', type: 'server_error' } }],
  [400, { error: { message: "Invalid schema for function 'get_order'", param: 'tools[0].function.parameters' } }],
  [400, { error: { message: 'Tools are not supported for this model.' } }],
  [400, { error: { message: 'This model does not support tool use.' } }],
];
for (const [status, error] of REFUSALS)
  test(`another model is called after: ${JSON.stringify(error).slice(0, 90)}`, async (t) => {
    const refusing = await startEndpoint(t, (response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error)),
    );
    const other = await startEndpoint(t, (response) => stream(response, event('fine', true), DONE).end());
    const asked = { ...request(), tools: [TOOL], toolChoice: 'auto' };
    const candidates = [refusing, other].map(({ origin }, index) => ({
      name: `model ${index}`,
      model: modelAt(origin),
      retryMs: 10_000,
      countTokens: async () => 1,
      takesPictures: true,
      takesTools: true,
    }));
    const codes: string[] = [];
    const { text } = await completeWithFallback(candidates, {
      forMs: 10_000,
      complete: ({ model }, forMs) => completeWithRetries(model, asked, { max: null, forMs }),
      onFallback: ({ code }) => codes.push(code),
    });
    t.is(text, 'fine');
    t.deepEqual(codes, ['tools_not_accepted']);
    t.is(refusing.calls.length, 1, 'it is not called without the tools');
  });

test('without tools the same errors do not mean that the model takes none', async (t) => {
  for (const [status, error] of REFUSALS.filter(([each]) => each === 400)) {
    const endpoint = await startEndpoint(t, (response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error)),
    );
    const thrown = await t.throwsAsync(modelAt(endpoint.origin).complete(request()), { instanceOf: ModelError });
    t.is(thrown.code, 'model_invalid_request');
  }
});

test('a call that the endpoint could not read is repeated', async (t) => {
  let answers = 0;
  const endpoint = await startEndpoint(t, (response) => {
    if ((answers += 1) > 1) return stream(response, event('fine', true), DONE).end();
    const error = { message: 'Failed to call a function.', code: 'tool_use_failed', failed_generation: '<function' };
    return response.writeHead(400).end(JSON.stringify({ error }));
  });
  const asked = { ...request(), tools: [TOOL] };
  t.is((await completeWithRetries(modelAt(endpoint.origin), asked, { max: 2 })).text, 'fine');
});

test('calls, results and offered tools count in the budget of tokens', async (t) => {
  const count = async (text: string) => text.split(' ').length;
  const last: Message = { role: 'user', content: 'And now?' };
  const fits = (limit: number, tools: readonly OfferedTool[] = [], messages: readonly Message[] = ASKED) =>
    fitting({ exchanges: [messages], messages: () => [last] }, limit, count, tools);
  // 3 for the start, 4 for each message, 12 for the call and for a tool, and the words.
  const asked = 4 + 3 + (4 + 1 + 12 + 3) + (4 + 1 + 1);
  const base = 3 + 4 + 2;
  t.is(await fits(base + asked), 1);
  t.is(await fits(base + asked - 1), 0);
  const offered = 12 + JSON.stringify(TOOL).split(' ').length;
  t.is(await fits(base + asked + offered, [TOOL]), 1);
  t.is(await fits(base + asked + offered - 1, [TOOL]), 0);
});
