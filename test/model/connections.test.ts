// When the model adapter uses a connection again, when it closes one, and what error responses become.
import test from 'ava';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ModelError, type ModelErrorCode } from '../../src/model/model.ts';
import { clientOf } from '../../src/model/openai-client.ts';
import { OpenAiModerator } from '../../src/model/openai-moderator.ts';
import { DONE, event, modelAt, request, startEndpoint, stream } from './endpoint.ts';

const REPLY = event('hello', true);
const reply = (response: ServerResponse) => stream(response, REPLY, DONE).end();

test('two calls use one connection, even if the response ends some time after its last event', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    stream(response, REPLY, DONE);
    setTimeout(() => response.end(), 20);
  });
  const model = modelAt(endpoint.origin);
  await model.complete(request());
  // That the client has read the end of the response cannot be observed from outside.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await model.complete(request());
  t.is(endpoint.calls.length, 2);
  t.is(endpoint.connections.length, 1);
});

test('calls at the same time have connections of their own', async (t) => {
  const waiting: ServerResponse[] = [];
  const endpoint = await startEndpoint(t, (response) => {
    waiting.push(response);
    if (waiting.length === 20) for (const each of waiting) reply(each);
  });
  const model = modelAt(endpoint.origin);
  await Promise.all(Array.from({ length: 20 }, () => model.complete(request())));
  t.is(endpoint.connections.length, 20);
});

test('the request has the key, the model and the messages, and asks for no compression', async (t) => {
  const { origin, calls } = await startEndpoint(t, reply);
  await modelAt(origin).complete(request());
  const [{ headers, path, body }] = calls as [(typeof calls)[0]];
  t.is(path, '/v1/chat/completions');
  t.like(headers, {
    authorization: 'Bearer secret',
    'content-type': 'application/json',
    'accept-encoding': 'identity',
  });
  t.like(JSON.parse(body), { model: 'm', stream: true, messages: [{ role: 'user', content: 'hello' }] });
});

test('a response that does not end after its last event delays nothing, and its connection is closed', async (t) => {
  const endpoint = await startEndpoint(t, (response) => stream(response, REPLY, DONE));
  t.is((await modelAt(endpoint.origin).complete(request())).text, 'hello');
  t.false(endpoint.connections[0]!.destroyed);
  await endpoint.allClosed();
});

test('an abort during a reply closes the connection and rejects with the reason of the signal', async (t) => {
  const endpoint = await startEndpoint(t, (response) => stream(response, event('one')));
  const controller = new AbortController();
  const reason = new Error('the claim was lost');
  const call = modelAt(endpoint.origin).complete({
    ...request(controller.signal),
    onDelta: () => setImmediate(() => controller.abort(reason)),
  });
  t.is(await t.throwsAsync(call), reason);
  await endpoint.allClosed();
});

test('an abort while the last chunks are read rejects too', async (t) => {
  const { origin } = await startEndpoint(t, reply);
  const controller = new AbortController();
  const reason = new Error('the claim was lost');
  const onDelta = () => controller.abort(reason);
  t.is(await t.throwsAsync(modelAt(origin).complete({ ...request(controller.signal), onDelta })), reason);
});

test('an abort before the call, and one before the response, reject with the reason of the signal', async (t) => {
  const controller = new AbortController();
  const reason = new Error('the claim was lost');
  const endpoint = await startEndpoint(t, () => controller.abort(reason));
  const model = modelAt(endpoint.origin);
  t.is(await t.throwsAsync(model.complete(request(controller.signal))), reason);
  await endpoint.allClosed();
  t.is(await t.throwsAsync(model.complete(request(controller.signal))), reason);
  t.is(endpoint.calls.length, 1);
});

const SILENT: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  'no response': () => {},
  'a reply that stops': (response) => stream(response, event('one')),
  'an error response that does not end': (response) => response.writeHead(500).write('{'),
};
for (const [what, answer] of Object.entries(SILENT)) {
  test(`${what} is a timeout, and the connection is closed`, async (t) => {
    const endpoint = await startEndpoint(t, answer);
    const error = await t.throwsAsync(modelAt(endpoint.origin, { timeoutS: 0.3 }).complete(request()), {
      instanceOf: ModelError,
    });
    t.like(error, { code: 'model_timeout', retryable: true });
    await endpoint.allClosed();
  });
}

const STATUSES: readonly (readonly [status: number, code: string | null, ModelErrorCode, retryable: boolean])[] = [
  [400, null, 'model_invalid_request', false],
  [400, 'content_filter', 'model_refused', false],
  [401, null, 'model_unauthorized', false],
  [402, null, 'model_quota_exhausted', false],
  [403, 'insufficient_user_quota', 'model_quota_exhausted', false],
  [404, null, 'model_not_found', false],
  [405, null, 'model_invalid_request', false],
  [408, null, 'model_timeout', true],
  [410, null, 'model_not_found', false],
  [413, 'rate_limit_exceeded', 'model_context_too_long', false],
  [425, null, 'model_unavailable', true],
  [429, null, 'model_rate_limited', true],
  [429, 'insufficient_quota', 'model_quota_exhausted', false],
  [500, 'context_length_exceeded', 'model_context_too_long', false],
  [501, null, 'model_invalid_request', false],
  [503, null, 'model_unavailable', true],
];

