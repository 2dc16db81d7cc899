// Signing in with a key: the cookie, what it may and may not, and how it ends.
import { SignJWT } from 'jose';
import test from 'ava';
import { authenticateByKey } from '../../src/http/auth/authenticate-by-key.ts';
import { keyOf, rawCall, SESSION_SECRET, sha256, start } from './support/ingress.ts';

const ROLES = { alice: 'user:alice', bob: 'user:bob', kim: 'reviewer', root: 'admin' };
const apiKeys = Object.entries(ROLES).map(([name, role]) => ({ name, role, sha256: sha256(keyOf(name)) }));
const keys = { auth: 'keys', apiKeys } as const;
const SAME = { 'sec-fetch-site': 'same-origin' };

type Started = Awaited<ReturnType<typeof start>>;

async function signIn({ call }: Started, name: string): Promise<string> {
  const { status, headers } = await call('POST', '/session', { key: keyOf(name) });
  if (status !== 204) throw new Error(`${status}`);
  return headers.getSetCookie()[0]!.split(';')[0]!;
}

test('a key becomes a cookie that no page reads and no other site sends', async (t) => {
  const app = await start(t, keys);
  const { status, headers, text } = await app.call('POST', '/session', { key: keyOf('alice') });
  t.is(status, 204);
  t.is(text, '');
  const [cookie, ...more] = headers.getSetCookie();
  t.deepEqual(more, []);
  t.regex(cookie!, /^turnkeeper_session=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43\d{3}$/);
  for (const secret of [keyOf('alice'), sha256(keyOf('alice'))]) t.false(cookie!.includes(secret));
  t.false(JSON.stringify(app.lines).includes(keyOf('alice')));
  const by = { cookie: cookie!.split(';')[0]! };
  t.deepEqual((await app.call('GET', '/session', undefined, by)).json, {
    name: 'alice',
    role: 'user',
    user_id: 'alice',
    auth: 'keys',
  });
});

test('by TLS, in front of us or not, the cookie is Secure', async (t) => {
  const { ingress } = await start(t, keys);
  const { host } = new URL(ingress.url);
  const body = JSON.stringify({ key: keyOf('kim') });
  for (const more of [{ 'x-forwarded-proto': 'https' }, { origin: `https://${host}` }]) {
    const headers = { 'content-type': 'application/json', host, ...(more as Record<string, string>) };
    const reply = await rawCall(ingress.url, { method: 'POST', path: '/session', headers, body });
    t.regex(reply.headers['set-cookie']![0]!, /; Secure$/);
  }
});

test('a wrong key signs nobody in, and every fault of the body is told', async (t) => {
  const { call } = await start(t, keys);
  const wrong = await call('POST', '/session', { key: 'nope' });
  t.is(wrong.status, 401);
  t.deepEqual(wrong.headers.getSetCookie(), []);
  for (const body of [{}, { key: 7 }, { key: '' }, { key: 'a b' }, { key: 'x', more: 1 }])
    t.is((await call('POST', '/session', body)).status, 400, JSON.stringify(body));
});

test('who is signed in may what the key may', async (t) => {
  const app = await start(t, keys);
  const [alice, bob, kim] = await Promise.all(['alice', 'bob', 'kim'].map((name) => signIn(app, name)));
  const get = async (path: string, cookie: string) => (await app.call('GET', path, undefined, { cookie })).status;
  t.is(await get('/memories/alice', alice!), 200);
  t.is(await get('/memories/alice', bob!), 404);
  t.is(await get('/reviews', alice!), 403);
  t.is(await get('/reviews', kim!), 200);
  t.is(await get('/memories/alice', kim!), 403);
  const chat = { user_id: 'alice', text: 'Hi' };
  t.is((await app.call('POST', '/chat', chat, { cookie: alice!, ...SAME })).status, 202);
  t.is((await app.call('POST', '/chat', chat, { cookie: bob!, ...SAME })).status, 404);
});

