// USER_HEADER: a trusted header names the user below /v1.
import test from 'ava';
import { keyOf, sha256, start } from './support/ingress.ts';
import { startApp } from '../support/app.ts';
import { call } from '../support/client.ts';
import { about } from '../openai/support.ts';

const HEADER = 'X-OpenWebUI-User-Id';
const KEYS = [
  { name: 'ui', role: 'service', sha256: sha256(keyOf('ui')) },
  { name: 'root', role: 'admin', sha256: sha256(keyOf('root')) },
  { name: 'alice', role: 'user:alice', sha256: sha256(keyOf('alice')) },
];
const as = (name: string, named?: string) => ({
  authorization: `Bearer ${keyOf(name)}`,
  ...(named !== undefined && { [HEADER]: named }),
});
const REQUESTS = [
  ['/v1/chat/completions', { model: 'turnkeeper', messages: [{ role: 'user', content: 'Hi' }] }],
  ['/v1/responses', { model: 'turnkeeper', input: 'Hi' }],
] as const;

for (const [path, body] of REQUESTS) {
  test(`${path}: the header names the user for service and admin keys, before the parameter user`, async (t) => {
    const fixture = await start(t, { auth: 'keys', apiKeys: KEYS, userHeader: HEADER });
    const completed = fixture.add({ userId: 'x', status: 'completed', reply: 'Hello' });
    const userFor = async (headers: Record<string, string>, user?: string) => {
      fixture.nextOutcome = { outcome: 'repeated', turn: completed };
      const reply = await fixture.call('POST', path, { ...body, user }, headers);
      return reply.status === 200 ? fixture.accepts.at(-1)!.userId : reply.status;
    };
    t.is(await userFor(as('ui', 'bob')), 'bob');
    t.is(await userFor(as('ui', 'bob'), 'carol'), 'bob');
    t.is(await userFor(as('root', 'bob')), 'bob');
    t.is(await userFor(as('ui')), 'ui');
    t.is(await userFor(as('ui'), 'carol'), 'carol');
    // A key of one user keeps its user.
    t.is(await userFor(as('alice', 'bob')), 'alice');
    t.is(await userFor(as('alice', 'not a user id')), 'alice');
    for (const invalid of ['', 'a b', 'x'.repeat(129), 'bob, carol', 'Zo%C3%AB'])
      t.is(await userFor(as('ui', invalid)), 400, invalid);
  });
}

test('an invalid user id is an error that names the header', async (t) => {
  const { call: send, accepts } = await start(t, { auth: 'keys', apiKeys: KEYS, userHeader: HEADER });
  const { json } = await send('POST', ...REQUESTS[0], as('ui', 'a b'));
  t.like(json['error'], { code: 'invalid_request', param: 'header.x-openwebui-user-id' });
  t.is(accepts.length, 0);
});

test('a user that the header names cannot read or cancel responses of other users', async (t) => {
  const fixture = await start(t, { auth: 'keys', apiKeys: KEYS, userHeader: HEADER });
  const { turnId } = fixture.add({ userId: 'bob', status: 'completed', reply: 'Hello' });
  for (const [method, suffix] of [
    ['GET', ''],
    ['GET', '/input_items'],
    ['POST', '/cancel'],
  ] as const) {
    const statusFor = async (headers: Record<string, string>) =>
      (await fixture.call(method, `/v1/responses/resp_${turnId}${suffix}`, undefined, headers)).status;
    t.is(await statusFor(as('ui', 'bob')), 200);
    t.is(await statusFor(as('ui')), 200);
    t.is(await statusFor(as('ui', 'carol')), 404);
  }
});

test('without the setting, and outside of /v1, the header is ignored', async (t) => {
  const without = await start(t, { auth: 'keys', apiKeys: KEYS });
  without.nextOutcome = {
    outcome: 'repeated',
    turn: without.add({ userId: 'x', status: 'completed', reply: 'Hello' }),
  };
  await without.call('POST', ...REQUESTS[0], as('ui', 'bob'));
  t.is(without.accepts[0]!.userId, 'ui');
  const fixture = await start(t, { auth: 'keys', apiKeys: KEYS, userHeader: HEADER });
  const { turnId } = fixture.add({ userId: 'bob' });
  t.is((await fixture.call('GET', `/turns/${turnId}`, undefined, as('ui', 'carol'))).status, 200);
  t.is((await fixture.call('GET', `/turns/${turnId}`, undefined, as('ui', 'a b'))).status, 200);
});

test('with AUTH=none the header names the user too', async (t) => {
  const { url } = await startApp(t, { settings: { USER_HEADER: HEADER } });
  const response = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [HEADER.toUpperCase()]: 'bob' },
    body: JSON.stringify(REQUESTS[1][1]),
  });
  t.is(response.status, 200);
  const { body } = await call<{ user_id: string }>(url, `/turns/${about((await response.json()) as object).turn_id}`);
  t.is(body.user_id, 'bob');
});
