import test from 'ava';
import { SendSlots } from '../../src/webhooks/send-slots.ts';

const begin = (slots: SendSlots, hook: string, times: number) => {
  for (let n = 0; n < times; n += 1) slots.begin(hook);
};

test('the concurrent attempts of one webhook are limited', (t) => {
  const slots = new SendSlots();
  begin(slots, 'a', 31);
  t.like(slots.room(0)!, { started: [['a', 1]], excluded: [], perWebhook: 32 });
  slots.begin('a');
  t.like(slots.room(0)!, { started: [], excluded: ['a'] });
  slots.end('a', false, 0);
  t.like(slots.room(0)!, { started: [['a', 1]], excluded: [] });
});

test('a webhook whose last attempt failed gets one attempt at a time until one succeeds', (t) => {
  const slots = new SendSlots();
  slots.begin('a');
  slots.end('a', true, 0);
  t.like(slots.room(0)!, { failing: ['a'], excluded: [] });
  slots.begin('a');
  t.deepEqual(slots.room(0)!.excluded, ['a']);
  slots.end('a', false, 0);
  t.like(slots.room(0)!, { failing: [], excluded: [] });
});

test('failing webhooks leave slots for the others', (t) => {
  const slots = new SendSlots();
  const failing = Array.from({ length: 1_000 }, (_, n) => `failing-${n}`);
  for (const hook of failing) {
    slots.begin(hook);
    slots.end(hook, true, 0);
  }
  for (const hook of failing) if (!slots.room(0)!.excluded.includes(hook)) slots.begin(hook);
  const room = slots.room(0)!;
  t.deepEqual(room.excluded.toSorted(), failing.toSorted());
  t.true(room.limit > 0);
  for (const hook of failing) slots.end(hook, false, 0);
  t.is(slots.room(0)!.excluded.length, 0, 'all have recovered');
});

test('the total number of concurrent attempts is limited', (t) => {
  const slots = new SendSlots();
  for (let n = 0; n < 32; n += 1) begin(slots, `hook-${n}`, 8);
  t.is(slots.room(0), null);
  slots.end('hook-0', false, 0);
  t.is(slots.room(0)!.limit, 1);
});

test('a failure is forgotten after some time', (t) => {
  const slots = new SendSlots();
  slots.begin('a');
  slots.end('a', true, 0);
  t.deepEqual(slots.room(60_000)!.failing, ['a']);
  t.deepEqual(slots.room(3_600_000)!.failing, []);
});
