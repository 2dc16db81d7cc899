// What endpoints refuse of a call, and how later calls do without it.
import test from 'ava';
import { NO_PARAMETERS, type Parameters } from '../../src/domain/assistants/assistant.ts';
import { completeWithRetries } from '../../src/model/attempts.ts';
import type { CallBody } from '../../src/model/call-body.ts';
import { ModelError } from '../../src/model/model.ts';
import { refusedOf } from '../../src/model/profile.ts';
import { DONE, event, modelAt, request, startEndpoint, stream } from './endpoint.ts';

type Sent = Record<string, unknown> & { readonly messages: readonly { role: string; content: string }[] };

const PARAMETERS: Parameters = {
  maxOutputTokens: 100,
  others: {
    temperature: 0.5,
    top_p: 0.9,
    stop: ['#'],
    seed: 1,
    reasoning_effort: 'low',
    response_format: { type: 'text' },
    top_k: 4,
  },
};
const PROMPT = [
  { role: 'system', content: 'Be kind.' },
  { role: 'user', content: 'one' },
  { role: 'assistant', content: 'two' },
  { role: 'user', content: 'three' },
] as const;

const BODY: CallBody = { model: 'm', messages: PROMPT, stream: true, ...PARAMETERS.others };

/** Errors as endpoints write them, what they refuse, and the call that they accept. */
const REFUSALS: readonly (readonly [
  what: string,
  status: number,
  refuses: (sent: Sent) => object | null,
  accepted: (sent: Sent) => boolean,
])[] = [
  [
    'a temperature, as OpenAI does',
    400,
    (sent) =>
      'temperature' in sent
        ? {
            error: {
              message: "Unsupported value: 'temperature' does not support 0.5 with this model.",
              type: 'invalid_request_error',
              param: 'temperature',
              code: 'unsupported_value',
            },
          }
        : null,
    (sent) => !('temperature' in sent) && 'top_p' in sent,
  ],
  [
    'max_tokens, with advice',
    400,
    (sent) =>
      'max_tokens' in sent
        ? {
            error: {
              message:
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
              param: 'max_tokens',
            },
          }
        : null,
    (sent) => sent['max_completion_tokens'] === 100 && !('max_tokens' in sent),
  ],
  [
    'both names of the limit of output tokens',
    422,
    (sent) =>
      Object.keys(sent).some((name) => name.startsWith('max_'))
        ? {
            detail: [
              {
                type: 'extra_forbidden',
                loc: ['body', Object.keys(sent).find((name) => name.startsWith('max_'))],
                msg: 'Extra inputs are not permitted',
              },
            ],
          }
        : null,
    (sent) => !Object.keys(sent).some((name) => name.startsWith('max_')),
  ],
  [
    'a parameter of another server',
    400,
    (sent) => ('top_k' in sent ? { error: { message: 'Unrecognized request argument supplied: top_k' } } : null),
    (sent) => !('top_k' in sent) && 'temperature' in sent,
  ],
  [
    'several parameters, one after the other',
    400,
    (sent) => {
      const name = ['seed', 'stop', 'reasoning_effort'].find((each) => each in sent);
      return name ? { error: { message: `parameter '${name}' is unknown` } } : null;
    },
    (sent) => !('seed' in sent) && !('stop' in sent) && !('reasoning_effort' in sent) && 'top_p' in sent,
  ],
  [
    'a parameter, and lists what it knows',
    422,
    (sent) =>
      'top_k' in sent
        ? { message: 'unknown field `top_k`, expected one of `messages`, `stream_options`, `stop`, `temperature`' }
        : null,
    (sent) => !('top_k' in sent) && 'stop' in sent && 'temperature' in sent && 'stream_options' in sent,
  ],
  [
    'a parameter that is a plain word, as Anthropic does',
    400,
    (sent) =>
      'temperature' in sent
        ? { error: { type: 'invalid_request_error', message: 'temperature: Extra inputs are not permitted' } }
        : null,
    (sent) => !('temperature' in sent) && 'top_p' in sent,
  ],
  [
    'plain words in a list',
    400,
    (sent) => {
      const names = ['stop', 'seed'].filter((each) => each in sent);
      return names.length > 0
        ? { error: { message: `Unrecognized request arguments supplied: ${names.join(', ')}` } }
        : null;
    },
    (sent) => !('stop' in sent) && !('seed' in sent) && 'top_p' in sent,
  ],
  [
    'a parameter, and names the path of its address',
    400,
    (sent) =>
      'stream_options' in sent
        ? { status: 400, message: 'Unrecognized field "stream_options"', path: '/v1/chat/completions' }
        : null,
    (sent) => !('stream_options' in sent) && 'top_p' in sent,
  ],
  [
    'a parameter by a JSON pointer',
    400,
    (sent) => ('seed' in sent ? { errors: [{ path: '/seed', message: 'must not be there' }] } : null),
    (sent) => !('seed' in sent) && 'top_p' in sent,
  ],
  [
    'the role of system messages',
    400,
    ({ messages }) =>
      messages.some(({ role }) => role === 'system')
        ? {
            error: {
              message: "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
              param: 'messages[0].role',
            },
          }
        : null,
    ({ messages }) => messages.length === 3 && messages[0]!.content === 'Be kind.\n\none',
  ],
  [
    'system messages, as chat templates do',
    500,
    ({ messages }) =>
      messages.some(({ role }) => role === 'system')
        ? { error: { message: 'Jinja Exception: Only user and assistant roles are supported!' } }
        : null,
    ({ messages }) => messages.map(({ role }) => role).join() === 'user,assistant,user',
  ],
];
for (const [what, status, refuses, isAccepted] of REFUSALS)
  test(`an endpoint that refuses ${what}, is called without it from then on`, async (t) => {
    const endpoint = await startEndpoint(t, (response, { body }) => {
      const error = refuses(JSON.parse(body) as Sent);
      if (error) return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error));
      return stream(response, event('hello', true), DONE).end();
    });
    const learned: string[] = [];
    const model = modelAt(endpoint.origin, { parameters: PARAMETERS, onLearned: (each) => learned.push(each) });
    const complete = () => completeWithRetries(model, { ...request(), messages: PROMPT }, { max: 1 });
    t.is((await complete()).text, 'hello');
    const calls = endpoint.calls.length;
    t.true(calls > 1);
    await complete();
    t.is(endpoint.calls.length, calls + 1, 'later calls are accepted at once');
    t.true(isAccepted(JSON.parse(endpoint.calls.at(-1)!.body) as Sent), endpoint.calls.at(-1)!.body);
    t.is(new Set(learned).size, learned.length, 'each thing is reported once');
    t.is(learned.length, calls - 1);
  });

