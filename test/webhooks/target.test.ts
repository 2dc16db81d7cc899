import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn } from '../support/client.ts';
import { post } from '../../src/webhooks/post.ts';
import { resolverFor } from '../../src/outbound/names.ts';
import { faultOfUrl, isPublic } from '../../src/domain/outbound/target.ts';
import { waitForDelivery, PRIVATE, register, startReceiver, status } from './support.ts';

const PUBLIC = '93.184.216.34';
const publicName = async () => [PUBLIC];

const FORBIDDEN = [
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '168.63.129.16',
  '169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.88.99.1',
  '192.168.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '224.0.0.1', '239.255.255.250', '240.0.0.1',
  '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8',
  '::ffff:7f00:1', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1',
  '2002:7f00:1::', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '4000::1', '5f00::1',
  '3fff::1', 'localhost', '', '1.2.3', 'example.com',
]; // prettier-ignore

test('private, loopback, reserved and malformed addresses are not public', (t) => {
  for (const address of FORBIDDEN) t.false(isPublic(address), address);
  for (const address of [PUBLIC, '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::200e'])
    t.true(isPublic(address), address);
});

test('a webhook URL needs https and no credentials, and http is allowed only with private addresses', (t) => {
  const bad = ['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'example.com', '//example.com', ''];
  for (const url of [...bad, 'https://me:secret@example.com/', 'https://me@example.com/', 'https://example.com/#x'])
    t.truthy(faultOfUrl(url, false), url);
  t.is(faultOfUrl('https://example.com:8443/hook?token=x', false), null);
  t.is(faultOfUrl('http://127.0.0.1:9/', true), null);
  for (const url of ['ftp://example.com/', 'http://me:secret@127.0.0.1/']) t.truthy(faultOfUrl(url, true), url);
});

/** All notations of private addresses in a URL, names that resolve to one, and URLs that are invalid for a webhook. */
const REFUSED = [
  'https://127.0.0.1/', 'https://127.1/', 'https://2130706433/', 'https://0x7f000001/', 'https://0x7f.1/',
  'https://0177.0.0.1/', 'https://017700000001/', 'https://0/', 'https://169.254.169.254/latest/meta-data/',
  'https://0xa9fea9fe/', 'https://2852039166/', 'https://10.0.0.1:443/', 'https://192.168.0.1/', 'https://100.64.0.1/',
  'https://[::1]/', 'https://[::]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/', 'https://[fe80::1]/',
  'https://[fd00:ec2::254]/', 'https://[64:ff9b::a9fe:a9fe]/', 'https://①②⑦.⓪.⓪.①/', 'https://127。0。0。1/',
  'https://localhost/', 'https://localhost./', 'https://LOCALHOST/', 'https://some.internal/', 'https://both.example/',
  'https://v6.example/', 'https://nowhere.example/', 'http://public.example/', 'https://me:pw@public.example/',
  'ftp://public.example/', 'public.example', 'https://', 'https://public.example:99999/',
]; // prettier-ignore

const NAMES: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'some.internal': ['10.1.2.3'],
  'both.example': [PUBLIC, '127.0.0.1'],
  'v6.example': ['2606:4700::1111', '::ffff:127.0.0.1'],
  'public.example': [PUBLIC],
};
const resolveNames = async (host: string): Promise<readonly string[]> => {
  const found = NAMES[host];
  if (!found) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  return found;
};

test('a URL that leads to a private, loopback or metadata address cannot be registered', async (t) => {
  const { url } = await startApp(t, { resolveNames });
  const good = await call(url, '/webhooks', { body: { url: 'https://public.example/hook' } });
  t.is(good.status, 201);
  for (const refused of REFUSED) {
    for (const [method, path] of [
      ['POST', '/webhooks'],
      ['PATCH', `/webhooks/${good.body['webhook_id'] as string}`],
    ] as const) {
      const { status: code, body } = await call(url, path, { method, body: { url: refused } });
      t.is(code, 400, `${method} ${refused}`);
      t.is(body['code'], 'invalid_request');
      t.is((body['errors'] as { pointer: string }[])[0]!.pointer, '/url', refused);
    }
  }
  t.is(((await call(url, '/webhooks')).body['items'] as unknown[]).length, 1);
});

