// The client of daprd and the calls that use it, against a fake daprd: headers, connections, and every kind of failure.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { DaprState } from '../../src/dapr/actor-state.ts';
import { DaprRuntime } from '../../src/dapr/runtime.ts';
import { SidecarClient } from '../../src/dapr/sidecar.ts';
import { Unavailable } from '../../src/domain/errors.ts';
import { freePort } from '../../local/ports.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Answer = (request: Received, response: ServerResponse) => void;

async function startSidecar(t: Owner, answer: Answer) {
  /** What its metadata says of placement; null: it is not answered. */
  const metadata: { runtimeStatus: string; placement: string | null; status: number; asked: number } = {
    runtimeStatus: 'RUNNING',
    placement: 'placement: connected',
    status: 200,
    asked: 0,
  };
  const received: Received[] = [];
  const connections = new Set<unknown>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method, url, headers } = request;
      if (url === '/v1.0/metadata') {
        metadata.asked += 1;
        const { runtimeStatus, placement, status } = metadata;
        if (placement === null) return;
        response.writeHead(status).end(JSON.stringify({ actorRuntime: { runtimeStatus, placement } }));
        return;
      }
      received.push({ method: method!, url: url!, headers, body: Buffer.concat(parts).toString() });
      answer(received.at(-1)!, response);
    });
  });
  server.on('connection', (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = { httpPort: (server.address() as AddressInfo).port, apiToken: 'secret' };
  return { address, received, connections, metadata };
}

const runtimeOf = (sidecar: { httpPort: number; apiToken: string }) =>
  new DaprRuntime({ sidecar, readyWithinMs: 0, host: async () => null });
const pong = JSON.stringify({ ok: true, value: 'pong' });

test('a request has the token, its body and its place in the trace, and connections are used again', async (t) => {
  const { address, received, connections } = await startSidecar(t, (_, response) => response.writeHead(201).end('é'));
  const client = new SidecarClient(address);
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  t.deepEqual(await client.send('POST', '/a', { body: '{"text":"ü"}', traceparent }), { status: 201, text: 'é' });
  await client.send('GET', '/b');
  t.is(connections.size, 1);
  t.like(received[0], { method: 'POST', url: '/a', body: '{"text":"ü"}' });
  t.like(received[0]!.headers, { 'dapr-api-token': 'secret', 'content-type': 'application/json', traceparent });
  t.like(received[1], { method: 'GET', url: '/b', body: '' });
  t.false('content-type' in received[1]!.headers || 'traceparent' in received[1]!.headers);
});

test('a request rejects if daprd is unreachable, hangs, or closes the connection', async (t) => {
  const unreachable = new SidecarClient({ httpPort: await freePort(), apiToken: undefined });
  await t.throwsAsync(unreachable.send('GET', '/'), { message: /ECONNREFUSED/ });
  const { address } = await startSidecar(t, ({ url }, response) => {
    if (url === '/close') response.destroy();
    if (url === '/half') response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy());
  });
  await t.throwsAsync(new SidecarClient(address, 50).send('GET', '/hang'), { message: 'daprd does not answer' });
  await t.throwsAsync(new SidecarClient(address).send('GET', '/hang', { signal: AbortSignal.timeout(50) }));
  await t.throwsAsync(new SidecarClient(address).send('GET', '/close'), { code: 'ECONNRESET' });
  await t.throwsAsync(new SidecarClient(address).send('GET', '/half'), { code: 'ECONNRESET' });
});

test('an actor call is repeated after an error of daprd and after a response that is not JSON', async (t) => {
  const answers = [
    [500, '{"errorCode":"ERR_ACTOR_INVOKE_METHOD"}'],
    [200, 'not JSON'],
    [200, pong],
  ] as const;
  const { address, received } = await startSidecar(t, (_, response) => {
    const [status, body] = answers[received.length - 1]!;
    response.writeHead(status).end(body);
  });
  t.is(await runtimeOf(address).call('..', 'ping', {}), 'pong');
  t.is(received.length, 3);
  t.like(received[0], { method: 'POST', url: '/v1.0/actors/UserSession/~../method/ping', body: '{}' });
});

