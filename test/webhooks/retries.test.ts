import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { ATTEMPTS, nextStep } from '../../src/domain/delivery-schedule.ts';
import { retryAfterMs } from '../../src/domain/retry-after.ts';
import {
  deliveriesOf,
  waitForDelivery,
  PRIVATE,
  register,
  startReceiver,
  status,
  makeDeliveriesDue,
  verified,
  type DeliveryJson,
  type WebhookJson,
} from './support.ts';

const HOUR_S = 3_600;

test('retries follow growing pauses for about a day, and the last failure makes the delivery dead', (t) => {
  const failed = { status: 500, error: 'no' };
  const gaps = (random: number) =>
    Array.from({ length: ATTEMPTS - 1 }, (_, n) => {
      const verdict = nextStep(n + 1, failed, random);
      return verdict.kind === 'retry' ? verdict.inS : NaN;
    });
  const total = (random: number) => gaps(random).reduce((sum, gap) => sum + gap, 0);
  t.deepEqual(gaps(0.5).map(Math.round), [5, 300, 1_800, 7_200, 18_000, 28_800, 28_800]);
  t.true(total(0) > 20 * HOUR_S && total(0.999) < 27 * HOUR_S);
  t.true(Math.abs(total(0.5) - 24 * HOUR_S) < HOUR_S);
  t.true(gaps(0)[0]! < gaps(0.9)[0]!, 'deliveries that failed together are not retried together');
  t.deepEqual(nextStep(ATTEMPTS, failed, 0.5), { kind: 'dead', disable: null });
  t.deepEqual(nextStep(ATTEMPTS, { status: 204, error: null }, 0.5), { kind: 'delivered' });
  t.like(nextStep(1, { status: 410, error: 'gone' }, 0.5), { kind: 'dead' });
});

/** Completes a turn and waits for its delivery to match `is`. */
async function deliverTurn(url: string, userId: string, hook: WebhookJson, is: (delivery: DeliveryJson) => boolean) {
  await waitForTurn(url, (await chat(url, { user_id: userId, text: 'hello' })).turn_id);
  return waitForDelivery(url, hook, is);
}

test('a retry waits as long as the receiver asks with 429 or 503, up to a maximum', (t) => {
  const inS = (attempts: number, status: number, retryAfterS: number | null) => {
    const next = nextStep(attempts, { status, error: 'no', ...(retryAfterS !== null && { retryAfterS }) }, 0.5);
    return next.kind === 'retry' ? Math.round(next.inS) : NaN;
  };
  for (const status of [429, 503]) {
    t.is(inS(1, status, 120), 120);
    t.is(inS(2, status, 120), 300, 'never sooner than the schedule');
    t.is(inS(1, status, 0), 5);
    t.is(inS(1, status, null), 5);
    t.is(inS(1, status, 1e9), 8 * HOUR_S);
    t.is(inS(7, status, 1e9), 8 * HOUR_S);
  }
  t.is(inS(1, 500, 120), 5, 'a receiver that failed does not know when it is back');
  t.deepEqual(nextStep(ATTEMPTS, { status: 429, error: 'no', retryAfterS: 1 }, 0.5), { kind: 'dead', disable: null });
});

test('Retry-After is seconds or a date, and anything else is ignored', (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  for (const [header, ms] of [
    ['120', 120_000],
    [' 0 ', 0],
    ['1.5', 1_500],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Thursday, 01-Jan-26 00:02:00 GMT', 120_000],
    ['Thu Jan  1 00:02:00 2026', 120_000],
    ['2026-01-01T00:02:00Z', 120_000],
    ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
    ['', null],
    [undefined, null],
    ['soon', null],
    ['-5', null],
    ['1e9', null],
    ['0x10', null],
    ['Infinity', null],
    ['Thu, 99 Foo 2026', null],
  ] as const)
    t.is(retryAfterMs(header, now), ms, header);
});

test('a receiver that is rate limited gets the next attempt when it asks for it', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url });
  const inTwoMinutes = () => new Date(Date.now() + 121_000).toUTCString();
  for (const [userId, code, retryAfter] of [
    ['ann', 429, () => '120'],
    ['ben', 503, inTwoMinutes],
  ] as const) {
    receiver.answer = (response) => status(code, { 'retry-after': retryAfter() })(response);
    const failed = await deliverTurn(url, userId, hook, ({ last_status: last }) => last === code);
    const aheadS = (Date.parse(failed.next_attempt_at!) - Date.now()) / 1000;
    t.true(aheadS > 110 && aheadS <= 121, `${code}: ${aheadS} s`);
  }
});

