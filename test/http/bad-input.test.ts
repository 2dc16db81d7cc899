// Invalid input is answered with problem+json that lists all errors, never with 500, and no turn is accepted.
import test from 'ava';
import { pointersOf, rawCall, start, type Json } from './support/ingress.ts';

const GOOD = { user_id: 'alice', text: 'Hi' };
const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });

/** Bodies of POST /chat, and the pointers of their errors. */
const BODIES: readonly [string, unknown, string[]][] = [
  ['an empty object', {}, ['/text', '/user_id']],
  ['an array', [], ['']],
  ['null', null, ['']],
  ['a string', '"hi"', ['']],
  ['a number', 3, ['']],
  ['user_id with the wrong type', { ...GOOD, user_id: 7 }, ['/user_id']],
  ['user_id empty', { ...GOOD, user_id: '' }, ['/user_id']],
  ['user_id too long', { ...GOOD, user_id: 'a'.repeat(129) }, ['/user_id']],
  ['user_id with a slash', { ...GOOD, user_id: 'a/b' }, ['/user_id']],
  ['user_id with a trailing newline', { ...GOOD, user_id: 'alice\n' }, ['/user_id']],
  ['text null', { ...GOOD, text: null }, ['/text']],
  ['text empty', { ...GOOD, text: '' }, ['/text']],
  ['text too long', { ...GOOD, text: 'a'.repeat(32_001) }, ['/text']],
  ['text with NUL', { ...GOOD, text: 'a\0b' }, ['/text']],
  ['text with a lone surrogate', { ...GOOD, text: 'a\ud800' }, ['/text']],
  ['metadata is an array', { ...GOOD, metadata: [] }, ['/metadata']],
  ['metadata is null', { ...GOOD, metadata: null }, ['/metadata']],
  ['session_id is not a UUID', { ...GOOD, metadata: { session_id: 'x' } }, ['/metadata/session_id']],
  ['session_id is null', { ...GOOD, metadata: { session_id: null } }, ['/metadata/session_id']],
  ['metadata too large', { ...GOOD, metadata: { a: 'é'.repeat(2100) } }, ['/metadata']],
  ['metadata too deep', { ...GOOD, metadata: deep(9) }, ['/metadata']],
  [
    'metadata far too deep',
    `{"user_id":"alice","text":"Hi","metadata":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
    ['/metadata'],
  ],
  ['NUL in nested metadata', { ...GOOD, metadata: { a: [{ 'b/c': 'x\0' }] } }, ['/metadata/a/0/b~1c']],
  ['a lone surrogate in a key', { ...GOOD, metadata: { a: { '\udc00': 1 } } }, ['/metadata/a']],
  [
    '__proto__ in metadata',
    '{"user_id":"alice","text":"Hi","metadata":{"__proto__":{"admin":true}}}',
    ['/metadata/__proto__'],
  ],
  ['__proto__ as a field', '{"user_id":"alice","text":"Hi","__proto__":{"text":"x"}}', ['/__proto__']],
  ['escaped __proto__', String.raw`{"user_id":"alice","text":"Hi","\u005f_proto__":1}`, ['/__proto__']],
  ['constructor as a field', { ...GOOD, constructor: 1 }, ['/constructor']],
  ['tags is not an array', { ...GOOD, tags: 'a' }, ['/tags']],
  ['a tag with the wrong type', { ...GOOD, tags: ['a', 1] }, ['/tags/1']],
  ['a tag that is too long', { ...GOOD, tags: ['a'.repeat(65)] }, ['/tags/0']],
  ['an empty tag', { ...GOOD, tags: [''] }, ['/tags/0']],
  ['too many tags', { ...GOOD, tags: Array.from({ length: 17 }, () => 'a') }, ['/tags']],
  ['on_busy unknown', { ...GOOD, on_busy: 'wait' }, ['/on_busy']],
  ['unknown fields', { ...GOOD, seq: 1, status: 'completed', 'a/b': 1 }, ['/a~1b', '/seq', '/status']],
  [
    'several errors',
    { user_id: '', text: 4, metadata: { session_id: 1 }, tags: [1, 2], on_busy: 0, role: 'admin' },
    ['/metadata/session_id', '/on_busy', '/role', '/tags/0', '/tags/1', '/text', '/user_id'],
  ],
];

for (const [title, body, pointers] of BODIES) {
  test(`POST /chat: ${title}`, async (t) => {
    const { call, accepts, errors } = await start(t);
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    const reply = await call('POST', '/chat', sent);
    t.is(reply.status, 400);
    t.is(reply.headers.get('content-type'), 'application/problem+json');
    t.like(reply.json, { type: '/docs/errors#invalid_request', status: 400, code: 'invalid_request' });
    t.deepEqual(pointersOf(reply), pointers);
    for (const { detail } of reply.json['errors'] as Json[]) t.truthy(detail);
    t.is(accepts.length, 0);
    t.deepEqual(errors(), []);
  });
}

const BROKEN: readonly [string, string | Buffer][] = [
  ['plain text', 'hello'],
  ['truncated JSON', '{"user_id":"alice","te'],
  ['JSON with a trailing comma', '{"user_id":"alice",}'],
  ['JSON with a raw newline in a string', '{"user_id":"alice","text":"a\nb"}'],
  ['invalid UTF-8', Buffer.from([...Buffer.from('{"user_id":"alice","text":"'), 0xff, 0xfe, ...Buffer.from('"}')])],
];

for (const [title, body] of BROKEN) {
  test(`a body of ${title} is answered 400 invalid_json`, async (t) => {
    const { ingress, accepts } = await start(t);
    const length = String(Buffer.byteLength(body));
    const headers = { 'content-type': 'application/json', 'content-length': length };
    const { status, text } = await rawCall(ingress.url, { method: 'POST', path: '/chat', headers, body });
    t.is(status, 400);
    t.is((JSON.parse(text) as Json)['code'], 'invalid_json');
    t.is(accepts.length, 0);
  });
}

test('U+FFFD is accepted like any other character', async (t) => {
  const { call } = await start(t);
  t.is((await call('POST', '/chat', { ...GOOD, text: 'a\ufffdb' })).status, 202);
});

for (const type of [
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/xml',
  'nonsense',
  'multipart/form-data; boundary=x',
]) {
  test(`content type ${type} is answered 415`, async (t) => {
    const { call, accepts } = await start(t);
    const { status, json } = await call('POST', '/chat', JSON.stringify(GOOD), { 'content-type': type });
    t.is(status, 415);
    t.is(json['code'], 'unsupported_media_type');
    t.is(accepts.length, 0);
  });
}

test('a compressed body is answered 415', async (t) => {
  const { call } = await start(t);
  t.is((await call('POST', '/chat', JSON.stringify(GOOD), { 'content-encoding': 'gzip' })).status, 415);
});

test('JSON types with a suffix or a charset are accepted', async (t) => {
  const { call } = await start(t);
  for (const type of ['application/json; charset=utf-8', 'application/cloudevents+json']) {
    t.is((await call('POST', '/chat', JSON.stringify(GOOD), { 'content-type': type })).status, 202);
  }
});

test('for a missing body the missing fields are reported', async (t) => {
  const { ingress } = await start(t);
  const { status, text } = await rawCall(ingress.url, { method: 'POST', path: '/chat' });
  t.is(status, 400);
  t.is(((JSON.parse(text) as Json)['errors'] as Json[]).length, 2);
});

const MEGABYTE = JSON.stringify({ ...GOOD, text: 'a'.repeat(1_000_000) });

for (const [title, headers] of [
  ['with a content length', { 'content-length': String(MEGABYTE.length) }],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
  [
    'with a content length, on a connection that closes',
    { 'content-length': String(MEGABYTE.length), connection: 'close' },
  ],
  ['in chunks, on a connection that closes', { 'transfer-encoding': 'chunked', connection: 'close' }],
] as const) {
  test(`a body of 1 MB ${title} is answered 413 without a connection reset`, async (t) => {
    const { ingress, accepts, errors } = await start(t);
    const sent = { 'content-type': 'application/json', ...headers } as Record<string, string>;
    const { status, text } = await rawCall(ingress.url, {
      method: 'POST',
      path: '/chat',
      headers: sent,
      body: MEGABYTE,
    });
    t.is(status, 413);
    t.is((JSON.parse(text) as Json)['code'], 'body_too_large');
    t.is(accepts.length, 0);
    t.deepEqual(errors(), []);
  });
}

/** Inputs of other operations, and the pointers of their errors. */
const OTHERS: readonly [string, string, unknown, Record<string, string>, string[]][] = [
  [
    'GET',
    '/users/al%20ice/turns?limit=0&limit=1&status=done&session_id=x&cursor=abc&colour=red',
    undefined,
    {},
    ['/path/user_id', '/query/colour', '/query/cursor', '/query/limit', '/query/session_id', '/query/status'],
  ],
  ['GET', '/users/alice/turns?limit=101', undefined, {}, ['/query/limit']],
  ['GET', '/users/alice/turns?limit=1e1', undefined, {}, ['/query/limit']],
  ['GET', '/users/alice/turns?status=%zz', undefined, {}, ['/query/status']],
  ['GET', '/users/alice/turns?__proto__=1', undefined, {}, ['/query/__proto__']],
  ['GET', '/users/alice/turns?cursor=bWVzc2FnZXM6MTox', undefined, {}, ['/query/cursor']],
  ['GET', '/users/alice/conversations?cursor=dHVybnM6MQ', undefined, {}, ['/query/cursor']],
  [
    'GET',
    '/users/alice/conversations?from=yesterday&to=2026-13-01&tag=%00',
    undefined,
    {},
    ['/query/from', '/query/tag', '/query/to'],
  ],
  ['GET', '/users/alice/conversations?from=2026-01-01T00:00:00', undefined, {}, ['/query/from']],
  ['GET', '/turns/%00?wait=61', undefined, {}, ['/path/turn_id', '/query/wait']],
  ['GET', '/turns/0190a000-0000-7000-8000-000000000000?wait=-1', undefined, {}, ['/query/wait']],
  ['GET', '/conversations/a%00b', undefined, {}, ['/path/session_id']],
  ['GET', '/readyz?verbose=maybe', undefined, {}, ['/query/verbose']],
  ['GET', '/health?x=1', undefined, {}, ['/query/x']],
  [
    'POST',
    '/chat?dry=1',
    { text: '' },
    { prefer: 'wait=x', 'idempotency-key': 'k'.repeat(256) },
    ['/header/idempotency-key', '/header/prefer', '/query/dry', '/text', '/user_id'],
  ],
  ['POST', '/chat', GOOD, { prefer: 'wait=61' }, ['/header/prefer']],
  ['POST', '/chat', GOOD, { 'idempotency-key': '""' }, ['/header/idempotency-key']],
  ['POST', '/chat', GOOD, { 'idempotency-key': '"open' }, ['/header/idempotency-key']],
  ['POST', '/memories/a%2Fb/initialize', {}, {}, ['/name', '/path/user_id', '/preferred_style', '/user_summary']],
  [
    'POST',
    '/memories/alice/initialize',
    { name: '', preferred_style: 1, user_summary: 'a\0', favourite_topics: [''], age: 3 },
    {},
    ['/age', '/favourite_topics/0', '/name', '/preferred_style', '/user_summary'],
  ],
  ['PATCH', '/memories/alice', {}, {}, ['']],
  ['PATCH', '/memories/alice', { version: 3 }, {}, ['', '/version']],
  ['PATCH', '/memories/alice', { name: null }, {}, ['/name']],
  ['POST', '/analytics/alice/initialize', { message_count: -1 }, {}, ['/message_count']],
  ['POST', '/analytics/alice/initialize', { message_count: 1.5 }, {}, ['/message_count']],
  ['POST', '/analytics/alice/initialize', { message_count: '5' }, {}, ['/message_count']],
  ['GET', '/analytics?from=2026-02-01&to=2026-01-01', undefined, {}, ['/query/from']],
  ['GET', '/analytics?from=2020-01-01&to=2026-01-01', undefined, {}, ['/query/from']],
];

for (const [method, path, body, headers, pointers] of OTHERS) {
  test(`${method} ${path} ${JSON.stringify(body ?? '')}${JSON.stringify(headers).slice(0, 40)}`, async (t) => {
    const { call, accepts, errors } = await start(t);
    const reply = await call(method, path, body, headers);
    t.is(reply.status, 400);
    t.is(reply.headers.get('content-type'), 'application/problem+json');
    t.deepEqual(pointersOf(reply), pointers);
    t.is(accepts.length, 0);
    t.deepEqual(errors(), []);
  });
}
