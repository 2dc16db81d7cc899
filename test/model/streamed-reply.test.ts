// How the model adapter reads the bytes of a streamed reply.
import test from 'ava';
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { completeWithRetries } from '../../src/model/attempts.ts';
import { ModelError, type ModelErrorCode } from '../../src/model/model.ts';
import { chunk, DONE, event, modelAt, request, startEndpoint, stream } from './endpoint.ts';

const REPLY = event('Grüße, ') + event('世界 👋', true);
const [open, ...members] = chunk('Grüße, 世界 👋', true).split(',"');

const READABLE: Readonly<Record<string, string>> = {
  'line feeds': REPLY + DONE,
  'carriage returns and line feeds': (REPLY + DONE).replaceAll('\n', '\r\n'),
  'carriage returns': (REPLY + DONE).replaceAll('\n', '\r'),
  'a byte order mark, comments and other fields': `\uFEFF: ping\n\nretry: 5\nid: 1\nevent: ping\n\n${REPLY}: ping\n\n${DONE}`,
  'data in several lines': `data: ${open},\n${members.map((line) => `data: "${line}`).join(',\n')}\n\n${DONE}`,
  'no space after the colon': (REPLY + DONE).replaceAll('data: ', 'data:'),
  'no [DONE]': REPLY,
  'no empty line after the last event': REPLY.trimEnd(),
  'a line end but no empty line after the last event': REPLY.trimEnd().replaceAll('\n', '\r\n') + '\r\n',
  'no empty line after [DONE]': REPLY + DONE.trimEnd(),
  'events after [DONE]': REPLY + DONE + event('more') + 'data: {\n\n',
};

for (const [what, text] of Object.entries(READABLE)) {
  test(`a reply is read with ${what}, in one piece and byte by byte`, async (t) => {
    const bytes = Buffer.from(text);
    const { origin } = await startEndpoint(t, async (response, { path }) => {
      if (path.startsWith('/whole')) return stream(response, bytes).end();
      stream(response);
      response.socket!.setNoDelay();
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        await nextTick();
      }
      return response.end();
    });
    for (const path of ['whole', 'bytes']) {
      const { deltas, ...rest } = request();
      t.is((await modelAt(`${origin}/${path}`).complete(rest)).text, 'Grüße, 世界 👋', path);
      t.is(deltas.join(''), 'Grüße, 世界 👋', path);
    }
  });
}

interface Failure {
  readonly what: string;
  readonly answer: (response: ServerResponse) => unknown;
  readonly code: ModelErrorCode;
  readonly final?: true;
}

const failing = (error: object) => `data: ${JSON.stringify({ error })}\n\n`;
const FAILURES: readonly Failure[] = [
  {
    what: 'an error event',
    answer: (response) => stream(response, event('a'), failing({ message: 'overloaded' })),
    code: 'model_unavailable',
  },
  {
    what: 'an error event about a used up quota',
    answer: (response) => stream(response, failing({ message: 'no', code: 'insufficient_quota' })),
    code: 'model_quota_exhausted',
    final: true,
  },
  {
    what: 'an error event about refused content',
    answer: (response) => stream(response, failing({ message: 'no', code: 'content_filter' })),
    code: 'model_refused',
    final: true,
  },
  {
    what: 'an event of the type error',
    answer: (response) => stream(response, 'event: error\ndata: {"message": "no", "code": "content_filter"}\n\n'),
    code: 'model_refused',
    final: true,
  },
  {
    what: 'an event that is not JSON',
    answer: (response) => stream(response, event('a'), 'data: {"choices": secret\n\n'),
    code: 'model_malformed_reply',
  },
  {
    what: 'a page',
    answer: (response) => response.writeHead(200, { 'content-type': 'text/html' }).write('<!doctype html>'),
    code: 'model_malformed_reply',
    final: true,
  },
  {
    what: 'no body',
    answer: (response) => response.writeHead(204).end(),
    code: 'model_unavailable',
  },
  {
    what: 'a stream that ends too early',
    answer: (response) => stream(response, event('a')).end(),
    code: 'model_unavailable',
  },
  {
    what: 'a connection that breaks',
    answer: (response) => stream(response, event('a'), 'data: {').write('"', () => response.destroy()),
    code: 'model_unavailable',
  },
  {
    what: 'an event without an end',
    answer(response) {
      stream(response, 'data: ');
      const more = () => response.write('x'.repeat(65_536), () => setImmediate(() => response.destroyed || more()));
      more();
    },
    code: 'model_malformed_reply',
  },
  {
    what: 'an event of endless lines',
    answer(response) {
      stream(response);
      const more = () =>
        response.write(`data: ${'x'.repeat(65_536)}\n`, () => setImmediate(() => response.destroyed || more()));
      more();
    },
    code: 'model_malformed_reply',
  },
];