test('a failed delivery is retried after some seconds under the same id', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url });
  receiver.answer = status(503);
  const failed = await deliverTurn(
    url,
    'ann',
    hook,
    ({ attempts, last_status: last }) => attempts === 1 && last === 503,
  );
  t.like(failed, { status: 'pending', last_error: 'The receiver answered 503.' });
  t.truthy(failed.next_attempt_at);
  receiver.answer = status(200);
  const [first, second] = await receiver.has(2);
  t.is(second!.id, first!.id);
  t.is(second!.body, first!.body);
  t.true(Number(second!.headers['webhook-timestamp']) > Number(first!.headers['webhook-timestamp']));
  verified(hook.secret, second!);
  t.like(await waitForDelivery(url, hook, (now) => now.status === 'delivered'), { attempts: 2, last_status: 200 });
});

test('a delivery that always fails becomes dead, is listed, and can be replayed', async (t) => {
  const receiver = await startReceiver(t);
  const { url, databaseUrl } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url });
  receiver.answer = status(500);
  await deliverTurn(url, 'ann', hook, ({ attempts }) => attempts === 1);
  for (let attempt = 2; attempt <= ATTEMPTS; attempt += 1) {
    await waitForDelivery(url, hook, (now) => now.attempts === attempt - 1 && now.last_status === 500);
    await makeDeliveriesDue(databaseUrl);
    await receiver.has(attempt);
  }
  const dead = await waitForDelivery(url, hook, (now) => now.status === 'dead');
  t.like(dead, { attempts: ATTEMPTS, next_attempt_at: null, last_error: 'The receiver answered 500.' });
  t.deepEqual(await deliveriesOf(url, hook, '?status=dead'), [dead]);
  await makeDeliveriesDue(databaseUrl);
  t.regex(await (await fetch(`${url}/metrics`)).text(), /turnkeeper_webhook_attempts_total\{outcome="dead"\} 1/);

  receiver.answer = status(200);
  const path = `/webhooks/${hook.webhook_id}/deliveries/${dead.delivery_id}/replay`;
  const replayed = await call(url, path, { method: 'POST' });
  t.is(replayed.status, 202);
  t.like(replayed.body, { status: 'pending', attempts: 0 });
  await waitForDelivery(url, hook, (now) => now.status === 'delivered' && now.attempts === 1);
  t.is(receiver.received.length, ATTEMPTS + 1);
  t.is(new Set(receiver.received.map(({ id }) => id)).size, 1, 'every attempt has the same event id');
  // A successful delivery can be replayed too.
  await call(url, path, { method: 'POST' });
  await receiver.has(ATTEMPTS + 2);
  for (const id of ['nonsense', '018f0000-0000-7000-8000-00000000ffff'])
    t.is(
      (await call(url, `/webhooks/${hook.webhook_id}/deliveries/${id}/replay`, { method: 'POST' })).body['code'],
      'delivery_not_found',
    );
});

test('410 Gone disables the webhook, and its pending deliveries become dead', async (t) => {
  const receiver = await startReceiver(t);
  const { url, databaseUrl } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url });
  receiver.answer = status(500);
  await deliverTurn(url, 'ann', hook, ({ last_status: last }) => last === 500);
  receiver.answer = status(410);
  await deliverTurn(url, 'ben', hook, ({ status: now }) => now === 'dead');
  const path = `/webhooks/${hook.webhook_id}`;
  t.like((await call(url, path)).body, { enabled: false, disabled_reason: 'The receiver answered 410 Gone.' });
  await makeDeliveriesDue(databaseUrl);
  await eventually('both dead', async () => (await deliveriesOf(url, hook, '?status=dead')).length === 2);
  await waitForTurn(url, (await chat(url, { user_id: 'cleo', text: 'hello' })).turn_id);
  const deliveries = await deliveriesOf(url, hook);
  t.is(deliveries.length, 2, 'no new delivery');
  t.is(receiver.received.length, 2);
  const replay = `${path}/deliveries/${deliveries[0]!.delivery_id}/replay`;
  t.is((await call(url, replay, { method: 'POST' })).body['code'], 'webhook_disabled');
  receiver.answer = status(200);
  t.like((await call(url, path, { method: 'PATCH', body: { enabled: true } })).body, {
    enabled: true,
    disabled_reason: null,
  });
  t.is((await call(url, replay, { method: 'POST' })).status, 202);
  await receiver.has(3);
});

test('a delivery is retried if the receiver is unreachable, disconnects, or does not send HTTP', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const unreachable = await register(url, { url: 'http://127.0.0.1:9/hook', user_id: 'ann' });
  const failed = ({ attempts, last_error: error }: DeliveryJson) => attempts === 1 && error !== null;
  const refused = await deliverTurn(url, 'ann', unreachable, failed);
  t.like(refused, { status: 'pending', last_error: 'The receiver could not be reached (ECONNREFUSED).' });
  const hook = await register(url, { url: receiver.url, user_id: 'ben' });
  receiver.answer = (response) => response.destroy();
  t.regex((await deliverTurn(url, 'ben', hook, failed)).last_error!, /ECONNRESET/);
  const third = await register(url, { url: receiver.url, user_id: 'cleo' });
  receiver.answer = (response) => response.socket!.end('hello\r\n\r\n');
  t.regex((await deliverTurn(url, 'cleo', third, failed)).last_error!, /HPE_/);
});
