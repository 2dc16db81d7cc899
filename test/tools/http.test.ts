// Calls of tools over HTTP: the request, the result, and the rules for failures.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import ava from 'ava';
import type { CallOutcome, Effect } from '../../src/domain/tools/tool.ts';
import { startReceiver, verified } from '../webhooks/support.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { answer, callOf, JSON_TYPE, run, TEXT_TYPE, toolAt, toolbox, TURN } from './support.ts';

/** One after another: the tests measure times. */
const test = ava.serial;
const EFFECTS = ['read', 'idempotent', 'once'] as const;
const never = new AbortController().signal;

test('the request has the members and headers of the contract, and the arguments byte for byte', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answer = answer(200, '{"ok": true}', JSON_TYPE);
  const { box } = toolbox();
  const texts = [
    '{"a":1.0,"b":"\\u00e9"}', '{ "x" : [ 1e2 , -0 ] ,"y":"$&"}', '{"b":"é€😀","a":{}}', '{}', '{"tool":"\\/"}',
  ]; // prettier-ignore
  for (const [index, text] of texts.entries()) {
    const outcome = await box.call(callOf(toolAt(receiver.url), text), never);
    t.deepEqual(outcome, { status: 'done', result: '{"ok": true}', truncated: false });
    const { body, headers } = receiver.received[index]!;
    t.true(body.includes(`"arguments":${text},`), body);
    t.deepEqual(JSON.parse(body), {
      tool: 'refund',
      arguments: JSON.parse(text) as object,
      turn_id: TURN,
      user_id: 'alice',
      session_id: '00000000-0000-4000-8000-000000000002',
      assistant: 'shop',
      step: 3,
      call_id: 'call_1',
    });
    t.is(headers['idempotency-key'], `${TURN}:3`);
    t.is(headers['content-type'], 'application/json');
    t.is(headers['webhook-signature'], undefined);
    t.is(headers['traceparent'], undefined);
  }
});

test('a request is signed if the tool has a secret', async (t) => {
  const receiver = await startReceiver(t);
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const { box } = toolbox();
  await box.call(callOf(toolAt(receiver.url, {}, secret), '{"a":"é"}'), never);
  const [request] = receiver.received;
  t.like(verified(secret, request!), { tool: 'refund' });
  t.is(request!.headers['webhook-id'], `${TURN}:3`);
  t.throws(() => verified('whsec_AAAAAAAAAAAAAAAAAAAAAAAA', request!));
});

const CONTENT: readonly (readonly [
  what: string,
  body: string | Buffer,
  headers: Record<string, string>,
  expected: Partial<CallOutcome>,
])[] = [
  ['JSON', '[1, 2]', JSON_TYPE, { status: 'done', result: '[1, 2]' }],
  ['text', 'Paid.', TEXT_TYPE, { status: 'done', result: 'Paid.' }],
  ['a problem type', '{}', { 'content-type': 'application/vnd.shop+json; v=1' }, { status: 'done', result: '{}' }],
  ['no type', 'Paid.', {}, { status: 'done', result: 'Paid.' }],
  ['nothing', '', {}, { status: 'done', result: '' }],
  ['an empty picture', '', { 'content-type': 'image/png' }, { status: 'done', result: '' }],
  ['Latin-1', Buffer.from([0x63, 0xe9]), { 'content-type': 'text/plain; charset=ISO-8859-1' }, { result: 'cé' }],
  ['NUL and half a character', 'a\0b\uFFFD', TEXT_TYPE, { status: 'done', result: 'ab\uFFFD' }],
  ['a byte order mark', '\uFEFF{}', JSON_TYPE, { status: 'done', result: '{}' }],
  ['bytes that are not UTF-8', Buffer.from([0x61, 0xff]), TEXT_TYPE, { status: 'done', result: 'a\uFFFD' }],
  ['a picture', Buffer.from([1, 2]), { 'content-type': 'image/png' }, { status: 'failed' }],
  ['bytes', Buffer.from([1, 2]), { 'content-type': 'application/octet-stream' }, { status: 'failed' }],
  ['bytes without a type', Buffer.from([0xff, 0xfe, 0]), {}, { status: 'failed' }],
  ['an encoding', Buffer.from([1]), { ...JSON_TYPE, 'content-encoding': 'gzip' }, { status: 'failed' }],
  ['an unknown charset', 'x', { 'content-type': 'text/plain; charset=klingon' }, { status: 'failed' }],
];
for (const [what, body, headers, expected] of CONTENT)
  test(`a result that is ${what}`, async (t) => {
    const receiver = await startReceiver(t);
    receiver.answer = answer(200, body, headers);
    const outcome = await run(receiver.url, 'once');
    t.like(outcome, { truncated: false, ...expected });
    if (expected.status === 'failed') t.regex(outcome.result, /answered 200, but its result is not text/);
  });