test('error responses become errors with their Retry-After, and their connections are used again', async (t) => {
  let next = 0;
  const endpoint = await startEndpoint(t, (response) => {
    const [status, code] = STATUSES[next]!;
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '3' });
    response.end(JSON.stringify({ error: { message: 'x'.repeat(200_000), code } }));
  });
  const model = modelAt(endpoint.origin);
  for (const [status, , code, retryable] of STATUSES) {
    const error = await t.throwsAsync(model.complete(request()), { instanceOf: ModelError });
    t.like(error, { code, retryable, retryAfterMs: 3_000 }, `${status}`);
    next += 1;
  }
  // A call that starts in the same tick in which a response ended may open another connection.
  t.true(endpoint.connections.length <= 2, `${endpoint.connections.length}`);
});

test('an error response that is not JSON has the meaning of its status', async (t) => {
  const { origin } = await startEndpoint(t, (response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'));
  const error = await t.throwsAsync(modelAt(origin).complete(request()), { instanceOf: ModelError });
  t.like(error, { code: 'model_unavailable', retryable: true, retryAfterMs: null });
});

test('an endpoint that refuses connections, and one that breaks them, are unavailable', async (t) => {
  const { origin } = await startEndpoint(t, (response) => response.destroy());
  for (const address of ['http://127.0.0.1:1', origin]) {
    const error = await t.throwsAsync(modelAt(address).complete(request()), { instanceOf: ModelError });
    t.like(error, { code: 'model_unavailable', message: 'the model endpoint cannot be reached', retryable: true });
  }
});

test('a redirect is followed with the body, and another origin does not get the key', async (t) => {
  const other = await startEndpoint(t, reply);
  const first = await startEndpoint(t, (response) =>
    response.writeHead(307, { location: `${other.origin}/elsewhere` }).end('moved'),
  );
  t.is((await modelAt(first.origin).complete(request())).text, 'hello');
  const [{ path, body, headers }] = other.calls as [(typeof other.calls)[0]];
  t.is(path, '/elsewhere');
  t.is(body, first.calls[0]!.body);
  t.is(headers.authorization, undefined);
});

test('redirects without an end fail', async (t) => {
  let count = 0;
  const { origin } = await startEndpoint(t, (response) => {
    count += 1;
    response.writeHead(307, { location: `/${count}` }).end();
  });
  const error = await t.throwsAsync(modelAt(origin).complete(request()), { instanceOf: ModelError });
  t.like(error, { code: 'model_unavailable', retryable: false });
  t.is(count, 21);
});

test('a response that is compressed, although nobody asked for it, is read, and so is an error that is an event', async (t) => {
  const answers = [
    (response: ServerResponse) =>
      response
        .writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
        .end(gzipSync(REPLY + DONE)),
    (response: ServerResponse) =>
      response
        .writeHead(400, { 'content-encoding': 'br' })
        .end(brotliCompressSync('{"code":"context_length_exceeded"}')),
    reply,
    (response: ServerResponse) =>
      response.writeHead(400).end('event: error\ndata: {"error":{"code":"context_length_exceeded"}}\n\n'),
  ];
  const { origin } = await startEndpoint(t, (response) => answers.shift()!(response));
  const model = modelAt(origin);
  t.is((await model.complete(request())).text, 'hello');
  t.like(await t.throwsAsync(model.complete(request())), { code: 'model_context_too_long' });
  t.is((await model.complete(request())).text, 'hello');
  t.like(await t.throwsAsync(model.complete(request())), { code: 'model_context_too_long' });
});

test('a redirect to itself, or to no address, is not repeated', async (t) => {
  for (const location of ['/v1/chat/completions', 'http://[']) {
    const endpoint = await startEndpoint(t, (response) => response.writeHead(307, { location }).end());
    const error = await t.throwsAsync(modelAt(endpoint.origin).complete(request()), { instanceOf: ModelError });
    t.like(error, { code: 'model_unavailable', retryable: false }, location);
    t.is(endpoint.calls.length, 1);
  }
});

test('a key that cannot be sent is not tried again', async (t) => {
  const { calls, origin } = await startEndpoint(t, reply);
  const call = modelAt(origin, { apiKey: 'sk-ключ' }).complete(request());
  const error = await t.throwsAsync(call, { instanceOf: ModelError });
  t.like(error, { code: 'model_unauthorized', retryable: false });
  t.is(calls.length, 0);
});

test('an endpoint with an IPv6 address is called', async (t) => {
  const { origin } = await startEndpoint(t, reply, '::1');
  t.is((await modelAt(origin).complete(request())).text, 'hello');
});

test('moderation calls use connections again, and their failures have the same codes', async (t) => {
  const verdict = JSON.stringify({ results: [{ flagged: true, categories: { hate: true, violence: null } }] });
  const bodies = [verdict, verdict, '{"results": [', ''];
  const endpoint = await startEndpoint(t, (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(bodies.shift()),
  );
  const moderator = new OpenAiModerator(
    clientOf({ baseUrl: `${endpoint.origin}/v1`, apiKey: undefined, timeoutS: 5 }),
    5,
  );
  const call = () => moderator.moderate({ model: 'm', texts: ['a'], signal: new AbortController().signal });
  t.deepEqual(await call(), [{ flagged: true, categories: ['hate'] }]);
  t.deepEqual(await call(), [{ flagged: true, categories: ['hate'] }]);
  for (let index = 0; index < 2; index += 1)
    t.like(await t.throwsAsync(call()), { code: 'model_malformed_reply', retryable: true });
  t.true(endpoint.connections.length <= 2, `${endpoint.connections.length}`);
});
