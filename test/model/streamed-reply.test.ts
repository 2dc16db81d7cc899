// How the model adapter reads the bytes of a streamed reply.
import test from 'ava';
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTick } from 'node:timers/promises';
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
    code: 'model_rate_limited',
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
    what: 'a body that is JSON',
    answer: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(chunk('a', true)),
    code: 'model_unavailable',
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