test('a server that fails and shows its code refuses no parameter', async (t) => {
  const message = 'CUDA out of memory in generate(top_k=4, "temperature"=0.5)';
  const endpoint = await startEndpoint(t, (response, { body }) => {
    if (endpoint.calls.length > 1) return stream(response, event('hello', true), DONE).end();
    t.true(body.includes('"top_k"'));
    return response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
  });
  const model = modelAt(endpoint.origin, { parameters: PARAMETERS });
  t.is((await completeWithRetries(model, request(), { max: 2 })).text, 'hello');
  const sent = JSON.parse(endpoint.calls[1]!.body) as Sent;
  t.true('top_k' in sent && 'temperature' in sent);
});

for (const message of [
  'Developer instruction is not enabled for models/gemma-3-27b-it',
  'Unexpected role "system". The Messages API accepts a top-level `system` parameter.',
  'Only user and assistant roles are supported!',
  'Role must be in [user, assistant]',
  "Input should be 'user' or 'assistant'",
  'The system role is not supported by this model',
])
  test(`system messages are refused by: ${message}`, (t) => {
    t.is(refusedOf(BODY, { members: [], text: message }), 'system messages');
  });

for (const [message, parameter] of [
  ['Argument not supported on this model: reasoningEffort', 'reasoning_effort'],
  [
    '1 validation error for ChatCompletionRequest\nseed\n  Extra inputs are not permitted [type=extra_forbidden]',
    'seed',
  ],
  ['`top_p` and `temperature` cannot both be specified for this model.', 'top_p'],
] as const)
  test(`${parameter} is refused by: ${message}`, (t) => {
    t.deepEqual(refusedOf(BODY, { members: [], text: message }), { parameter });
  });

const FAULTS: Readonly<Record<string, object>> = {
  'about the messages, without a parameter': {
    error: {
      message: "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.",
    },
  },
  'that repeats the request': {
    error: { message: 'Invalid request: {"model":"m","messages":[{"role":"user"}],"temperature":0.5,"top_k":4}' },
  },
  'about the content of the system message': {
    error: { message: 'Unable to process the system message: it is not valid UTF-8' },
  },
  'about the messages': {
    error: {
      message: "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'.",
      param: 'messages',
    },
  },
  'that uses the name of a parameter as a word': { error: { message: 'please stop, the seed of this request is bad' } },
  'about nothing in the request': { error: { message: 'bad request' } },
};
for (const [what, error] of Object.entries(FAULTS))
  test(`an error ${what} refuses no parameter`, async (t) => {
    const endpoint = await startEndpoint(t, (response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(error)),
    );
    const model = modelAt(endpoint.origin, { parameters: PARAMETERS });
    const call = completeWithRetries(model, request(), { max: 3 });
    t.like(await t.throwsAsync(call, { instanceOf: ModelError }), { code: 'model_invalid_request' });
    t.is(endpoint.calls.length, 1);
  });

test('what the operator says about an endpoint holds from the first call', async (t) => {
  const endpoint = await startEndpoint(t, (response) => stream(response, event('hello', true), DONE).end());
  const traits = { streamUsage: false, systemRole: 'developer', maxTokensField: 'max_completion_tokens' } as const;
  await modelAt(endpoint.origin, { traits, parameters: PARAMETERS }).complete({ ...request(), messages: PROMPT });
  const sent = JSON.parse(endpoint.calls[0]!.body) as Sent;
  t.false('stream_options' in sent);
  t.is(sent.messages[0]!.role, 'developer');
  t.is(sent['max_completion_tokens'], 100);
  await modelAt(endpoint.origin, { parameters: NO_PARAMETERS }).complete(request());
  t.deepEqual(Object.keys(JSON.parse(endpoint.calls[1]!.body) as Sent).toSorted(), [
    'messages',
    'model',
    'stream',
    'stream_options',
  ]);
});
