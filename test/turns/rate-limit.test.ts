// RATE_LIMIT_PER_USER: turns a minute for callers with the role user.
import { createHash } from 'node:crypto';
import test from 'ava';
import { Redis } from 'ioredis';
import { fullFor, LocalPlaces } from '../../src/domain/turn-rate.ts';
import { startApp, type AppOptions } from '../support/app.ts';
import { call, eventually, type Reply, type TurnJson } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import { locationsOf } from '../users/support.ts';

const KEYS = { ann: 'user:ann', ben: 'user:ben', shop: 'service', root: 'admin' } as const;
const API_KEYS = Object.entries(KEYS)
  .map(([name, role]) => `${name}:${role}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`)
  .join(',');

type Answer = Reply<Partial<TurnJson> & { readonly code?: string }>;
type Post = (by: keyof typeof KEYS, body: object, key?: string) => Promise<Answer>;

const headersOf = (by: keyof typeof KEYS, key?: string) => ({
  authorization: `Bearer key-of-${by}`,
  ...(key !== undefined && { 'idempotency-key': key }),
});
const postTo =
  (url: string): Post =>
  (by, body, key) =>
    call(url, '/chat', { body: { user_id: by, text: 'hello', ...body }, headers: headersOf(by, key) });

async function start(t: Owner, limit: number, options: AppOptions = {}) {
  const settings = { AUTH: 'keys', API_KEYS, RATE_LIMIT_PER_USER: String(limit), ...options.settings };
  const app = await startApp(t, { ...options, settings });
  return { ...app, settings, post: postTo(app.url) };
}

const statuses = (answers: readonly { readonly status: number }[]) =>
  Object.fromEntries([...Map.groupBy(answers, ({ status }) => status)].map(([status, all]) => [status, all.length]));

test('64 requests at once to two processes, of both APIs, create exactly as many turns as the limit', async (t) => {
  const app = await start(t, 10);
  const second = await startSecondIngress(t, app, app.settings);
  const chat = { model: 'turnkeeper', messages: [{ role: 'user', content: 'hello' }] };
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, n): Promise<Answer> => {
      const { url } = n % 2 ? app : second;
      return n % 4 < 2
        ? postTo(url)('ann', {})
        : call(url, '/v1/chat/completions', { body: chat, headers: headersOf('ann') });
    }),
  );
  const refused = answers.filter(({ status }) => status === 429);
  t.is(refused.length, 54, JSON.stringify(statuses(answers)));
  for (const { headers, body } of refused) {
    t.true(Number(headers.get('retry-after')) > 55 && Number(headers.get('retry-after')) <= 60);
    const { code, error } = body as { code?: string; error?: object };
    if (error) t.like(error, { type: 'rate_limit_error', code: 'rate_limited' });
    else t.is(code, 'rate_limited');
  }
  const { body } = await call<{ items: TurnJson[] }>(app.url, '/users/ann/turns', { headers: headersOf('ann') });
  t.is(body.items.length, 10);
  t.is((await app.post('ben', {})).status, 202, 'each user has a limit of its own');
  const metrics = await Promise.all(
    [app.url, second.url].map(async (url) => (await fetch(`${url}/metrics`, { headers: headersOf('root') })).text()),
  );
  const counted = metrics.map((text) => Number(/^turnkeeper_turns_rate_limited_total (\d+)$/m.exec(text)![1]));
  t.is(counted[0]! + counted[1]!, 54);
});

test('a repeated idempotency key is free, also at the same time and when the limit is reached', async (t) => {
  const { post } = await start(t, 2);
  const same = await Promise.all(Array.from({ length: 64 }, () => post('ann', {}, 'one')));
  t.is(new Set(same.map(({ body }) => body.turn_id)).size, 1, JSON.stringify(statuses(same)));
  const [{ body: first }] = same as [Answer];
  t.is((await post('ann', {}, 'two')).status, 202);
  t.like(await post('ann', {}, 'three'), { status: 429, body: { code: 'rate_limited' } });
  const repeated = await post('ann', {}, 'one');
  t.true(repeated.status === 202 || repeated.status === 200);
  t.is(repeated.body.turn_id, first.turn_id);
  t.like(await post('ann', { text: 'other' }, 'one'), { status: 422 });
});

test('a request that creates no turn does not count', async (t) => {
  const { url, model, post } = await start(t, 3);
  model.script(() => ({ hang: true }));
  const foreign = (await post('ben', {})).body.session_id;
  t.is((await post('ann', {})).status, 202);
  for (let round = 0; round < 3; round += 1) {
    t.is((await post('ann', { text: '' })).status, 400);
    t.is((await post('ann', { metadata: { session_id: foreign } })).status, 404);
    t.is((await post('ann', { on_busy: 'reject' })).status, 409);
  }
  const queued = await post('ann', {}, 'queued');
  const merge = { on_busy: 'merge', metadata: { session_id: queued.body.session_id } };
  t.like(await post('ann', merge), { status: 202, body: { turn_id: queued.body.turn_id } });
  t.is((await post('ann', { text: 'other' }, 'queued')).status, 422);
  t.is((await post('ann', {})).status, 202);
  t.is((await post('ann', {})).status, 429);
  t.is((await post('ann', merge)).status, 202);
  t.is((await post('ann', { on_busy: 'merge' })).status, 429, 'in a new session there is no turn to join');
  await call(url, `/users/ann`, { method: 'DELETE', headers: headersOf('root') });
});

