import test from 'ava';
import { Traffic } from '../../src/webhooks/traffic.ts';

const begin = (traffic: Traffic, hook: string, times: number) => {
  for (let n = 0; n < times; n += 1) traffic.begin(hook);
};

test('one hook gets so many attempts at once, and no more', (t) => {
  const traffic = new Traffic();
  begin(traffic, 'a', 7);
  t.deepEqual(traffic.room()!.without, []);
  traffic.begin('a');
  t.deepEqual(traffic.room()!.without, ['a']);
  traffic.end('a', false);
  t.deepEqual(traffic.room()!.without, []);
});

test('a hook that failed last is tried one at a time, until it takes something again', (t) => {
  const traffic = new Traffic();
  traffic.begin('a');
  traffic.end('a', true);
  t.like(traffic.room()!, { faltering: ['a'], without: [] });
  traffic.begin('a');
  t.deepEqual(traffic.room()!.without, ['a']);
  traffic.end('a', false);
  t.like(traffic.room()!, { faltering: [], without: [] });
});

test('however many hooks are dead, there is room for the others', (t) => {
  const traffic = new Traffic();
  const dead = Array.from({ length: 1_000 }, (_, n) => `dead-${n}`);
  for (const hook of dead) {
    traffic.begin(hook);
    traffic.end(hook, true);
  }
  for (const hook of dead) if (!traffic.room()!.without.includes(hook)) traffic.begin(hook);
  const room = traffic.room()!;
  t.deepEqual(room.without.toSorted(), dead.toSorted());
  t.true(room.limit > 0);
  for (const hook of dead) traffic.end(hook, false);
  t.is(traffic.room()!.without.length, 0, 'all of them recovered');
});

test('in all there are so many at once', (t) => {
  const traffic = new Traffic();
  for (let n = 0; n < 32; n += 1) begin(traffic, `hook-${n}`, 8);
  t.is(traffic.room(), null);
  traffic.end('hook-0', false);
  t.is(traffic.room()!.limit, 1);
});
