// AUTH=jwt: tokens of an issuer that publishes its keys over HTTP, and all kinds of invalid tokens.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import test, { type ExecutionContext } from 'ava';
import { start, type Fixture } from './support/ingress.ts';

const AUDIENCE = 'turnkeeper';
const NAMES = { issuer: 'https://issuer.example', audience: AUDIENCE, roleClaim: 'turnkeeper_role' };

interface KeyPair {
  readonly kid: string;
  readonly alg: string;
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

const keyPair = async (kid: string, alg = 'RS256'): Promise<KeyPair> => ({
  kid,
  alg,
  ...(await generateKeyPair(alg, { extractable: true })),
});

/** Starts an issuer that publishes its keys over HTTP. */
async function startIssuer(t: ExecutionContext, pairs: readonly KeyPair[]) {
  const issuer = { pairs: [...pairs], unavailable: false, requests: 0 };
  const server = createServer((_, response) => {
    issuer.requests += 1;
    const publish = async () => {
      const keys: JWK[] = await Promise.all(
        issuer.pairs.map(async ({ kid, alg, publicKey }) => ({
          ...(await exportJWK(publicKey)),
          kid,
          alg,
          use: 'sig',
        })),
      );
      response.writeHead(issuer.unavailable ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys }));
    };
    void publish();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  return Object.assign(issuer, { url });
}

const now = () => Math.floor(Date.now() / 1_000);

/** Signs a token that is valid unless `claims` or `header` change it. */
function sign(
  { kid, alg, privateKey }: KeyPair,
  claims: Record<string, unknown> = {},
  header: object = {},
): Promise<string> {
  const valid = {
    iss: NAMES.issuer,
    aud: AUDIENCE,
    sub: 'kim',
    turnkeeper_role: 'reviewer',
    iat: now(),
    exp: now() + 600,
  };
  const payload = Object.fromEntries(
    Object.entries({ ...valid, ...claims }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
}

async function startWithIssuer(t: ExecutionContext, pairs: readonly KeyPair[], cooldownMs?: number) {
  const issuer = await startIssuer(t, pairs);
  const tokens = { ...NAMES, jwksUrl: issuer.url, ...(cooldownMs !== undefined && { cooldownMs }) };
  return { issuer, app: await start(t, { auth: 'jwt', tokens }) };
}

const getWith = ({ call }: Fixture, token: string, path = '/session') =>
  call('GET', path, undefined, { authorization: `Bearer ${token}` });

test('a claim contains the role, and the subject is the name of the caller', async (t) => {
  const key = await keyPair('one');
  const { app, issuer } = await startWithIssuer(t, [key]);
  const cases = [
    [{ turnkeeper_role: 'reviewer' }, { name: 'kim', role: 'reviewer', user_id: null }],
    [{ turnkeeper_role: 'service' }, { name: 'kim', role: 'service', user_id: null }],
    [{ turnkeeper_role: 'admin' }, { name: 'kim', role: 'admin', user_id: null }],
    [
      { turnkeeper_role: 'user', sub: 'alice@example.org' },
      { name: 'alice@example.org', role: 'user', user_id: 'alice@example.org' },
    ],
    [
      { turnkeeper_role: 'user:alice', sub: 'auth0|77' },
      { name: 'auth0|77', role: 'user', user_id: 'alice' },
    ],
    [{ aud: ['other', AUDIENCE] }, { name: 'kim', role: 'reviewer', user_id: null }],
  ] as const;
  for (const [claims, identity] of cases) {
    const { status, json } = await getWith(app, await sign(key, claims));
    t.is(status, 200, JSON.stringify(json));
    t.deepEqual(json, { ...identity, auth: 'jwt' });
  }
  t.is(issuer.requests, 1, 'the keys are read once');
  t.is((await getWith(app, await sign(key), '/reviews')).status, 200);
  t.is((await getWith(app, await sign(key), '/metrics')).status, 403);
});

for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']) {
  test(`a token signed with ${alg} is accepted`, async (t) => {
    const key = await keyPair('one', alg);
    const { app } = await startWithIssuer(t, [key]);
    t.is((await getWith(app, await sign(key))).status, 200);
  });
}

test('invalid tokens of every kind are rejected', async (t) => {
  const [key, otherKey] = await Promise.all([keyPair('one'), keyPair('one')]);
  const { app } = await startWithIssuer(t, [key]);
  const valid = await sign(key);
  const [header, payload, signature] = valid.split('.') as [string, string, string];
  const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as JWTPayload;
  const spki = new TextEncoder().encode(await exportSPKI(key.publicKey));
  const signedWithPublicKey = new SignJWT(read(payload)).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(spki);
  const invalid: Record<string, string> = {
    expired: await sign(key, { exp: now() - 60 }),
    'not yet valid': await sign(key, { nbf: now() + 60 }),
    'no expiry': await sign(key, { exp: undefined }),
    'wrong issuer': await sign(key, { iss: 'https://evil.example' }),
    'no issuer': await sign(key, { iss: undefined }),
    'wrong audience': await sign(key, { aud: 'other' }),
    'no audience': await sign(key, { aud: undefined }),
    'no subject': await sign(key, { sub: undefined }),
    'empty subject': await sign(key, { sub: '' }),
    'long subject': await sign(key, { sub: 'x'.repeat(201) }),
    'subject with NUL': await sign(key, { sub: 'a\0b' }),
    'no signature': `${encode({ alg: 'none' })}.${payload}.`,
    'no signature, with a key id': `${encode({ alg: 'none', kid: 'one' })}.${payload}.${signature}`,
    'public key as HMAC secret': await signedWithPublicKey,
    'unknown key id': await sign(key, {}, { kid: 'two' }),
    'another key with the same key id': await sign(otherKey),
    'another algorithm with the same key id': `${encode({ alg: 'PS256', kid: 'one' })}.${payload}.${signature}`,
    'an unknown critical extension': `${encode({ alg: 'RS256', kid: 'one', crit: ['new'], new: 1 })}.${payload}.${signature}`,
    'changed payload': `${header}.${encode({ ...read(payload), turnkeeper_role: 'admin' })}.${signature}`,
    'payload is not an object': `${header}.${Buffer.from('7').toString('base64url')}.${signature}`,
    malformed: 'nope',
    'two parts': `${header}.${payload}`,
    'invalid Base64': `${header}.${payload}.***`,
    'header is not JSON': `x.${payload}.${signature}`,
  };
  for (const [name, token] of Object.entries(invalid)) {
    const { status, json, headers } = await getWith(app, token);
    t.is(status, 401, `${name}: ${JSON.stringify(json)}`);
    t.is(json['code'], 'unauthorized', name);
    t.regex(headers.get('www-authenticate')!, /^Bearer .*invalid_token/, name);
  }
  t.is((await getWith(app, valid)).status, 200, 'the valid token is still accepted');
  t.false(JSON.stringify(app.lines).includes(signature));
});

test('a valid token without a valid role is answered 403', async (t) => {
  const key = await keyPair('one');
  const { app } = await startWithIssuer(t, [key]);
  for (const turnkeeper_role of [
    undefined,
    '',
    'king',
    'user:',
    'user:no spaces',
    ['admin'],
    { admin: true },
    1,
    null,
  ]) {
    const { status, json } = await getWith(app, await sign(key, { turnkeeper_role }));
    t.is(status, 403, JSON.stringify(turnkeeper_role));
    t.is(json['code'], 'forbidden');
  }
});

test('a subject that is not a valid user id becomes a user id that is derived from it', async (t) => {
  const key = await keyPair('one');
  const { app } = await startWithIssuer(t, [key]);
  const session = async (sub: string) => getWith(app, await sign(key, { turnkeeper_role: 'user', sub }));
  const mapped = (sub: string) => `sub_${createHash('sha256').update(sub).digest('base64url')}`;
  t.is(mapped('auth0|abc'), 'sub_xdCadxYzMuh81n9P3sCBYHBamnOUC5pFkbS28ctTph0');
  for (const sub of ['auth0|abc', 'google-oauth2|1', 'no user id', 'Zoë', 'a/b', 'x'.repeat(129), '{"a":1}', ' kim']) {
    const { status, json } = await session(sub);
    t.is(status, 200, sub);
    t.deepEqual(json, { name: sub, role: 'user', user_id: mapped(sub), auth: 'jwt' });
  }
  // A name is stored, so it must be short and storable.
  for (const sub of ['x'.repeat(500), 'a\0b'])
    t.like((await session(sub)).json, { name: mapped(sub), user_id: mapped(sub) });
  t.like((await session('kim')).json, { user_id: 'kim' });
  const { turnId } = app.add({ userId: mapped('auth0|abc') });
  const token = await sign(key, { turnkeeper_role: 'user', sub: 'auth0|abc' });
  t.is((await getWith(app, token, `/turns/${turnId}`)).status, 200);
});

test('a subject in the form of a mapped user id is rejected with an error that names sub', async (t) => {
  const key = await keyPair('one');
  const { app } = await startWithIssuer(t, [key]);
  const forged = `sub_${'A'.repeat(43)}`;
  const { status, json } = await getWith(app, await sign(key, { turnkeeper_role: 'user', sub: forged }));
  t.is(status, 401);
  t.regex(json['detail'] as string, /claim sub/);
  t.is((await getWith(app, await sign(key, { turnkeeper_role: 'user', sub: 'sub_short' }))).status, 200);
  t.is((await getWith(app, await sign(key, { turnkeeper_role: 'user', sub: 'a\ud800' }))).status, 401);
});

test('while the keys of the issuer are unavailable, a token is answered 503 and not 401', async (t) => {
  const key = await keyPair('one');
  const { app, issuer } = await startWithIssuer(t, [key], 0);
  issuer.unavailable = true;
  const { status, json, headers } = await getWith(app, await sign(key));
  t.is(status, 503);
  t.is(json['code'], 'issuer_unavailable');
  t.is(headers.get('retry-after'), '5');
  issuer.unavailable = false;
  t.is((await getWith(app, await sign(key))).status, 200);
  // A cached key needs no issuer.
  issuer.unavailable = true;
  t.is((await getWith(app, await sign(key))).status, 200);
});

test('a new key is found, a withdrawn key is rejected, and unknown key ids do not cause repeated requests to the issuer', async (t) => {
  const [one, two, three] = await Promise.all([keyPair('one'), keyPair('two'), keyPair('three')]);
  const { app, issuer } = await startWithIssuer(t, [one], 300);
  t.is((await getWith(app, await sign(one))).status, 200);
  for (let n = 0; n < 20; n += 1) await getWith(app, await sign(three));
  t.true(issuer.requests <= 3, `${issuer.requests}`);
  issuer.pairs = [two];
  const deadline = Date.now() + 10_000;
  let status = 0;
  while (status !== 200 && Date.now() < deadline) ({ status } = await getWith(app, await sign(two)));
  t.is(status, 200, 'the new key');
  t.is((await getWith(app, await sign(one))).status, 401, 'the old key');
});

test('a sign-in with a token sets a cookie that expires with the token', async (t) => {
  const key = await keyPair('one');
  const { app } = await startWithIssuer(t, [key]);
  const token = await sign(key, { exp: now() + 300 });
  const { status, headers } = await app.call('POST', '/session', { key: token });
  t.is(status, 204);
  const cookie = headers.getSetCookie()[0]!;
  t.regex(cookie, /HttpOnly; SameSite=Strict; Max-Age=(29\d|30\d)$/);
  const by = { cookie: cookie.split(';')[0]! };
  t.is((await app.call('GET', '/session', undefined, by)).json['name'], 'kim');
  t.is((await app.call('POST', '/session', { key: 'nope' })).status, 401);
  t.is((await app.call('POST', '/session', { key: await sign(key, { more: 'x'.repeat(4_000) }) })).status, 400);
});

test('a long poll ends when the token expires', async (t) => {
  const key = await keyPair('one');
  const { app } = await startWithIssuer(t, [key]);
  const { turnId } = app.add({ userId: 'alice' });
  const token = await sign(key, { turnkeeper_role: 'user:alice', exp: now() + 2 });
  const startedAt = performance.now();
  const { status, json } = await getWith(app, token, `/turns/${turnId}?wait=60`);
  t.is(status, 200);
  t.is(json['status'], 'queued');
  t.true(performance.now() - startedAt < 30_000);
});
