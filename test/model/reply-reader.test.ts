// What the reader makes of each response, in one piece and byte by byte.
import test from 'ava';
import { refusedOf } from '../../src/model/profile.ts';
import { ModelError, type Completion } from '../../src/model/model.ts';
import { ReplyReader } from '../../src/model/reply-reader.ts';
import { ResponseBody } from '../../src/model/response-body.ts';
import { READABLE } from './readable-responses.ts';
import { UNREADABLE } from './unreadable-responses.ts';

interface Read {
  readonly completion: Completion;
  readonly deltas: string;
  readonly voided: boolean;
}

/** Reads the body in pieces of this many bytes. */
function read(body: string, type: string, size: number, holdDeltas = false): Read {
  let deltas = '';
  const reply = new ReplyReader({
    model: 'called',
    onDelta: (text) => (deltas += text),
    onVoid: () => (deltas = ''),
    holdDeltas,
    retryAfterMs: () => null,
  });
  const reader = new ResponseBody(reply, type);
  const bytes = Buffer.from(body);
  let done = false;
  for (let from = 0; from < bytes.length && !done; from += size)
    done = reader.read(bytes.subarray(from, from + size)) === 'done';
  if (!done) reader.end();
  const completion = reply.completion();
  return { completion, deltas, voided: reply.startedWithReasoning };
}

const SIZES = [1, 7, 1_000_000];

for (const {
  what,
  body,
  type = 'text/event-stream',
  text = 'Hello',
  finishReason = 'stop',
  usage = null,
  model,
  voided,
} of READABLE)
  test(`readable: ${what}`, (t) => {
    for (const size of SIZES) {
      const result = read(body, type, size);
      t.like(result.completion, { text, finishReason, model: model ?? result.completion.model }, `${size}`);
      t.deepEqual(result.completion.usage, usage, `${size}`);
      t.is(result.deltas, text, `${size}`);
      t.is(result.voided, voided === true);
    }
    t.is(read(body, type, 7, true).deltas, text);
  });

for (const { what, body, type = 'text/event-stream', code, retryable } of UNREADABLE)
  test(`unreadable: ${what}`, (t) => {
    for (const size of SIZES) {
      const error = t.throws(() => read(body, type, size), { instanceOf: ModelError });
      t.like(error, { code, retryable, adapted: false }, `${size}`);
    }
  });

test('reasoning never becomes a delta, however its marks are split', (t) => {
  for (const { body, type = 'text/event-stream', voided } of READABLE.filter((each) => !each.voided))
    for (const size of SIZES) t.notRegex(read(body, type, size).deltas, /plan/, `${voided} ${body}`);
});

test('a reply is limited, and so is its reasoning', (t) => {
  const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
  const thousand = 'word '.repeat(200);
  for (const [body, pieces] of [
    [chunk(thousand), 201],
    [chunk('<think>') + chunk(thousand), 4_001],
  ] as const) {
    const error = t.throws(() => read(body + chunk(thousand).repeat(pieces), 'text/event-stream', 65_536), {
      instanceOf: ModelError,
    });
    t.like(error, { code: 'model_reply_too_long', retryable: false });
  }
});

/** What the error says that the endpoint refuses of a call with stream_options. */
const refusedBy = ({ refusal }: ModelError) =>
  refusal && refusedOf({ model: 'm', messages: [], stream: true, stream_options: {} }, refusal);

const NAMED: Readonly<Record<string, unknown>> = {
  param: { error: { message: 'no', param: 'stream_options', code: 'unknown_parameter' } },
  message: { error: { message: 'Unrecognized request argument supplied: stream_options' } },
  location: { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'no', input: { a: 1 } }] },
  'member of the parameter': { message: "include_usage isn't supported", code: 400 },
  'name of a member': { error: { code: 400, details: { stream_options: ['Unknown field.'] } } },
};
for (const [what, value] of Object.entries(NAMED))
  test(`a refused parameter is recognised by its ${what}`, (t) => {
    const error = t.throws(() => read(JSON.stringify(value), 'application/json', 7), { instanceOf: ModelError });
    t.deepEqual(refusedBy(error), { parameter: 'stream_options' });
  });

const UNNAMED: Readonly<Record<string, unknown>> = {
  'repeats the request': { detail: [{ loc: ['body', 'model'], msg: 'no', input: { stream_options: {} } }] },
  'is about the key': { error: { code: 401, message: 'no key for stream_options' } },
  'is about something else': { error: { code: 400, message: 'stream is not supported' } },
};
for (const [what, value] of Object.entries(UNNAMED))
  test(`an error that ${what} refuses no parameter`, (t) => {
    const error = t.throws(() => read(JSON.stringify(value), 'application/json', 7), { instanceOf: ModelError });
    t.is(refusedBy(error), null);
  });