test('a result is cut off at 64 KiB, between two characters, and the rest is not read', async (t) => {
  const receiver = await startReceiver(t);
  const limit = 64 * 1024;
  for (const [text, expected] of [
    ['x'.repeat(limit), 'x'.repeat(limit)],
    ['x'.repeat(limit + 1), 'x'.repeat(limit)],
    [`${'x'.repeat(limit - 1)}é`, 'x'.repeat(limit - 1)],
    [`${'x'.repeat(limit - 3)}😀`, 'x'.repeat(limit - 3)],
    ['€'.repeat(700_000), '€'.repeat(21_845)],
  ] as const) {
    receiver.answer = answer(200, text, TEXT_TYPE);
    const { status, result, truncated } = await run(receiver.url, 'once');
    t.is(status, 'done');
    t.true(result === expected, `${result.length} instead of ${expected.length}`);
    t.is(truncated, text !== expected);
  }
  let disconnected = false;
  receiver.answer = (response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
    };
    response.on('drain', more).on('close', () => (disconnected = true));
    response.writeHead(200, TEXT_TYPE);
    more();
  };
  t.like(await run(receiver.url, 'once'), { status: 'done', truncated: true });
  await eventually('the end of the connection', async () => disconnected);
});

test('3xx and 4xx are failures that the model reads, with at most 4 KiB of the body, and are not repeated', async (t) => {
  const receiver = await startReceiver(t);
  for (const effect of EFFECTS) {
    for (const status of [301, 302, 303, 307, 308, 400, 401, 404, 409, 410, 422]) {
      receiver.answer = answer(status, 'No such order.', { location: receiver.url, ...TEXT_TYPE });
      const before = receiver.received.length;
      const note = status < 400 ? '; redirects are not followed' : '';
      t.deepEqual(await run(receiver.url, effect), {
        status: 'failed',
        result: `The tool answered ${status}${note}: No such order.`,
        truncated: false,
      });
      t.is(receiver.received.length, before + 1);
    }
  }
  receiver.answer = answer(400, 'x'.repeat(100_000), TEXT_TYPE);
  const { result, truncated } = await run(receiver.url, 'read');
  t.true(truncated);
  t.true(result.length > 4_000 && result.length < 4_200);
  receiver.answer = answer(404);
  t.is((await run(receiver.url, 'once')).result, 'The tool answered 404.');
});

/** What a tool can do wrong, and what becomes of a `once` call. */
const FAULTY: readonly (readonly [
  what: string,
  once: CallOutcome['status'],
  act: (response: ServerResponse) => void,
])[] = [
  ['answers 500', 'unknown', answer(500, 'oops')],
  ['answers 503', 'unknown', answer(503, '', { 'retry-after': '0' })],
  ['answers 408', 'failed', answer(408)],
  ['answers 425', 'failed', answer(425)],
  ['answers 429', 'failed', answer(429, 'slow down', { 'retry-after': '1' })],
  ['hangs', 'unknown', () => {}],
  ['trickles', 'unknown', trickle],
  ['closes without an answer', 'unknown', (response) => response.socket!.destroy()],
  [
    'closes in the middle of the body',
    'unknown',
    (response) => {
      response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' }).write('{"half":');
      setTimeout(() => response.socket!.destroy(), 20);
    },
  ],
  [
    'closes in the middle of a chunked body',
    'unknown',
    (response) => {
      response.writeHead(200, JSON_TYPE).write('{"half":');
      setTimeout(() => response.socket!.destroy(), 20);
    },
  ],
  ['sends no HTTP', 'unknown', (response) => void response.socket!.end('hello\r\n\r\n')],
];

function trickle(response: ServerResponse): void {
  response.writeHead(200, TEXT_TYPE);
  const timer = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(timer));
}

