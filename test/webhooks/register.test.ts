import test from 'ava';
import { createHash } from 'node:crypto';
import { startApp } from '../support/app.ts';
import { call } from '../support/client.ts';
import { PRIVATE, register, type WebhookJson } from './support.ts';

const UNUSED_URL = 'http://127.0.0.1:9/hook';
const ROLES = { ann: 'user:ann', ben: 'user:ben', service: 'service', admin: 'admin' };
const API_KEYS = Object.entries(ROLES)
  .map(([name, role]) => `${name}:${role}:${createHash('sha256').update(`key-${name}`).digest('hex')}`)
  .join();

test('each caller reads and changes only the webhooks that it may manage', async (t) => {
  const { url } = await startApp(t, { settings: { ...PRIVATE, AUTH: 'keys', API_KEYS } });
  const as = (name: string) => ({ authorization: `Bearer key-${name}` });
  const add = async (name: string, user_id?: string) =>
    (await call<WebhookJson>(url, '/webhooks', { body: { url: UNUSED_URL, user_id }, headers: as(name) })).body;
  const hooks = {
    ann: await add('ann', 'ann'),
    ben: await add('service', 'ben'),
    all: await add('admin'),
  };
  const idsSeenBy = async (name: string, query = '') => {
    const { body } = await call<{ items: WebhookJson[] }>(url, `/webhooks${query}`, { headers: as(name) });
    t.false(JSON.stringify(body).includes('whsec_'), 'a secret is shown once');
    return body.items.map(({ webhook_id: id }) => id);
  };
  const [ann, ben, all] = [hooks.ann.webhook_id, hooks.ben.webhook_id, hooks.all.webhook_id];
  t.deepEqual(await idsSeenBy('ann'), [ann]);
  t.deepEqual(await idsSeenBy('ben'), [ben]);
  t.deepEqual(await idsSeenBy('service'), [ann, ben]);
  t.deepEqual(await idsSeenBy('admin'), [ann, ben, all]);
  t.deepEqual(await idsSeenBy('admin', '?user_id=ben'), [ben]);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/test'],
    ['POST', '/rotate-secret'],
    ['GET', '/deliveries'],
  ] as const) {
    const foreign = await call(url, `/webhooks/${ben}${path}`, { method, headers: as('ann') });
    const none = await call(url, `/webhooks/018f0000-0000-7000-8000-00000000ffff${path}`, {
      method,
      headers: as('ann'),
    });
    t.is(foreign.status, 404);
    t.deepEqual(foreign.body, none.body);
  }
  t.is((await call(url, `/webhooks/${all}`, { headers: as('service') })).status, 404);
});

test('a user can have ten webhooks, and ten webhooks can receive the events of all users', async (t) => {
  const { url } = await startApp(t, { settings: PRIVATE });
  for (const owner of [{ user_id: 'ann' }, {}, { user_id: 'ben' }]) {
    const body = { url: UNUSED_URL, ...owner };
    const hooks = [];
    for (let n = 0; n < 10; n += 1) hooks.push(await register(url, body));
    const refused = await call(url, '/webhooks', { body });
    t.is(refused.status, 409);
    t.is(refused.body['code'], 'webhook_limit');
    await call(url, `/webhooks/${hooks[0]!.webhook_id}`, { method: 'DELETE' });
    t.is((await call(url, '/webhooks', { body })).status, 201);
  }
  const first = await call<{ items: WebhookJson[]; next_cursor: string }>(url, '/webhooks?limit=20');
  const second = await call<{ items: WebhookJson[]; next_cursor: null }>(
    url,
    `/webhooks?limit=20&cursor=${first.body.next_cursor}`,
  );
  t.is(new Set([...first.body.items, ...second.body.items].map(({ webhook_id: id }) => id)).size, 30);
  t.is(second.body.next_cursor, null);
});

test('invalid input is refused with all its faults, and nothing is registered', async (t) => {
  const { url } = await startApp(t, { settings: PRIVATE });
  const refused = await call<{ errors: { pointer: string }[] }>(url, '/webhooks', {
    body: {
      url: 'https://me:secret@example.com/',
      user_id: 'a b',
      events: ['turn.queued'],
      description: '',
      secret: 'mine',
    },
  });
  t.is(refused.status, 400);
  t.deepEqual(
    refused.body.errors.map(({ pointer }) => pointer).toSorted(),
    ['/description', '/events/0', '/secret', '/url', '/user_id'].toSorted(),
  );
  for (const body of [{}, { events: [] }, { enabled: 'no' }, { user_id: 'ben' }])
    t.is(
      (await call(url, '/webhooks/018f0000-0000-7000-8000-00000000ffff', { method: 'PATCH', body })).status,
      400,
      JSON.stringify(body),
    );
  for (const query of ['?cursor=x', '?limit=0', '?user_id=a%20b', '?what=x'])
    t.is((await call(url, `/webhooks${query}`)).status, 400, query);
  t.deepEqual((await call(url, '/webhooks')).body['items'], []);
});
