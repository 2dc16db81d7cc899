import test from 'ava';
import { SendSlots } from '../../src/webhooks/send-slots.ts';

const begin = (traffic: SendSlots, hook: string, times: number) => {
  for (let n = 0; n < times; n += 1) traffic.begin(hook);
};

test('one hook gets so many attempts at once, and no more', (t) => {
  const traffic = new SendSlots();
  begin(traffic, 'a', 7);
  t.deepEqual(traffic.room(0)!.without, []);
  traffic.begin('a');
  t.deepEqual(traffic.room(0)!.without, ['a']);
  traffic.end('a', false, 0);
  t.deepEqual(traffic.room(0)!.without, []);
});

test('a hook that failed last is tried one at a time, until it takes something again', (t) => {
  const traffic = new SendSlots();
  traffic.begin('a');
  traffic.end('a', true, 0);
  t.like(traffic.room(0)!, { faltering: ['a'], without: [] });
  traffic.begin('a');
  t.deepEqual(traffic.room(0)!.without, ['a']);
  traffic.end('a', false, 0);
  t.like(traffic.room(0)!, { faltering: [], without: [] });
});

test('however many hooks are dead, there is room for the others', (t) => {
  const traffic = new SendSlots();
  const dead = Array.from({ length: 1_000 }, (_, n) => `dead-${n}`);
  for (const hook of dead) {
    traffic.begin(hook);
    traffic.end(hook, true, 0);
  }
  for (const hook of dead) if (!traffic.room(0)!.without.includes(hook)) traffic.begin(hook);
  const room = traffic.room(0)!;
  t.deepEqual(room.without.toSorted(), dead.toSorted());
  t.true(room.limit > 0);
  for (const hook of dead) traffic.end(hook, false, 0);
  t.is(traffic.room(0)!.without.length, 0, 'all of them recovered');
});

test('in all there are so many at once', (t) => {
  const traffic = new SendSlots();
  for (let n = 0; n < 32; n += 1) begin(traffic, `hook-${n}`, 8);
  t.is(traffic.room(0), null);
  traffic.end('hook-0', false, 0);
  t.is(traffic.room(0)!.limit, 1);
});

test('a failure is forgotten at last', (t) => {
  const traffic = new SendSlots();
  traffic.begin('a');
  traffic.end('a', true, 0);
  t.deepEqual(traffic.room(60_000)!.faltering, ['a']);
  t.deepEqual(traffic.room(3_600_000)!.faltering, []);
});
