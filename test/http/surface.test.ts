// Behaviour of all paths: methods, trailing slashes, headers, errors, hosts, health.
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { startIngress } from '../../src/http/server.ts';
import { operationsOf } from '../../src/http/operations.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { assistantsWith } from '../support/assistants.ts';
import { keptLog, rawCall, start, type Json, type RawReply } from './support/ingress.ts';
import { MemoryServices } from './support/memory-services.ts';

const codeOf = ({ text }: RawReply): unknown => (JSON.parse(text) as Json)['code'];
const operations = operationsOf(new MemoryServices().services, {
  version: '0',
  assistants: assistantsWith('scripted'),
});
const sample = (path: string): string =>
  path.replace('{user_id}', 'alice').replaceAll(/\{\w+\}/g, '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11');

test('every GET works with and without a trailing slash', async (t) => {
  const { call } = await start(t);
  for (const { path } of operations.filter(({ method }) => method === 'GET')) {
    const [plain, slashed] = [await call('GET', sample(path)), await call('GET', `${sample(path)}/`)];
    t.is(slashed.status, plain.status, path);
    t.not(plain.json['code'], 'route_not_found', path);
  }
  t.is((await call('POST', '/chat/', { user_id: 'alice', text: 'Hi' })).status, 202);
});

test('unknown paths are answered 404; paths are case-sensitive', async (t) => {
  const { call } = await start(t);
  for (const path of [
    '/nope',
    '/Chat',
    '/chat//',
    '/turns',
    '/users',
    '/users/alice/nope',
    '/users//turns',
    '/constructor',
  ]) {
    const { status, json, headers } = await call('GET', path);
    t.is(status, 404, path);
    t.is(json['code'], 'route_not_found', path);
    t.is(headers.get('content-type'), 'application/problem+json');
  }
});

test('an unsupported method is answered 405 with Allow, OPTIONS 204 with Allow', async (t) => {
  const { call } = await start(t);
  for (const path of new Set(operations.map((op) => op.path))) {
    const methods = operations.filter((op) => op.path === path).map((op) => op.method as string);
    const expected = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].toSorted();
    const unsupported = await call('PUT', sample(path), '{}');
    t.is(unsupported.status, 405, path);
    t.is(((unsupported.json['error'] ?? unsupported.json) as Json)['code'], 'method_not_allowed');
    t.deepEqual(unsupported.headers.get('allow')!.split(', ').toSorted(), expected);
    const options = await call('OPTIONS', sample(path));
    t.is(options.status, 204);
    t.deepEqual(options.headers.get('allow')!.split(', ').toSorted(), expected);
  }
});

test('unknown methods are answered 405', async (t) => {
  const { ingress } = await start(t);
  for (const method of ['TRACE', 'PROPFIND', 'QUERY'])
    t.is((await rawCall(ingress.url, { method, path: '/health' })).status, 405);
});

test('paths that cannot be decoded are answered 400', async (t) => {
  const { ingress, errors } = await start(t);
  for (const path of ['/turns/%zz', '/turns/%', '/users/%ff/turns', '/nope/%e0%a4', 'http://[bad/health']) {
    const reply = await rawCall(ingress.url, { path });
    t.is(reply.status, 400, path);
    t.is(codeOf(reply), 'malformed_path', path);
  }
  t.deepEqual(errors(), []);
});

test('every response has the security headers and does not identify the server software', async (t) => {
  const { call } = await start(t);
  for (const path of ['/health', '/nope', '/docs', '/turns/nope']) {
    const { headers } = await call('GET', path);
    t.is(headers.get('x-content-type-options'), 'nosniff');
    t.regex(headers.get('content-security-policy')!, /default-src 'self'.*frame-ancestors 'none'/);
    t.is(headers.get('referrer-policy'), 'no-referrer');
    t.truthy(headers.get('cache-control'));
    t.is(headers.get('x-powered-by'), null);
    t.is(headers.get('server'), null);
  }
});

test('an unknown error is answered 500 without details and is logged once', async (t) => {
  const fixture = await start(t);
  fixture.failure = new Error('password=secret');
  const { status, text, json } = await fixture.call('GET', '/turns/3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11');
  t.is(status, 500);
  t.is(json['code'], 'internal_error');
  t.false(text.includes('secret'));
  t.is(fixture.errors().length, 1);
});

test('an unavailable database is answered 503 with Retry-After and is not logged as an error', async (t) => {
  const fixture = await start(t);
  fixture.failure = new Unavailable('database');
  const { status, json, headers } = await fixture.call('POST', '/chat', { user_id: 'alice', text: 'Hi' });
  t.is(status, 503);
  t.is(json['code'], 'database_unavailable');
  t.is(headers.get('retry-after'), '2');
  t.deepEqual(fixture.errors(), []);
});

const HOSTS: readonly [Record<string, string>, boolean][] = [
  [{ host: 'localhost:PORT' }, true],
  [{ host: '127.0.0.1:PORT' }, true],
  [{ host: '[::1]:PORT' }, true],
  [{ host: 'LOCALHOST:PORT' }, true],
  [{ host: 'evil.example' }, false],
  [{ host: 'evil.example:PORT' }, false],
  [{ host: 'localhost.evil.example:PORT' }, false],
  [{ host: '127.0.0.1.evil.example:PORT' }, false],
  [{ host: '0.0.0.0:PORT' }, false],
  [{ host: 'localhost:PORT', origin: 'http://localhost:PORT' }, true],
  [{ host: 'localhost:PORT', origin: 'http://127.0.0.1:PORT' }, false],
  [{ host: 'localhost:PORT', origin: 'http://localhost:1' }, false],
  [{ host: 'localhost:PORT', origin: 'http://evil.example' }, false],
  [{ host: 'localhost:PORT', origin: 'null' }, false],
];

