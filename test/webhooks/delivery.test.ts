import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, type TurnJson } from '../support/client.ts';
import { decide, park } from '../reviews/support.ts';
import { waitForCall } from '../support/held-model.ts';
import type { ModelScript } from '../support/model.ts';
import { deliveriesOf, waitForDelivery, PRIVATE, register, startReceiver, verified } from './support.ts';

test('a registered webhook receives the next turn of its user at once, signed', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url, user_id: 'ann' });
  t.regex(hook.secret, /^whsec_/);
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'bob', text: 'not hers' })).turn_id)).status, 'completed');
  const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello', tags: ['x'] })).turn_id);
  const [one] = await receiver.has(1);
  t.is(one!.headers['content-type'], 'application/json');
  t.deepEqual(verified(hook.secret, one!), one!.event as unknown);
  t.throws(() => verified('whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==', one!));
  t.is(one!.event.type, 'turn.completed');
  t.deepEqual(one!.event.data, (await call<TurnJson>(url, `/turns/${turn.turn_id}`)).body);
  const delivery = await waitForDelivery(url, hook, ({ status }) => status === 'delivered');
  t.like(delivery, { delivery_id: one!.id, turn_id: turn.turn_id, attempts: 1, last_status: 204, last_error: null });
  t.is(delivery.next_attempt_at, null);
  t.is(receiver.received.length, 1, 'no events of other users and no repeats');
});

test('a webhook receives every settled status of a turn once, and never a draft', async (t) => {
  const receiver = await startReceiver(t);
  const { url, model } = await startApp(t, {
    settings: { ...PRIVATE, REVIEW_DEADLINE_S: '3', MODEL_MAX_ATTEMPTS: '1' },
  });
  const hook = await register(url, { url: receiver.url });
  t.is(hook.user_id, null);
  const scripts: Record<string, ModelScript> = {
    fail: { status: 400 },
    slow: { delayMs: 10_000 },
    slower: { delayMs: 10_000 },
  };
  model.script((one) => scripts[one.lastUserMessage] ?? { text: `the draft: ${one.lastUserMessage}` });
  const expected: [string, string][] = [];
  const expect = (turn: { turn_id: string }, ...types: string[]) =>
    types.forEach((type) => expected.push([turn.turn_id, type]));
  expect(await chat(url, { user_id: 'ann', text: 'hi' }), 'turn.completed');
  expect(await chat(url, { user_id: 'ben', text: 'fail' }), 'turn.failed');
  const rejected = await park(url, 'cleo', 'urgent one');
  await decide(url, rejected.review!.review_id, { decision: 'reject' });
  expect(rejected, 'turn.awaiting_review', 'turn.rejected');
  const approved = await park(url, 'dan', 'urgent two');
  await decide(url, approved.review!.review_id, { decision: 'approve' });
  expect(approved, 'turn.awaiting_review', 'turn.completed');
  const parkedAndCancelled = await park(url, 'eve', 'urgent three');
  await call(url, `/turns/${parkedAndCancelled.turn_id}/cancel`, { method: 'POST' });
  expect(parkedAndCancelled, 'turn.awaiting_review', 'turn.cancelled');
  const cancelled = await chat(url, { user_id: 'fay', text: 'slow' });
  await call(url, `/turns/${cancelled.turn_id}/cancel`, { method: 'POST' });
  expect(cancelled, 'turn.cancelled');
  const interrupted = await chat(url, { user_id: 'gus', text: 'slower' });
  // Only a running turn can be interrupted.
  await waitForCall(model, 'slower');
  expect(interrupted, 'turn.cancelled');
  expect(await chat(url, { user_id: 'gus', text: 'again', on_busy: 'interrupt' }), 'turn.completed');
  expect(await park(url, 'hal', 'urgent five'), 'turn.awaiting_review', 'turn.expired');

  const received = await receiver.has(expected.length);
  const events = received.map(({ event }) => `${event.data.turn_id} ${event.type}`);
  t.deepEqual(events.toSorted(), expected.map((each) => each.join(' ')).toSorted());
  t.is(new Set(received.map(({ id }) => id)).size, received.length);
  for (const one of received) {
    verified(hook.secret, one);
    const mayShow = one.event.data.status === 'completed';
    t.is(one.body.includes('the draft'), mayShow, `${one.event.type}: ${one.body}`);
  }
});

test('a webhook receives only the events of its current settings, and nothing while it is disabled', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url, events: ['turn.failed', 'turn.rejected', 'turn.failed'] });
  t.deepEqual(hook.events, ['turn.failed', 'turn.rejected']);
  const path = `/webhooks/${hook.webhook_id}`;
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'one' })).turn_id);
  const changed = await call(url, path, { method: 'PATCH', body: { events: ['turn.completed'], description: 'mine' } });
  t.is(changed.status, 200);
  t.like(changed.body, { events: ['turn.completed'], description: 'mine', url: receiver.url, enabled: true });
  t.false('secret' in changed.body);
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'two' })).turn_id);
  t.is((await receiver.has(1))[0]!.event.data.text, 'two');
  await call(url, path, { method: 'PATCH', body: { enabled: false } });
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'three' })).turn_id);
  t.is((await deliveriesOf(url, hook)).length, 1, 'a disabled webhook gets no delivery');
  t.is((await call(url, `${path}/test`, { method: 'POST' })).body['code'], 'webhook_disabled');
  t.is((await call(url, path, { method: 'DELETE' })).status, 204);
  t.is((await call(url, path)).body['code'], 'webhook_not_found');
  t.is(receiver.received.length, 1);
});

test('after a rotation of the secret an event is signed with both secrets', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url, user_id: 'ann' });
  const path = `/webhooks/${hook.webhook_id}`;
  const { body } = await call<{ secret: string }>(url, `${path}/rotate-secret`, { method: 'POST' });
  t.not(body.secret, hook.secret);
  const ping = await call(url, `${path}/test`, { method: 'POST' });
  t.is(ping.status, 202);
  t.like(ping.body, { event: 'webhook.ping', status: 'pending', user_id: 'ann' });
  const [one] = await receiver.has(1);
  for (const secret of [hook.secret, body.secret])
    t.like(verified(secret, one!), { type: 'webhook.ping', data: { webhook_id: hook.webhook_id } });
});

test('deliveries are listed newest first, filtered by status, in pages', async (t) => {
  const receiver = await startReceiver(t);
  const { url } = await startApp(t, { settings: PRIVATE });
  const hook = await register(url, { url: receiver.url });
  for (let n = 0; n < 5; n += 1) await call(url, `/webhooks/${hook.webhook_id}/test`, { method: 'POST' });
  await receiver.has(5);
  const all = (await deliveriesOf(url, hook)).map(({ delivery_id: id }) => id);
  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { body: { items: { delivery_id: string }[]; next_cursor: string | null } } = await call(
      url,
      `/webhooks/${hook.webhook_id}/deliveries?limit=2${cursor && `&cursor=${cursor}`}`,
    );
    paged.push(...page.body.items.map(({ delivery_id: id }) => id));
    cursor = page.body.next_cursor;
  }
  t.is(all.length, 5);
  t.deepEqual(paged, all);
  t.deepEqual(await deliveriesOf(url, hook, '?status=dead'), []);
});