test('what changes something by cookie must come from a page of ours', async (t) => {
  const app = await start(t, keys);
  const cookie = await signIn(app, 'root');
  const { host, origin } = new URL(app.ingress.url);
  const body = JSON.stringify({ user_id: 'alice', text: 'Hi' });
  const post = async (headers: Record<string, string>) => {
    const typed = { host, 'content-type': 'application/json', cookie, ...headers };
    return (await rawCall(app.ingress.url, { method: 'POST', path: '/chat', headers: typed, body })).status;
  };
  for (const ours of [SAME, { 'sec-fetch-site': 'none' }, { origin }, { ...SAME, origin }])
    t.is(await post(ours as Record<string, string>), 202, JSON.stringify(ours));
  for (const foreign of [
    {},
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site', origin },
    { origin: 'https://evil.example' },
    { origin: 'http://localhost:3000' },
    { origin: 'null' },
    { ...SAME, origin: 'https://evil.example' },
  ])
    t.is(await post(foreign as Record<string, string>), 403, JSON.stringify(foreign));
  t.is(app.asked.length, 4);
  // Reading needs no such proof, and a key is never sent by a browser on its own.
  t.is((await app.call('GET', '/metrics', undefined, { cookie })).status, 200);
  t.is(await post({ cookie: '', authorization: `Bearer ${keyOf('root')}` }), 202);
});

test('with both, the key counts and not the cookie', async (t) => {
  const app = await start(t, keys);
  const cookie = await signIn(app, 'root');
  const headers = { cookie, authorization: `Bearer ${keyOf('alice')}` };
  t.is((await app.call('GET', '/session', undefined, headers)).json['name'], 'alice');
  t.is((await app.call('GET', '/session', undefined, { cookie, authorization: 'Bearer nope' })).status, 401);
});

test('signing out removes the cookie', async (t) => {
  const { call } = await start(t, keys);
  const { status, headers } = await call('DELETE', '/session');
  t.is(status, 204);
  t.regex(headers.getSetCookie()[0]!, /^turnkeeper_session=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/);
});

test('a session holds at every ingress, and ends with its key', async (t) => {
  const cookie = await signIn(await start(t, keys), 'kim');
  const status = async (changed: object) =>
    (await (await start(t, { ...keys, ...changed })).call('GET', '/session', undefined, { cookie })).status;
  t.is(await status({}), 200);
  t.is(await status({ apiKeys: apiKeys.filter(({ name }) => name !== 'kim') }), 401, 'removed');
  const replaced = { name: 'kim', role: 'reviewer', sha256: sha256('another') };
  t.is(await status({ apiKeys: [replaced] }), 401, 'replaced');
  t.is(await status({ apiKeys: [{ ...replaced, role: 'admin', sha256: sha256(keyOf('kim')) }] }), 401, 'other role');
  t.is(await status({ sessionSecret: new Uint8Array(32).fill(8) }), 401, 'another deployment');
});

test('cookies that are forged, changed or old count for nothing', async (t) => {
  const app = await start(t, keys);
  const value = (await signIn(app, 'kim')).split('=')[1]!;
  const [header, payload, signature] = value.split('.') as [string, string, string];
  const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const kid = (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
  const forge = (secret: Uint8Array, until: number) =>
    new SignJWT()
      .setProtectedHeader({ alg: 'HS256', kid })
      .setAudience('turnkeeper session')
      .setExpirationTime(until)
      .sign(secret);
  const far = Math.floor(Date.now() / 1_000) + 9_999_999;
  const forged = [
    '',
    'x',
    'a.b.c',
    `${header}.${encode({ aud: 'turnkeeper session', exp: far })}.${signature}`,
    `${encode({ alg: 'none', kid })}.${payload}.`,
    `${header}.${payload}.${signature.slice(0, -2)}AA`,
    // Who has read the settings, or the database, but not both.
    await forge(Buffer.from(sha256(keyOf('kim')), 'hex'), far),
    await forge(SESSION_SECRET, far),
  ];
  for (const each of forged) {
    const reply = await app.call('GET', '/session', undefined, { cookie: `turnkeeper_session=${each}` });
    t.is(reply.status, 401, each);
  }
});

test('a session ends after twelve hours', async (t) => {
  let ms = Date.parse('2026-01-01T00:00:00Z');
  const sessions = authenticateByKey(apiKeys, SESSION_SECRET, () => new Date(ms));
  const { cookie, until } = (await sessions.signIn(keyOf('kim')))!;
  t.deepEqual(until, new Date('2026-01-01T12:00:00Z'));
  ms = until.getTime() - 1_000;
  t.like(await sessions.cookie(cookie), { name: 'kim', until });
  ms = until.getTime() + 1_000;
  await t.throwsAsync(() => sessions.cookie(cookie), { message: /ended/ });
});

test('without authentication there is nothing to sign in to', async (t) => {
  const { call } = await start(t);
  const { status, headers } = await call('POST', '/session', { key: 'anything' });
  t.is(status, 204);
  t.deepEqual(headers.getSetCookie(), []);
  t.deepEqual((await call('GET', '/session')).json, { name: 'anonymous', role: 'admin', user_id: null, auth: 'none' });
});