test('service and admin are not limited, and their turns do not count for the user', async (t) => {
  const { url, post } = await start(t, 2);
  for (const by of ['shop', 'root'] as const) {
    for (let number = 0; number < 4; number += 1) {
      const body = { user_id: 'ann', text: 'hello' };
      t.is((await call(url, '/chat', { body, headers: headersOf(by) })).status, 202);
    }
  }
  t.deepEqual(statuses([await post('ann', {}), await post('ann', {}), await post('ann', {})]), { 202: 2, 429: 1 });
  const unlimited = await start(t, 0);
  const answers = await Promise.all(Array.from({ length: 80 }, () => unlimited.post('ann', {})));
  t.deepEqual(statuses(answers), { 202: 80 });
});

test('after Retry-After a turn is possible, and only one if one place became free', async (t) => {
  const { redisUrl, post } = await start(t, 3);
  for (let number = 0; number < 3; number += 1) t.is((await post('ann', {})).status, 202);
  const redis = new Redis(redisUrl);
  t.teardown(() => redis.disconnect());
  const [oldest] = await redis.zrange('turnkeeper:rate:ann', '0', '0');
  await redis.zincrby('turnkeeper:rate:ann', -58_500, oldest!);
  const refused = await post('ann', {});
  const seconds = Number(refused.headers.get('retry-after'));
  t.deepEqual([refused.status, seconds], [429, 2]);
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  t.is((await post('ann', {})).status, 202);
  t.true(Number((await post('ann', {})).headers.get('retry-after')) > 50);
});

test('the places of a user expire in Redis, and are erased with the user', async (t) => {
  const app = await start(t, 5);
  t.is((await app.post('ann', {}, 'a-key-of-ann')).status, 202);
  const redis = new Redis(app.redisUrl);
  t.teardown(() => redis.disconnect());
  t.true((await redis.pttl('turnkeeper:rate:ann')) > 50_000);
  t.false(JSON.stringify(await redis.zrange('turnkeeper:rate:ann', '0', '-1')).includes('a-key-of-ann'));
  await call(app.url, '/users/ann', { method: 'DELETE', headers: headersOf('root') });
  await eventually('no places', async () => !(await redis.exists('turnkeeper:rate:ann')));
  t.deepEqual(await locationsOf(app, 'turnkeeper:rate'), []);
});

for (const [how, strike] of [
  ['killed', 'kill'],
  ['frozen', 'pause'],
] as const) {
  test(`while Redis is ${how}, turns are accepted within seconds, and the process keeps the limit`, async (t) => {
    const server = await startRedisServer(t);
    const { post } = await start(t, 10, { redisUrl: server.url });
    for (let number = 0; number < 4; number += 1) t.is((await post('ann', {})).status, 202);
    await server[strike]();
    const startedAt = performance.now();
    const during = await Promise.all(Array.from({ length: 64 }, () => post('ann', {})));
    t.deepEqual(statuses(during), { 202: 6, 429: 58 });
    for (const { status, headers } of during)
      if (status === 429) t.true(Number(headers.get('retry-after')) > 30 && Number(headers.get('retry-after')) <= 60);
    t.true(performance.now() - startedAt < 5_000);
    const next = performance.now();
    t.is((await post('ben', {})).status, 202);
    t.true(performance.now() - next < 1_500);
    if (strike === 'pause') server.resume();
    else await server.restart();
  });
}

test('the places of one process: any 60 s have at most as many as the limit', (t) => {
  const places = new LocalPlaces();
  t.deepEqual(places.take('ann', 'a', 2, 0), { outcome: 'taken' });
  t.deepEqual(places.take('ann', 'a', 2, 10), { outcome: 'shared' });
  t.deepEqual(places.take('ann', 'b', 2, 30_000), { outcome: 'taken' });
  t.deepEqual(places.take('ann', 'c', 2, 40_000), fullFor(20_000));
  t.deepEqual(places.take('ann', 'c', 1, 40_000), fullFor(50_000), 'a lower limit');
  t.deepEqual(places.take('ben', 'a', 2, 40_000), { outcome: 'taken' });
  t.deepEqual(places.take('ann', 'c', 2, 59_999), { outcome: 'full', retryAfterS: 1 });
  t.deepEqual(places.take('ann', 'c', 2, 60_000), { outcome: 'taken' });
  places.remove('ann', 'b');
  t.deepEqual(places.take('ann', 'd', 2, 60_001), { outcome: 'taken' });
  t.deepEqual(places.take('ann', 'e', 2, 60_002), fullFor(59_998));
});