for (const [what, once, act] of FAULTY)
  test(`a tool that ${what}: a call of the effect once is ${once}, others are repeated`, async (t) => {
    const receiver = await startReceiver(t);
    receiver.answer = act;
    const timeoutMs = 3_000;
    const startedAt = performance.now();
    const outcome = await run(receiver.url, 'once', { timeoutMs });
    t.is(outcome.status, once);
    t.regex(outcome.result, /^The (tool|connection) .*/);
    t.is(receiver.received.length, 1);
    t.true(performance.now() - startedAt < 8_000);
    for (const effect of ['read', 'idempotent'] as const) {
      const before = receiver.received.length;
      receiver.answer = (response) =>
        (receiver.received.length === before + 1 ? act : answer(200, 'done', TEXT_TYPE))(response);
      t.like(await run(receiver.url, effect, { timeoutMs }), { status: 'done', result: 'done' }, effect);
      const keys = receiver.received.slice(before).map(({ headers }) => headers['idempotency-key']);
      t.deepEqual(keys, [`${TURN}:3`, `${TURN}:3`]);
    }
  });

test('a call is made at most four times', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answer = answer(500, 'oops', TEXT_TYPE);
  t.deepEqual(await run(receiver.url, 'read'), {
    status: 'failed',
    result: 'The tool answered 500: oops',
    truncated: false,
  });
  t.is(receiver.received.length, 4);
});

test('Retry-After is respected up to 10 s, and ends the call above', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answer = (response) =>
    (receiver.received.length === 1 ? answer(429, '', { 'retry-after': '2' }) : answer(200))(response);
  const startedAt = performance.now();
  t.is((await run(receiver.url, 'read')).status, 'done');
  t.true(performance.now() - startedAt >= 1_990);
  (receiver.received as unknown[]).length = 0;
  receiver.answer = answer(503, '', { 'retry-after': '11' });
  t.is((await run(receiver.url, 'idempotent')).status, 'failed');
  t.is(receiver.received.length, 1);
});

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that accepts connections and closes them before TLS. */
async function withoutTls(t: Owner): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end('no TLS here\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const UNSENT: readonly (readonly [
  what: string,
  url: (t: Owner) => Promise<string>,
  options: Parameters<typeof run>[2],
  reason: RegExp,
])[] = [
  ['no such host', async () => 'https://nowhere.example/', { names: notFound }, /could not be reached \(ENOTFOUND\)/],
  ['no connection', async () => `http://127.0.0.1:${await closedPort()}/`, {}, /could not be reached \(ECONNREFUSED\)/],
  ['no TLS', async (t) => `https://127.0.0.1:${await withoutTls(t)}/`, {}, /could not be reached/],
  [
    'a private address',
    async () => 'https://10.0.0.1/',
    { allowPrivate: false },
    /URL points to an address that is not/,
  ],
  ['no TLS in the URL', async () => 'http://1.1.1.1/', { allowPrivate: false }, /URL must begin with https/],
];
async function notFound(): Promise<never> {
  throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
}

for (const [what, urlOf, options, reason] of UNSENT)
  test(`${what}: nothing was sent, so the call failed, whatever its effect`, async (t) => {
    const url = await urlOf(t);
    for (const effect of EFFECTS) {
      const { status, result } = await run(url, effect, options);
      t.is(status, 'failed');
      t.regex(result, reason);
      t.regex(result, /^The tool was not called/);
    }
  });

test('a host that does not resolve in time was not called', async (t) => {
  const options = { timeoutMs: 100, names: () => new Promise<never>(() => {}) };
  t.deepEqual(await run('https://slow.example/', 'once', options), {
    status: 'failed',
    result: 'The tool did not answer within 0.1 s.',
    truncated: false,
  });
});

