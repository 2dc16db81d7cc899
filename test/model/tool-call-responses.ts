// Replies with tool calls as real endpoints send them, and the calls in them. The tools get_order, refund and ping were offered.
import { chunk, completion, data, DONE, type Response, STOP, text, usage } from './response-parts.ts';

export interface WithCalls extends Response {
  /** Default: one call of get_order for A1. An id that begins with `call_` only may be any that was made. */
  readonly calls?: readonly (readonly [name: string, argumentsText: string, id?: string])[];
  /** Default: empty. */
  readonly text?: string;
}

const A1 = '{"id":"A1"}';
const A2 = '{"id":"A2"}';
const END = chunk({}, 'tool_calls') + DONE;

const call = (id: string | undefined, name: string | undefined, argumentsText: unknown, index?: number) => ({
  ...(index !== undefined && { index }),
  ...(id !== undefined && { id }),
  type: 'function',
  function: { ...(name !== undefined && { name }), ...(argumentsText !== undefined && { arguments: argumentsText }) },
});
const calls = (...list: readonly object[]): string => chunk({ tool_calls: list });
const rest = (argumentsText: string, index?: number): string =>
  calls({ ...(index !== undefined && { index }), function: { arguments: argumentsText } });

const ONE = [['get_order', A1, 'call_1']] as const;
const MADE = [['get_order', A1]] as const;
const TWO = [
  ['get_order', A1, 'call_1'],
  ['get_order', A2, 'call_2'],
] as const;
const TWO_MADE = [
  ['get_order', A1],
  ['get_order', A2],
] as const;

