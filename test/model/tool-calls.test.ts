// What the reader makes of tool calls, in one piece and byte by byte.
import test from 'ava';
import { ModelError, type Completion } from '../../src/model/model.ts';
import { ReplyReader } from '../../src/model/reply-reader.ts';
import { ResponseBody } from '../../src/model/response-body.ts';
import { chunk, completion, DONE, STOP, text } from './response-parts.ts';
import { NO_CALLS, WITH_CALLS } from './tool-call-responses.ts';

const OFFERED = new Set(['get_order', 'refund', 'ping']);

function read(body: string, type: string, size: number, tools: ReadonlySet<string> | null = OFFERED): Completion {
  const reply = new ReplyReader({
    model: 'called',
    tools: tools ?? undefined,
    holdDeltas: false,
    retryAfterMs: () => null,
  });
  const reader = new ResponseBody(reply, type);
  const bytes = Buffer.from(body);
  let done = false;
  for (let from = 0; from < bytes.length && !done; from += size)
    done = reader.read(bytes.subarray(from, from + size)) === 'done';
  if (!done) reader.end();
  return reply.completion();
}

const STREAM = 'text/event-stream';
const SIZES = [1, 7, 1_000_000];
const A1 = '{"id":"A1"}';

for (const { what, body, type = STREAM, calls = [['get_order', A1]], text: said = '' } of WITH_CALLS)
  test(`calls: ${what}`, (t) => {
    for (const size of SIZES) {
      const { toolCalls = [], ...rest } = read(body, type, size);
      t.like(rest, { text: said, finishReason: 'tool_calls' });
      t.deepEqual(
        toolCalls.map(({ name, arguments: argumentsText }) => [name, argumentsText]),
        calls.map(([name, argumentsText]) => [name, argumentsText]),
        `${size}`,
      );
      t.is(new Set(toolCalls.map(({ id }) => id)).size, toolCalls.length, 'each call has an id of its own');
      for (const [index, { id }] of toolCalls.entries())
        if (calls[index]![2] === undefined) t.regex(id, /^call_[0-9a-f]{32}$/);
        else t.is(id, calls[index]![2]);
    }
  });

test('without offered tools calls are ignored', (t) => {
  const body = text('Hello') + chunk({ tool_calls: [{ id: 'a', function: { name: 'x', arguments: '{}' } }] }) + STOP;
  for (const tools of [null, new Set<string>()]) {
    const result = read(body, STREAM, 7, tools);
    t.like(result, { text: 'Hello', finishReason: 'stop' });
    t.false('toolCalls' in result);
  }
  const onlyCalls = chunk({ tool_calls: [{ id: 'a', function: { name: 'x', arguments: '{}' } }] }) + STOP;
  t.like(
    t.throws(() => read(onlyCalls, STREAM, 7, new Set())),
    { code: 'model_malformed_reply' },
  );
});

test('the end tool_calls without a call is an ordinary end', (t) => {
  for (const none of NO_CALLS) {
    const result = read(chunk({ content: 'Hello', tool_calls: none }) + chunk({}, 'tool_calls') + DONE, STREAM, 7);
    t.like(result, { text: 'Hello', finishReason: 'stop' });
    t.false('toolCalls' in result);
  }
});

const call = (name: string, argumentsText: string, index: number) =>
  chunk({ tool_calls: [{ index, id: `c${index}`, function: { name, arguments: argumentsText } }] });
const END = chunk({}, 'tool_calls') + DONE;
const many = (count: number) => Array.from({ length: count }, (_, index) => call('ping', '{}', index)).join('');

const FAULTS: readonly (readonly [what: string, body: string, code: string, retryable: boolean, type?: string])[] = [
  ['an incomplete stream', call('ping', '{}', 0), 'model_unavailable', true],
  ['a broken end', call('ping', '{}', 0) + chunk({}, 'MALFORMED_FUNCTION_CALL') + DONE, 'model_unavailable', true],
  ['a filter', call('ping', '{}', 0) + chunk({}, 'content_filter') + DONE, 'model_refused', false],
  ['a call without a name', call('', '{}', 0) + END, 'model_malformed_reply', true],
  ['129 calls', many(129) + END, 'model_malformed_reply', true],
  [
    'only a call that the limit cut off',
    call('ping', '{"a":', 0) + chunk({}, 'length') + DONE,
    'model_malformed_reply',
    false,
  ],
  [
    'arguments that are too long',
    call('ping', `{"a":"${'x'.repeat(200_000)}"}`, 0) + END,
    'model_reply_too_long',
    false,
  ],
  [
    'text and arguments that are too long together',
    text('x'.repeat(120_000)) + call('ping', `{"a":"${'x'.repeat(90_000)}"}`, 0) + END,
    'model_reply_too_long',
    false,
  ],
  [
    'arguments of a completion that are too long',
    completion({ tool_calls: [{ id: 'a', function: { name: 'ping', arguments: { a: 'x'.repeat(200_000) } } }] }),
    'model_reply_too_long',
    false,
    'application/json',
  ],
];
for (const [what, body, code, retryable, type = STREAM] of FAULTS)
  test(`no calls: ${what}`, (t) => {
    t.like(
      t.throws(() => read(body, type, 65_536), { instanceOf: ModelError }),
      { code, retryable },
    );
  });

test('128 calls are a reply', (t) => {
  t.is(read(many(128) + END, STREAM, 65_536).toolCalls?.length, 128);
});

test('a cut reply whose only call is dropped keeps its text', (t) => {
  const result = read(text('Hello') + call('ping', '', 0) + chunk({}, 'length') + DONE, STREAM, 7);
  t.like(result, { text: 'Hello', finishReason: 'length' });
  t.false('toolCalls' in result);
});