test('nothing is sent to a name that has a private address by now, and the connection uses the checked address', async (t) => {
  const receiver = await startReceiver(t);
  const { port } = new URL(receiver.url);
  for (const addresses of [
    ['127.0.0.1'],
    ['93.184.216.34', '127.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['169.254.169.254'],
    [],
  ])
    t.is(
      (await run(`https://rebind.example:${port}/`, 'once', { allowPrivate: false, names: async () => addresses }))
        .status,
      'failed',
    );
  t.is(receiver.received.length, 0);
  const answers = [['127.0.0.1'], ['127.0.0.9']];
  let lookups = 0;
  const outcome = await run(`http://rebind.invalid:${port}/`, 'once', { names: async () => answers[lookups++]! });
  t.is(outcome.status, 'done');
  t.is(lookups, 1);
  t.is(receiver.received[0]!.headers['host'], `rebind.invalid:${port}`);
});

test('a redirect to an address of this machine is not followed', async (t) => {
  const [receiver, inside] = [await startReceiver(t), await startReceiver(t)];
  receiver.answer = answer(307, '', { location: inside.url });
  for (const effect of EFFECTS) t.is((await run(receiver.url, effect)).status, 'failed');
  t.is(inside.received.length, 0);
});

test('an abort ends a call that may be repeated at once, also while it waits', async (t) => {
  const receiver = await startReceiver(t);
  for (const act of [() => {}, trickle, answer(503, '', { 'retry-after': '9' })]) {
    receiver.answer = act;
    (receiver.received as unknown[]).length = 0;
    const stop = new AbortController();
    const call = run(receiver.url, 'read', { signal: stop.signal, timeoutMs: 60_000 });
    await receiver.has(1);
    const startedAt = performance.now();
    setTimeout(() => stop.abort(new Error('cancelled')), 100);
    await t.throwsAsync(call, { message: 'cancelled' });
    t.true(performance.now() - startedAt < 4_000);
  }
});

test('an abort does not end a call of the effect once that was sent', async (t) => {
  const receiver = await startReceiver(t);
  let finish: (() => void) | undefined;
  receiver.answer = (response) => {
    finish = () => answer(200, 'paid', TEXT_TYPE)(response);
  };
  const stop = new AbortController();
  const call = run(receiver.url, 'once', { signal: stop.signal });
  await receiver.has(1);
  stop.abort(new Error('cancelled'));
  setTimeout(() => finish!(), 100);
  t.deepEqual(await call, { status: 'done', result: 'paid', truncated: false });
});

test('an abort ends a call of the effect once that was not sent', async (t) => {
  const stop = new AbortController();
  const names = () => {
    stop.abort(new Error('cancelled'));
    return new Promise<never>(() => {});
  };
  await t.throwsAsync(run('https://slow.example/', 'once', { signal: stop.signal, names }), { message: 'cancelled' });
  const aborted = AbortSignal.abort(new Error('before'));
  const receiver = await startReceiver(t);
  for (const effect of EFFECTS)
    await t.throwsAsync(run(receiver.url, effect, { signal: aborted }), { message: 'before' });
  t.is(receiver.received.length, 0);
});

test('calls are counted by tool and outcome', async (t) => {
  const receiver = await startReceiver(t);
  const { box, metrics } = toolbox();
  const callWith = async (effect: Effect, status: number) => {
    receiver.answer = answer(status);
    await box.call(callOf(toolAt(receiver.url, { effect })), never);
  };
  await callWith('once', 200);
  await callWith('once', 500);
  await callWith('read', 404);
  await box.call(callOf(toolAt(receiver.url)), AbortSignal.abort(new Error('stop'))).catch(() => {});
  const text = await metrics.registry.metrics();
  for (const outcome of ['done', 'unknown', 'failed', 'aborted'])
    t.true(text.includes(`turnkeeper_tool_calls_total{tool="refund",outcome="${outcome}"} 1`), outcome);
  t.true(text.includes('turnkeeper_tool_call_duration_seconds_count{tool="refund"} 4'));
});