for (const { what, answer, code, final } of FAILURES) {
  test(`${what} is ${code}, and the connection is not used again unless the response has ended`, async (t) => {
    let ended = false;
    const endpoint = await startEndpoint(t, async (response) => {
      response.once('finish', () => (ended = true));
      await answer(response);
    });
    const error = await t.throwsAsync(modelAt(endpoint.origin).complete(request()), { instanceOf: ModelError });
    t.like(error, { code, retryable: final !== true });
    // The text of a reply must not reach the logs.
    t.notRegex(String((error.cause as Error | undefined)?.message), /secret/);
    if (!ended) await endpoint.allClosed();
    t.pass();
  });
}

test('an error event has the Retry-After of its response', async (t) => {
  const { origin } = await startEndpoint(t, (response) => {
    response.setHeader('retry-after', '7');
    stream(response, failing({ message: 'slow down' })).end();
  });
  const error = await t.throwsAsync(modelAt(origin).complete(request()), { instanceOf: ModelError });
  t.is(error.retryAfterMs, 7_000);
});

const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":1}}\n\n';
const REPLY_TOKENS = { inputTokens: 2, outputTokens: 1 };

/** Responses that are whole and then do not end, or not well. */
const WHOLE: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  'stays open': (response) => stream(response, event('hello', true), USAGE),
  'stays open after a comment': (response) => stream(response, event('hello', true), USAGE, ': ping\n\n'),
  breaks: (response) =>
    stream(response, event('hello', true), USAGE).write('data: {"choices', () => response.destroy()),
  'sends signs of life for ever': (response) => {
    stream(response, event('hello', true), USAGE);
    const timer = setInterval(() => response.write(': ping\n\n'), 50);
    response.once('close', () => clearInterval(timer));
  },
  'stays open after a completion': (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .write(
        '{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}',
      ),
};
for (const [what, answer] of Object.entries(WHOLE))
  test(`a whole reply whose response ${what} is completed after a short time`, async (t) => {
    const endpoint = await startEndpoint(t, answer);
    const before = performance.now();
    const { text, usage, finishReason } = await modelAt(endpoint.origin, { timeoutS: 60 }).complete(request());
    t.deepEqual({ text, usage, finishReason }, { text: 'hello', usage: REPLY_TOKENS, finishReason: 'stop' });
    t.true(performance.now() - before < 10_000);
    await endpoint.allClosed();
  });

test('a reply whose time is up in the grace period is completed', async (t) => {
  const endpoint = await startEndpoint(t, (response) => stream(response, event('hello', true)));
  t.is((await modelAt(endpoint.origin, { timeoutS: 0.5 }).complete(request())).text, 'hello');
  await endpoint.allClosed();
});

test('text that comes after an end is waited for', async (t) => {
  const { origin } = await startEndpoint(t, async (response) => {
    stream(response, event('one', true));
    for (const word of [' two', ' three', ' four']) {
      await sleep(600);
      response.write(event(word, true));
    }
    response.end(DONE);
  });
  t.is((await modelAt(origin).complete(request())).text, 'one two three four');
});

for (const status of [400, 422, 500])
  test(`an endpoint that refuses stream_options with ${status} is called without it from then on`, async (t) => {
    const endpoint = await startEndpoint(t, (response, { body }) => {
      if (body.includes('stream_options')) {
        const detail = [{ loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' }];
        return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ detail }));
      }
      return stream(response, event('hello', true), DONE).end();
    });
    const learned: string[] = [];
    const model = modelAt(endpoint.origin, { onLearned: (what) => learned.push(what) });
    const complete = () => completeWithRetries(model, request(), { max: 1 });
    const replies = await Promise.all([complete(), complete()]);
    t.deepEqual(
      replies.map(({ text, usage }) => ({ text, usage })),
      [
        { text: 'hello', usage: null },
        { text: 'hello', usage: null },
      ],
    );
    t.is(endpoint.calls.length, 4);
    await complete();
    t.is(endpoint.calls.length, 5);
    t.is(learned.length, 1);
  });

test('an endpoint that names stream_options in every error is not called without an end', async (t) => {
  const endpoint = await startEndpoint(t, (response) =>
    response.writeHead(422, { 'content-type': 'application/json' }).end('{"error":{"param":"stream_options"}}'),
  );
  const call = completeWithRetries(modelAt(endpoint.origin), request(), { max: 4 });
  t.like(await t.throwsAsync(call, { instanceOf: ModelError }), { code: 'model_invalid_request' });
  t.is(endpoint.calls.length, 2);
});

test('an endpoint whose replies begin with reasoning without an opening mark sends later replies whole', async (t) => {
  const { origin } = await startEndpoint(t, (response) =>
    stream(response, event('plan '), event('more</think>\n\nhel'), event('lo', true), DONE).end(),
  );
  const learned: string[] = [];
  const model = modelAt(origin, { onLearned: (what) => learned.push(what) });
  const { deltas: first, ...rest } = request();
  const onVoid = () => void first.splice(0);
  t.is((await model.complete({ ...rest, onVoid })).text, 'hello');
  t.is(first.join(''), 'hello');
  for (let call = 0; call < 2; call += 1) {
    const { deltas, ...rest } = request();
    t.is((await model.complete(rest)).text, 'hello');
    t.deepEqual(deltas, ['hello']);
  }
  t.is(learned.length, 1);
});
