// The HTTP routes of the actor host, called as daprd calls them.
import test from 'ava';
import { startActorHost } from '../../src/dapr/actor-host.ts';
import type { Subscriptions } from '../../src/dapr/subscriptions.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { Owner } from '../support/owner.ts';

const TOKEN = 'the-app-token';

/** Starts a host with its actor state in memory. `running.most`: the highest number of concurrent state reads. */
async function startHost(t: Owner, delayMs = 0, subscriptions: Subscriptions = {}) {
  const values = new Map<string, object>();
  const running = { now: 0, most: 0 };
  const host = await startActorHost({
    port: 0,
    token: TOKEN,
    store: {
      holdsState: false,
      claimNext: async () => ({ outcome: 'nothing' }),
      lastSeq: async () => 0,
      turnsExist: async () => true,
      revokeGrant: async () => {},
    },
    state: {
      async get(userId, key) {
        running.most = Math.max(running.most, ++running.now);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        running.now -= 1;
        return values.get(`${userId}/${key}`) ?? null;
      },
      async set(userId, entries) {
        for (const [key, value] of Object.entries(entries)) values.set(`${userId}/${key}`, value);
      },
      async remove(userId, keys) {
        for (const key of keys) values.delete(`${userId}/${key}`);
      },
    },
    subscriptions,
    log: createLog('silent'),
  });
  t.teardown(() => host.stop());
  const request = (method: string, path: string, body?: unknown, token: string | null = TOKEN) =>
    fetch(`http://127.0.0.1:${host.port}${path}`, {
      method,
      headers: token === null ? {} : { 'dapr-api-token': token },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { request, running };
}

test('the host serves the routes of an actor host and no others', async (t) => {
  const { request } = await startHost(t);
  t.is((await request('GET', '/healthz')).status, 200);
  t.like(await (await request('GET', '/dapr/config')).json(), {
    entities: ['UserSession'],
    reentrancy: { enabled: false },
  });
  t.deepEqual(await (await request('PUT', '/actors/UserSession/a/method/ping', [{}])).json(), {
    ok: true,
    value: 'pong',
  });
  t.deepEqual(await (await request('PUT', '/actors/UserSession/a/method/ping', {})).json(), {
    ok: true,
    value: 'pong',
  });
  t.is((await request('PUT', '/actors/UserSession/a/method/timer/x', {})).status, 404);
  t.is((await request('PUT', '/actors/UserSession/a/method/remind/x', {})).status, 404);
  // An actor that was never active. The host of the SDK ends its process here.
  t.is((await request('DELETE', '/actors/UserSession/never-active')).status, 200);
  t.is((await request('GET', '/healthz')).status, 200);
});

test('only the methods of UserSession can be called', async (t) => {
  const { request } = await startHost(t);
  for (const name of [
    'getDaprClient',
    'constructor',
    'toString',
    '__proto__',
    'onDeactivateInternal',
    'hasOwnProperty',
    'Claim',
  ]) {
    t.is((await request('PUT', `/actors/UserSession/a/method/${name}`, [])).status, 404, name);
  }
  t.is((await request('PUT', '/actors/Other/a/method/ping', [])).status, 404);
});

test('every route except /healthz requires the token', async (t) => {
  const { request } = await startHost(t);
  for (const token of [null, '', 'wrong', `${TOKEN}x`]) {
    t.is((await request('PUT', '/actors/UserSession/a/method/ping', [{}], token)).status, 401);
    t.is((await request('GET', '/dapr/config', undefined, token)).status, 401);
    t.is((await request('DELETE', '/actors/UserSession/a', undefined, token)).status, 401);
    t.is((await request('GET', '/healthz', undefined, token)).status, 200);
  }
});

test('invalid bodies get an error response and do not stop the host', async (t) => {
  const { request } = await startHost(t);
  t.is((await request('PUT', '/actors/UserSession/a/method/memory', '{"broken')).status, 400);
  t.is((await request('PUT', '/actors/UserSession/a/method/memory', 'x'.repeat(2_000_000))).status, 413);
  t.like(await (await request('PUT', '/actors/UserSession/a/method/patch', [{ status: 'x' }])).json(), {
    ok: false,
    code: 'invalid_arguments',
  });
  t.is((await request('GET', '/healthz')).status, 200);
});

test('calls of one actor run one at a time, calls of different actors run concurrently', async (t) => {
  const { request, running } = await startHost(t, 20);
  const memory = (id: string) => request('PUT', `/actors/UserSession/${id}/method/memory`, [{}]);
  await Promise.all(Array.from({ length: 5 }, () => memory('same')));
  t.is(running.most, 1);
  await Promise.all(['a', 'b', 'c'].map(memory));
  t.is(running.most, 3);
});

test('a pub/sub message is answered with SUCCESS, DROP or RETRY', async (t) => {
  const received: unknown[] = [];
  const { request } = await startHost(t, 0, {
    decisions: async (message) => {
      received.push(message);
      if (message === 'unavailable') throw new Error('Redis is unavailable');
      return message === 'invalid' ? 'ignored' : 'accepted';
    },
  });
  t.deepEqual(await (await request('GET', '/dapr/subscribe')).json(), [
    { pubsubname: 'pubsub', topic: 'decisions', route: '/topics/decisions', metadata: { rawPayload: 'true' } },
  ]);
  const post = async (body: unknown, token?: string) => {
    const response = await request('POST', '/topics/decisions', body, token);
    return [response.status, ((await response.json().catch(() => ({}))) as { status?: string }).status];
  };
  const raw = (text: string) => ({ data_base64: Buffer.from(text).toString('base64') });
  t.deepEqual(await post(raw('{"a":1}')), [200, 'SUCCESS']);
  t.deepEqual(await post({ b: 2 }), [200, 'SUCCESS']);
  t.deepEqual(await post(raw('invalid')), [200, 'DROP']);
  t.deepEqual(await post(raw('unavailable')), [503, 'RETRY']);
  t.deepEqual(received, [{ a: 1 }, { b: 2 }, 'invalid', 'unavailable']);
  // Another delivery of these would fail in the same way.
  t.deepEqual(await post('{"broken'), [200, 'DROP']);
  t.deepEqual(await post(raw('x'.repeat(2_000_000))), [200, 'DROP']);
  t.is((await post(raw('{}'), 'wrong'))[0], 401);
  t.is(received.length, 4);
});