test('localhost is refused with the resolver of the system', async (t) => {
  const { url } = await startApp(t);
  for (const refused of ['https://localhost/', 'https://localhost./', 'https://127.1/'])
    t.is((await call(url, '/webhooks', { body: { url: refused } })).status, 400, refused);
});

test('nothing is sent to a name that was public at registration and is private at delivery', async (t) => {
  const receiver = await startReceiver(t);
  let addresses: readonly string[] = [PUBLIC];
  let lookups = 0;
  const { url } = await startApp(t, {
    resolveNames: async () => {
      lookups += 1;
      return addresses;
    },
  });
  const port = new URL(receiver.url).port;
  const hook = await register(url, { url: `https://rebind.example:${port}/hook` });
  t.is(lookups, 1);
  addresses = ['127.0.0.1'];
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
  const refused = await waitForDelivery(url, hook, ({ last_error: error }) => error !== null);
  t.is(refused.last_error, 'Nothing was sent: the URL points to an address that is not public.');
  t.is(refused.last_status, null);
  t.is(receiver.received.length, 0);
});

test('each attempt resolves the name once and connects to the checked address', async (t) => {
  const receiver = await startReceiver(t);
  const { port } = new URL(receiver.url);
  const answers = [['127.0.0.1'], ['127.0.0.9']];
  let lookups = 0;
  const resolve = resolverFor(true, async () => answers[lookups++]!);
  const message = { url: `http://rebind.invalid:${port}/hook`, headers: {}, body: '{}' };
  t.deepEqual(await post(message, { allowPrivate: true, resolve }), { status: 204, error: null });
  t.is(lookups, 1);
  t.is(receiver.received[0]!.headers['host'], `rebind.invalid:${port}`);
});

test('redirects are not followed', async (t) => {
  const [receiver, inside] = [await startReceiver(t), await startReceiver(t)];
  const { url } = await startApp(t, { settings: PRIVATE });
  for (const code of [301, 302, 303, 307, 308]) {
    receiver.answer = status(code, { location: inside.url });
    const hook = await register(url, { url: receiver.url, user_id: `user-${code}` });
    await waitForTurn(url, (await chat(url, { user_id: `user-${code}`, text: 'hello' })).turn_id);
    const failed = await waitForDelivery(url, hook, ({ last_error: error }) => error !== null);
    t.is(failed.last_error, `The receiver answered ${code}; redirects are not followed.`);
    t.is(failed.status, 'pending');
  }
  t.is(inside.received.length, 0);
});

const messageTo = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{"type":"x"}' });
const LOCAL = { allowPrivate: true, resolve: resolverFor(true) };

test('an attempt ends in time if the response never starts or never ends', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answer = () => {};
  const silent = await post(messageTo(receiver.url), { ...LOCAL, timeoutMs: 300 });
  t.deepEqual(silent, { status: null, error: 'The receiver did not respond within 0.3 s.' });
  receiver.answer = (response) => void response.writeHead(200).write('a little');
  t.deepEqual(await post(messageTo(receiver.url), { ...LOCAL, timeoutMs: 300 }), { status: 200, error: null });
  let written = 0;
  let disconnect: (() => void) | undefined;
  const disconnected = new Promise<void>((resolve) => {
    disconnect = resolve;
  });
  receiver.answer = (response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) written += 64 * 1024;
    };
    response.on('drain', more).on('close', () => disconnect!());
    more();
  };
  t.deepEqual(await post(messageTo(receiver.url), LOCAL), { status: 200, error: null });
  await disconnected;
  t.true(written < 64 * 1024 * 1024, `${written} bytes were read`);
});

test('an attempt fails if its name does not resolve, or not in time', async (t) => {
  const never = { allowPrivate: false, resolve: () => new Promise<never>(() => {}), timeoutMs: 100 };
  t.regex((await post(messageTo('https://slow.example/'), never)).error!, /did not respond within/);
  const none = await post(messageTo('https://nowhere.example/'), { allowPrivate: false, resolve: resolveNames });
  t.is(none.error, 'The receiver could not be reached (ENOTFOUND).');
  const privateAddress = await post(messageTo('https://10.0.0.1/'), {
    allowPrivate: false,
    resolve: resolverFor(false, publicName),
  });
  t.regex(privateAddress.error!, /not public/);
});