export const WITH_CALLS: readonly WithCalls[] = [
  {
    what: 'pieces by their index, as OpenAI sends them',
    body: calls(call('call_1', 'get_order', '', 0)) + rest('{"id"', 0) + rest(':"A1"}', 0) + END,
    calls: ONE,
  },
  {
    what: 'two calls by their index',
    body:
      calls(call('call_1', 'get_order', '', 0)) +
      rest(A1, 0) +
      calls(call('call_2', 'get_order', '', 1)) +
      rest('{"id":', 1) +
      rest('"A2"}', 1) +
      END,
    calls: TWO,
  },
  {
    what: 'pieces of two calls that alternate',
    body:
      calls(call('call_1', 'get_order', '', 0), call('call_2', 'get_order', '', 1)) +
      rest('{"id":', 0) +
      rest('{"id":', 1) +
      rest('"A1"}', 0) +
      rest('"A2"}', 1) +
      END,
    calls: TWO,
  },
  {
    what: 'text before a call',
    body: text('I look it up.') + calls(call('call_1', 'get_order', A1, 0)) + END,
    calls: ONE,
    text: 'I look it up.',
  },
  {
    what: 'white space before a call',
    body: text('\n\n') + calls(call('call_1', 'get_order', A1, 0)) + END,
    calls: ONE,
    text: '\n\n',
  },
  {
    what: 'reasoning before a call',
    body: text('<think>plan</think>') + calls(call('call_1', 'get_order', A1, 0)) + END,
    calls: ONE,
  },
  { what: 'the whole call in one chunk', body: calls(call('call_1', 'get_order', A1, 0)) + END, calls: ONE },
  {
    what: 'the whole call in the last chunk',
    body:
      chunk({ tool_calls: [call('call_1', 'get_order', A1, 0)] }, 'tool_calls') + usage({ prompt_tokens: 1 }) + DONE,
    calls: ONE,
  },
  { what: 'the end stop', body: calls(call('call_1', 'get_order', A1, 0)) + STOP + DONE, calls: ONE },
  { what: 'no end, but [DONE]', body: calls(call('call_1', 'get_order', A1, 0)) + DONE, calls: ONE },
  {
    what: 'id and name in each piece',
    body: calls(call('call_1', 'get_order', '{"id"', 0)) + calls(call('call_1', 'get_order', ':"A1"}', 0)) + END,
    calls: ONE,
  },
  {
    what: 'id and name in each piece, without an index',
    body:
      calls(call('call_1', 'get_order', '{"id"')) +
      calls(call('call_1', 'get_order', ':"A1"}')) +
      calls(call('call_2', 'get_order', '{"id":')) +
      calls(call('call_2', 'get_order', '"A2"}')) +
      calls(call('call_2', 'get_order', '')) +
      END,
    calls: TWO,
  },
  {
    what: 'the name in each piece, without ids',
    body:
      calls(call(undefined, 'get_order', '{"id"', 0)) +
      calls(call(undefined, 'get_order', ':"A1"}', 0)) +
      calls(call(undefined, 'get_order', '', 0)) +
      END,
    calls: MADE,
  },
  {
    what: 'another id in each piece',
    body: calls(call('call_1', 'get_order', '{"id"', 0)) + calls(call('x2', undefined, ':"A1"}', 0)) + END,
    calls: ONE,
  },
  {
    what: 'another id and the name in each piece',
    body: calls(call('call_1', 'get_order', '{"id"', 0)) + calls(call('x2', 'get_order', ':"A1"}', 0)) + END,
    calls: ONE,
  },
  {
    what: 'no index',
    body:
      calls(call('call_1', 'get_order', '')) +
      rest('{"id":') +
      rest('"A1"}') +
      calls(call('call_2', 'get_order', A2)) +
      END,
    calls: TWO,
  },
  {
    what: 'neither index nor ids',
    body: calls(call(undefined, 'get_order', A1)) + calls(call(undefined, 'get_order', A2)) + END,
    calls: TWO_MADE,
  },
  {
    what: 'neither index nor ids, in pieces',
    body:
      calls(call(undefined, 'get_order', '')) +
      rest('{"id":') +
      rest('"A1"}') +
      calls(call(undefined, 'refund', '')) +
      rest('{}') +
      END,
    calls: [...MADE, ['refund', '{}']],
  },
  {
    what: 'the index 0 for all calls, as Google sends it',
    body: calls(call('call_1', 'get_order', A1, 0)) + calls(call('call_2', 'get_order', A2, 0)) + END,
    calls: TWO,
  },
  {
    what: 'the index 0 for all calls in one chunk, with empty ids',
    body: calls(call('', 'get_order', A1, 0), call('', 'get_order', A2, 0)) + END,
    calls: TWO_MADE,
  },
  {
    what: 'the name as the id of all calls',
    body: calls(call('get_order', 'get_order', A1, 0), call('get_order', 'get_order', A2, 1)) + END,
    calls: [
      ['get_order', A1, 'get_order'],
      ['get_order', A2],
    ],
  },
  {
    what: 'the name as the id of all calls, without an index',
    body: calls(call('get_order', 'get_order', A1)) + calls(call('get_order', 'get_order', A2)) + END,
    calls: [
      ['get_order', A1, 'get_order'],
      ['get_order', A2],
    ],
  },
  {
    what: 'a number as id',
    body: chunk({ tool_calls: [{ ...call('', 'get_order', A1, 0), id: 7 }] }) + END,
    calls: [['get_order', A1, '7']],
  },
  {
    what: 'the id null',
    body: chunk({ tool_calls: [{ ...call('', 'get_order', A1, 0), id: null }] }) + END,
    calls: MADE,
  },
  { what: 'a very long id', body: calls(call('x'.repeat(500), 'get_order', A1, 0)) + END, calls: MADE },
  { what: 'arguments as an object', body: calls(call('call_1', 'get_order', { id: 'A1' }, 0)) + END, calls: ONE },
  {
    what: 'arguments as an object, and an empty text after it',
    body: calls(call('call_1', 'get_order', { id: 'A1' }, 0)) + rest('', 0) + END,
    calls: ONE,
  },
  {
    what: 'arguments as a text in a text',
    body: calls(call('call_1', 'get_order', JSON.stringify(A1), 0)) + END,
    calls: ONE,
  },
  ...['', ' ', 'null', '{}'].map((said) => ({
    what: `the empty arguments “${said}”`,
    body: calls(call('call_1', 'ping', said, 0)) + END,
    calls: [['ping', '{}', 'call_1']] as const,
  })),
  { what: 'no arguments', body: calls(call('call_1', 'ping', undefined, 0)) + END, calls: [['ping', '{}', 'call_1']] },
  { what: 'the arguments null', body: calls(call('call_1', 'ping', null, 0)) + END, calls: [['ping', '{}', 'call_1']] },
  {
    what: 'two calls without arguments',
    body: calls(call('call_1', 'ping', '', 0), call('call_2', 'refund', '', 1)) + END,
    calls: [
      ['ping', '{}', 'call_1'],
      ['refund', '{}', 'call_2'],
    ],
  },
  {
    what: 'arguments that are no JSON',
    body: calls(call('call_1', 'get_order', '{"id": A1', 0)) + END,
    calls: [['get_order', '{"id": A1', 'call_1']],
  },
  {
    what: 'a name in pieces',
    body:
      calls(call('call_1', 'get', undefined, 0)) +
      calls({ index: 0, function: { name: '_or' } }) +
      calls({ index: 0, function: { name: 'der', arguments: A1 } }) +
      END,
    calls: ONE,
  },
  {
    what: 'a name that grows',
    body:
      calls(call('call_1', 'get', undefined, 0)) + calls(call('call_1', 'get_order', undefined, 0)) + rest(A1, 0) + END,
    calls: ONE,
  },
  {
    what: 'the name of a tool that was not offered',
    body: calls(call('call_1', 'delete_all', A1, 0)) + END,
    calls: [['delete_all', A1, 'call_1']],
  },
  { what: 'a prefix before the name', body: calls(call('call_1', 'functions.get_order', A1, 0)) + END, calls: ONE },
  {
    what: 'the whole call again at its end',
    body:
      calls(call('call_1', 'get_order', '{"id":', 0)) +
      rest('"A1"}', 0) +
      calls(call('call_1', 'get_order', A1, 0)) +
      END,
    calls: ONE,
  },
  {
    what: 'the whole call again in a message at its end',
    body:
      calls(call('call_1', 'get_order', A1, 0)) +
      data({
        choices: [
          { delta: {}, message: { tool_calls: [call('call_1', 'get_order', A1)] }, finish_reason: 'tool_calls' },
        ],
      }),
    calls: ONE,
  },
  {
    what: 'all calls so far in each event',
    body:
      data({ choices: [{ message: { tool_calls: [call('call_1', 'get_order', '{"id":')] } }] }) +
      data({ choices: [{ message: { tool_calls: [call('call_1', 'get_order', A1)] } }] }) +
      data({
        choices: [{ message: { tool_calls: [call('call_1', 'get_order', A1), call('call_2', 'get_order', A2)] } }],
      }) +
      STOP,
    calls: TWO,
  },
  {
    what: 'one call instead of a list',
    body: chunk({ tool_calls: call('call_1', 'get_order', A1) }) + END,
    calls: ONE,
  },
  {
    what: 'a flat call',
    body: chunk({ tool_calls: [{ id: 'call_1', name: 'get_order', arguments: A1 }] }) + END,
    calls: ONE,
  },
  {
    what: 'function_call in pieces',
    body:
      chunk({ function_call: { name: 'get_order', arguments: '' } }) +
      chunk({ function_call: { arguments: '{"id":' } }) +
      chunk({ function_call: { arguments: '"A1"}' } }) +
      chunk({}, 'function_call') +
      DONE,
    calls: MADE,
  },
  {
    what: 'a part of the content',
    body:
      text([
        { type: 'text', text: 'Wait.' },
        { type: 'tool_use', id: 'call_1', name: 'get_order', input: { id: 'A1' } },
      ]) + END,
    calls: ONE,
    text: 'Wait.',
  },
  {
    what: 'a completion',
    type: 'application/json',
    body: completion(
      { content: null, tool_calls: [call('call_1', 'get_order', A1), call('call_2', 'get_order', A2)] },
      'tool_calls',
    ),
    calls: TWO,
  },
  {
    what: 'a completion with text and the end stop',
    type: 'application/json',
    body: completion({ content: 'Wait.', tool_calls: [call('call_1', 'get_order', { id: 'A1' })] }, 'stop'),
    calls: ONE,
    text: 'Wait.',
  },
  {
    what: 'a completion without ids',
    type: 'application/json',
    body: completion({ content: '', tool_calls: [call(undefined, 'get_order', A1), call(undefined, 'get_order', A1)] }),
    calls: [...MADE, ...MADE],
  },
  {
    what: 'a completion with function_call',
    type: 'application/json',
    body: completion({ content: null, function_call: { name: 'get_order', arguments: A1 } }, 'function_call'),
    calls: MADE,
  },
  {
    what: 'the limit of tokens after whole arguments',
    body:
      calls(call('call_1', 'get_order', A1, 0)) +
      calls(call('call_2', 'get_order', '{"id":', 1)) +
      chunk({}, 'length') +
      DONE,
    calls: ONE,
  },
];

/** Values of `tool_calls` that contain no call. */
export const NO_CALLS: readonly unknown[] = [null, [], {}, 'none', [null], 5, false];
