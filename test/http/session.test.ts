// Sign-in with a key: the cookie, its rights and its expiry.
import { SignJWT } from 'jose';
import test from 'ava';
import { authenticateByKey } from '../../src/http/auth/authenticate-by-key.ts';
import { keyOf, rawCall, SESSION_SECRET, sha256, start } from './support/ingress.ts';

const ROLES = { alice: 'user:alice', bob: 'user:bob', kim: 'reviewer', root: 'admin' };
const apiKeys = Object.entries(ROLES).map(([name, role]) => ({ name, role, sha256: sha256(keyOf(name)) }));
const keys = { auth: 'keys', apiKeys } as const;
const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

type Started = Awaited<ReturnType<typeof start>>;

async function signIn({ call }: Started, name: string): Promise<string> {
  const { status, headers } = await call('POST', '/session', { key: keyOf(name) });
  if (status !== 204) throw new Error(`${status}`);
  return headers.getSetCookie()[0]!.split(';')[0]!;
}

test('a sign-in sets a cookie with HttpOnly and SameSite=Strict', async (t) => {
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

test('the cookie is Secure if the client uses TLS, also behind a proxy', async (t) => {
  const { ingress } = await start(t, keys);
  const { host } = new URL(ingress.url);
  const body = JSON.stringify({ key: keyOf('kim') });
  for (const more of [{ 'x-forwarded-proto': 'https' }, { origin: `https://${host}` }]) {
    const headers = { 'content-type': 'application/json', host, ...(more as Record<string, string>) };
    const reply = await rawCall(ingress.url, { method: 'POST', path: '/session', headers, body });
    t.regex(reply.headers['set-cookie']![0]!, /; Secure$/);
  }
});

test('an invalid key is answered 401 without a cookie, an invalid body 400', async (t) => {
  const { call } = await start(t, keys);
  const wrong = await call('POST', '/session', { key: 'nope' });
  t.is(wrong.status, 401);
  t.deepEqual(wrong.headers.getSetCookie(), []);
  for (const body of [{}, { key: 7 }, { key: '' }, { key: 'a b' }, { key: 'x', more: 1 }])
    t.is((await call('POST', '/session', body)).status, 400, JSON.stringify(body));
});

test('a session has the rights of its key', async (t) => {
  const app = await start(t, keys);
  const [alice, bob, kim] = await Promise.all(['alice', 'bob', 'kim'].map((name) => signIn(app, name)));
  const get = async (path: string, cookie: string) => (await app.call('GET', path, undefined, { cookie })).status;
  t.is(await get('/memories/alice', alice!), 200);
  t.is(await get('/memories/alice', bob!), 404);
  t.is(await get('/reviews', alice!), 403);
  t.is(await get('/reviews', kim!), 200);
  t.is(await get('/memories/alice', kim!), 403);
  const chat = { user_id: 'alice', text: 'Hi' };
  t.is((await app.call('POST', '/chat', chat, { cookie: alice!, ...SAME_ORIGIN })).status, 202);
  t.is((await app.call('POST', '/chat', chat, { cookie: bob!, ...SAME_ORIGIN })).status, 404);
});

test('a request that changes data and has a cookie must come from a page of this server', async (t) => {
  const app = await start(t, keys);
  const cookie = await signIn(app, 'root');
  const { host, origin } = new URL(app.ingress.url);
  const body = JSON.stringify({ user_id: 'alice', text: 'Hi' });
  const post = async (headers: Record<string, string>) => {
    const typed = { host, 'content-type': 'application/json', cookie, ...headers };
    return (await rawCall(app.ingress.url, { method: 'POST', path: '/chat', headers: typed, body })).status;
  };
  for (const own of [SAME_ORIGIN, { 'sec-fetch-site': 'none' }, { origin }, { ...SAME_ORIGIN, origin }])
    t.is(await post(own as Record<string, string>), 202, JSON.stringify(own));
  for (const foreign of [
    {},
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site', origin },
    { origin: 'https://evil.example' },
    { origin: 'http://localhost:3000' },
    { origin: 'null' },
    { ...SAME_ORIGIN, origin: 'https://evil.example' },
  ])
    t.is(await post(foreign as Record<string, string>), 403, JSON.stringify(foreign));
  t.is(app.accepts.length, 4);
  // A GET needs no proof of origin. A request with a key needs none either, because browsers never add a key.
  t.is((await app.call('GET', '/metrics', undefined, { cookie })).status, 200);
  t.is(await post({ cookie: '', authorization: `Bearer ${keyOf('root')}` }), 202);
});

test('a key takes precedence over a cookie', async (t) => {
  const app = await start(t, keys);
  const cookie = await signIn(app, 'root');
  const headers = { cookie, authorization: `Bearer ${keyOf('alice')}` };
  t.is((await app.call('GET', '/session', undefined, headers)).json['name'], 'alice');
  t.is((await app.call('GET', '/session', undefined, { cookie, authorization: 'Bearer nope' })).status, 401);
});

test('a sign-out removes the cookie', async (t) => {
  const { call } = await start(t, keys);
  const { status, headers } = await call('DELETE', '/session');
  t.is(status, 204);
  t.regex(headers.getSetCookie()[0]!, /^turnkeeper_session=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/);
});

test('a session is valid at every ingress, and ends with its key', async (t) => {
  const cookie = await signIn(await start(t, keys), 'kim');
  const status = async (changes: object) =>
    (await (await start(t, { ...keys, ...changes })).call('GET', '/session', undefined, { cookie })).status;
  t.is(await status({}), 200);
  t.is(await status({ apiKeys: apiKeys.filter(({ name }) => name !== 'kim') }), 401, 'removed');
  const replaced = { name: 'kim', role: 'reviewer', sha256: sha256('another') };
  t.is(await status({ apiKeys: [replaced] }), 401, 'replaced');
  t.is(await status({ apiKeys: [{ ...replaced, role: 'admin', sha256: sha256(keyOf('kim')) }] }), 401, 'other role');
  t.is(await status({ sessionSecret: new Uint8Array(32).fill(8) }), 401, 'another deployment');
});

test('forged and modified cookies are rejected', async (t) => {
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
    // Signed by an attacker who knows the settings or the database, but not both.
    await forge(Buffer.from(sha256(keyOf('kim')), 'hex'), far),
    await forge(SESSION_SECRET, far),
  ];
  for (const each of forged) {
    const reply = await app.call('GET', '/session', undefined, { cookie: `turnkeeper_session=${each}` });
    t.is(reply.status, 401, each);
  }
});

test('a session ends after 12 hours', async (t) => {
  let ms = Date.parse('2026-01-01T00:00:00Z');
  const sessions = authenticateByKey(apiKeys, SESSION_SECRET, () => new Date(ms));
  const { cookie, until } = (await sessions.signIn(keyOf('kim')))!;
  t.deepEqual(until, new Date('2026-01-01T12:00:00Z'));
  ms = until.getTime() - 1_000;
  t.like(await sessions.cookie(cookie), { name: 'kim', until });
  ms = until.getTime() + 1_000;
  await t.throwsAsync(() => sessions.cookie(cookie), { message: /ended/ });
});

test('without authentication a sign-in sets no cookie', async (t) => {
  const { call } = await start(t);
  const { status, headers } = await call('POST', '/session', { key: 'anything' });
  t.is(status, 204);
  t.deepEqual(headers.getSetCookie(), []);
  t.deepEqual((await call('GET', '/session')).json, { name: 'anonymous', role: 'admin', user_id: null, auth: 'none' });
});