test('an actor call of a sidecar that stays away is Unavailable, with the last reason', async (t) => {
  const { address } = await startSidecar(t, (_, response) => response.writeHead(500).end('no address'));
  const error = await t.throwsAsync(runtimeOf(address).call('ann', 'ping', {}), { instanceOf: Unavailable });
  t.like(error, { dependency: 'actors', message: '500 no address' });
});

test('a call through a sidecar without placement is given up, and its late answer still arrives', async (t) => {
  const waiting: ServerResponse[] = [];
  const { address, metadata } = await startSidecar(t, (_, response) => void waiting.push(response));
  const runtime = runtimeOf(address);
  const { reachability } = runtime;
  const changes: boolean[] = [];
  reachability.listen((isReachable) => changes.push(isReachable));

  // A call that only takes long is no reason to give it up.
  const slow = reachability.orUnreachable(runtime.call('ann', 'ping', {}));
  await eventually('the call is sent again', async () => waiting.length === 2);
  waiting[1]!.end(pong);
  t.is(await slow, 'pong');
  t.deepEqual(changes, []);

  metadata.placement = 'placement: disconnected';
  const call = runtime.call('ann', 'ping', {});
  const error = await t.throwsAsync<Unavailable>(reachability.orUnreachable(call), { instanceOf: Unavailable });
  t.like(error, { dependency: 'actors', outcomeUnknown: true });
  await t.throwsAsync(reachability.orUnreachable(runtime.call('ben', 'ping', {})), { instanceOf: Unavailable });

  Object.assign(metadata, { runtimeStatus: 'INITIALIZING', placement: '' });
  const { asked } = metadata;
  await eventually('it is asked three times', async () => metadata.asked >= asked + 3);
  t.false(reachability.isReachable, 'a sidecar that starts');
  Object.assign(metadata, { runtimeStatus: 'RUNNING', placement: 'placement: connected' });
  await eventually('the sidecar is found connected', async () => reachability.isReachable);
  t.deepEqual(changes, [false, true]);
  metadata.status = 403;
  const refusedFrom = metadata.asked;
  await eventually('the request is refused three times', async () => metadata.asked >= refusedFrom + 3);
  t.deepEqual(changes, [false, true], 'a sidecar that refuses the request');
  for (const response of waiting) response.end(pong);
  t.is(await call, 'pong');
});

test('a sidecar that is silent is noticed, but not one that answers a call', async (t) => {
  const waiting: ServerResponse[] = [];
  const { address, metadata } = await startSidecar(t, (_, response) => void waiting.push(response));
  metadata.placement = null;
  const runtime = runtimeOf(address);
  const call = runtime.call('ann', 'ping', {});
  await eventually('the call is sent again', async () => waiting.length === 2);
  const other = runtime.call('ben', 'ping', {});
  await eventually('another call is sent', async () => waiting.length === 3);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  waiting[2]!.end(pong);
  await other;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  t.true(runtime.reachability.isReachable, 'it answered 1.5 s ago');
  await t.throwsAsync(runtime.reachability.orUnreachable(call), { instanceOf: Unavailable });
  metadata.placement = 'placement: connected';
  await eventually('the sidecar answers again', async () => runtime.reachability.isReachable);
  for (const response of waiting) response.end(pong);
  t.is(await call, 'pong');
});

test('a sidecar that is gone is noticed at the first call', async (t) => {
  const runtime = runtimeOf({ httpPort: await freePort(), apiToken: 'secret' });
  const call = runtime.call('ann', 'ping', {});
  await t.throwsAsync(runtime.reachability.orUnreachable(call), { message: /cannot reach actors/ });
  await t.throwsAsync(call, { instanceOf: Unavailable, message: /ECONNREFUSED/ });
});