test('on a loopback address only its own Host and Origin are allowed', async (t) => {
  const { ingress } = await start(t);
  for (const [template, allowed] of HOSTS) {
    const headers = Object.fromEntries(
      Object.entries(template).map(([name, value]) => [name, value.replace('PORT', String(ingress.port))]),
    );
    const reply = await rawCall(ingress.url, { path: '/health', headers });
    t.is(reply.status, allowed ? 200 : 403, JSON.stringify(template));
    if (!allowed) t.is(codeOf(reply), 'foreign_origin');
  }
});

test('on a public address any Host is allowed, but an Origin must match the Host', async (t) => {
  const { ingress } = await start(t, { host: '0.0.0.0', auth: 'keys' });
  const status = async (headers: Record<string, string>) =>
    (await rawCall(ingress.url, { path: '/health', headers })).status;
  t.is(await status({ host: 'api.example' }), 200);
  t.is(await status({ host: 'api.example', origin: 'https://api.example' }), 200);
  t.is(await status({ host: 'api.example', origin: 'https://evil.example' }), 403);
});

test('health and liveness are independent of dependencies, readiness is not', async (t) => {
  const fixture = await start(t);
  t.deepEqual((await fixture.call('GET', '/health')).json, { status: 'healthy' });
  t.is((await fixture.call('GET', '/livez')).status, 200);
  t.deepEqual((await fixture.call('GET', '/readyz')).json, { status: 'ready' });
  fixture.down = 'redis';
  const { status, text, json } = await fixture.call('GET', '/readyz?verbose');
  t.is(status, 503);
  t.like(json, {
    status: 'unready',
    checks: { database: { status: 'up' }, redis: { status: 'down' }, actors: { status: 'up' } },
  });
  t.false(text.includes('10.0.0.1'));
  t.is((await fixture.call('GET', '/livez')).status, 200);
});

test('while the process drains it is unready and alive, and still answers', async (t) => {
  const fixture = await start(t);
  fixture.draining = true;
  const { status, json } = await fixture.call('GET', '/readyz?verbose');
  t.is(status, 503);
  t.like(json, { status: 'unready', draining: true });
  t.is((await fixture.call('GET', '/livez')).status, 200);
  t.is((await fixture.call('GET', '/health')).status, 200);
});

test('metrics are in the Prometheus text format, and every request is observed with its route', async (t) => {
  const { call, observed, lines } = await start(t);
  const { headers } = await call('GET', '/metrics');
  t.is(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  await call('GET', '/turns/secret-id');
  await call('GET', '/nope');
  t.deepEqual(
    observed.map(({ route, status }) => [route, status]),
    [
      ['/metrics', 200],
      ['/turns/{turn_id}', 404],
      ['unmatched', 404],
    ],
  );
  t.false(JSON.stringify(lines).includes('secret-id'));
});

/** Sends raw bytes and returns all received bytes. */
function exchange(port: number, sent: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(sent));
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

test('malformed HTTP and too large headers are answered with a problem document', async (t) => {
  const { ingress } = await start(t);
  t.regex(await exchange(ingress.port, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 [^]*"code":"malformed_http"/);
  const large = `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`;
  t.regex(await exchange(ingress.port, large), /^HTTP\/1\.1 431 [^]*"code":"headers_too_large"/);
});

test('a port that is in use is reported with a clear message', async (t) => {
  const { ingress } = await start(t);
  const second = startIngress({
    services: new MemoryServices().services,
    settings: { host: '127.0.0.1', port: ingress.port, auth: 'none', apiKeys: [] },
    assistants: assistantsWith('scripted'),
    log: keptLog([]),
  });
  await t.throwsAsync(second, { message: /another process listens on this port; stop it, or set PORT/ });
});

/** Opens a connection and sends nothing. */
async function idleConnection(t: ExecutionContext, port: number): Promise<{ closed: Promise<void> }> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { closed };
}

test('a stop closes idle connections, refuses new ones, and may be repeated', async (t) => {
  const { ingress, call } = await start(t);
  await call('GET', '/health');
  const idle = await idleConnection(t, ingress.port);
  const startedAt = performance.now();
  await Promise.all([ingress.stop(10_000), ingress.stop(10_000)]);
  t.true(performance.now() - startedAt < 2_000);
  await idle.closed;
  await t.throwsAsync(rawCall(ingress.url, { path: '/health' }), { code: 'ECONNREFUSED' });
});

test('a stop closes the connection of a request that does not finish before the deadline', async (t) => {
  const fixture = await start(t);
  let called = (): void => {};
  const started = new Promise<void>((resolve) => {
    called = resolve;
  });
  Object.assign(fixture.services.memory, {
    read: () => {
      called();
      return new Promise(() => {});
    },
  });
  const pending = rawCall(fixture.ingress.url, { path: '/memories/alice' });
  pending.catch(() => {});
  await started;
  await fixture.ingress.stop(100);
  await t.throwsAsync(pending, { code: 'ECONNRESET' });
});

test('/docs/errors lists every problem', async (t) => {
  const { call } = await start(t);
  const { text } = await call('GET', '/docs/errors');
  for (const code of Object.keys(PROBLEMS)) t.true(text.includes(`id="${code}"`), code);
});