test('actor state is null if the key does not exist, and Unavailable if daprd or its store does not work', async (t) => {
  const { address, received } = await startSidecar(t, ({ url, method }, response) => {
    if (url.endsWith('/broken')) response.writeHead(500).end('no store');
    else if (url.endsWith('/refused')) response.writeHead(400).end('not valid');
    else if (url.endsWith('/moved')) response.writeHead(400).end('{"errorCode":"ERR_ACTOR_INSTANCE_MISSING"}');
    else if (url.endsWith('/known')) response.end('{"a":1}');
    else response.writeHead(method === 'POST' && received.length > 4 ? 500 : 204).end();
  });
  const state = new DaprState(address);
  t.deepEqual(await state.get('a:b', 'known'), { a: 1 });
  t.is(await state.get('a:b', 'unknown'), null);
  await state.set('a:b', { known: { a: 2 } });
  await state.remove('a:b', ['known']);
  const path = '/v1.0/actors/UserSession/a%3Ab/state';
  t.deepEqual(
    received.map(({ method, url, body }) => [method, url, body]),
    [
      ['GET', `${path}/known`, ''],
      ['GET', `${path}/unknown`, ''],
      ['POST', path, '[{"operation":"upsert","request":{"key":"known","value":{"a":2}}}]'],
      ['POST', path, '[{"operation":"delete","request":{"key":"known"}}]'],
    ],
  );
  const faultOf = async (call: Promise<unknown>) => {
    const error = await t.throwsAsync<Unavailable>(call, { instanceOf: Unavailable, message: /^actor state: / });
    return [error?.dependency, error?.outcomeUnknown];
  };
  t.deepEqual(await faultOf(state.get('a', 'broken')), ['actors', false]);
  t.deepEqual(await faultOf(state.get('a', 'moved')), ['actors', false]);
  t.deepEqual(await faultOf(state.set('a', { b: {} })), ['actors', true]);
  t.deepEqual(await faultOf(state.remove('a', ['b'])), ['actors', true]);
  const refused = await t.throwsAsync(state.get('a', 'refused'), { message: 'actor state: 400 not valid' });
  t.false(refused instanceof Unavailable);
  const gone = new DaprState({ httpPort: await freePort(), apiToken: undefined });
  await t.throwsAsync(gone.get('a', 'b'), { instanceOf: Unavailable });
});

test('a runtime that stops waits for its calls and refuses new ones', async (t) => {
  let answer = () => {};
  const { address, received } = await startSidecar(t, (_, response) => {
    answer = () => response.end(pong);
  });
  const runtime = runtimeOf(address);
  const call = runtime.call('ann', 'ping', {});
  await eventually('the call is sent', async () => received.length === 1);
  let stopped = false;
  const stopping = runtime.stop().then(() => {
    stopped = true;
  });
  const refused = await t.throwsAsync<Unavailable>(runtime.call('ann', 'patch', {}), { instanceOf: Unavailable });
  t.false(refused.outcomeUnknown);
  t.false(stopped);
  answer();
  t.is(await call, 'pong');
  await stopping;
});

test('a call that writes and was not answered has an unknown outcome', async (t) => {
  const outcomeOf = async (address: Parameters<typeof runtimeOf>[0], method: 'patch' | 'memory') => {
    const error = await t.throwsAsync<Unavailable>(runtimeOf(address).call('ann', method, {}), {
      instanceOf: Unavailable,
    });
    return error?.outcomeUnknown;
  };
  const { address: broken } = await startSidecar(t, (_, response) => void response.destroy());
  const { address: nowhere } = await startSidecar(t, (_, response) => {
    response.writeHead(500).end('{"errorCode":"ERR_ACTOR_INVOKE_METHOD","message":"did not find address for actor"}');
  });
  const closed = { httpPort: await freePort(), apiToken: 'secret' };
  t.deepEqual(
    await Promise.all([
      outcomeOf(broken, 'patch'),
      outcomeOf(broken, 'memory'),
      outcomeOf(nowhere, 'patch'),
      outcomeOf(closed, 'patch'),
    ]),
    [true, false, false, false],
  );
});

test('a state request that daprd never answers ends, so that the next call of the actor can run', async (t) => {
  const { address } = await startSidecar(t, () => {});
  const state = new DaprState(address, 50);
  t.like(await t.throwsAsync(state.get('alice', 'memory'), { instanceOf: Unavailable }), { outcomeUnknown: false });
  const write = state.set('alice', { memory: {} });
  t.like(await t.throwsAsync(write, { instanceOf: Unavailable }), { outcomeUnknown: true });
});
