import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { Batch } from '../../src/store/batch.ts';

/** A batch that doubles each number, and a record of the items of each run. */
function doubling(fail: (items: readonly number[]) => Error | null = () => null) {
  const runs: (readonly number[])[] = [];
  const batch = new Batch<number, number>({
    name: 'double',
    async run(items) {
      runs.push(items);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const error = fail(items);
      if (error) throw error;
      return items.map((item) => item * 2);
    },
  });
  return { batch, runs };
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

test('concurrent items share one statement, and each caller gets its own result', async (t) => {
  const { batch, runs } = doubling();
  t.deepEqual(
    await Promise.all(upTo(40).map((n) => batch.add(n))),
    upTo(40).map((n) => n * 2),
  );
  t.is(runs.length, 1);
});

test('items that arrive while statements run go into the next ones, up to the maximum of each statement', async (t) => {
  const { batch, runs } = doubling();
  const results = upTo(300).map(async (n) => {
    await new Promise((resolve) => setTimeout(resolve, n / 30));
    return batch.add(n);
  });
  t.deepEqual(
    await Promise.all(results),
    upTo(300).map((n) => n * 2),
  );
  t.true(runs.length < 60, `${runs.length} statements`);
  t.true(runs.every((items) => items.length <= 64));
});

test('an item that fails does not fail the others', async (t) => {
  const { batch } = doubling((items) => (items.includes(3) ? new Error('three') : null));
  const results = await Promise.allSettled(upTo(6).map((n) => batch.add(n)));
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
});

test('an unavailable database fails all items, without a retry for each item', async (t) => {
  const { batch, runs } = doubling(() => new Unavailable('database'));
  const results = await Promise.allSettled(upTo(6).map((n) => batch.add(n)));
  t.true(results.every(({ status }) => status === 'rejected'));
  t.is(runs.length, 1);
});

test('one statement runs at a time; while it is slow, other items do not wait for it', async (t) => {
  const waits: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const batch = new Batch<string, string>({
    name: 'slow',
    async run(items) {
      most = Math.max(most, (running += 1));
      if (items.includes('hangs')) await new Promise<void>((resolve) => waits.push(resolve));
      else await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return [...items];
    },
  });
  await Promise.all(upTo(100).map((n) => batch.add(`${n}`)));
  t.is(most, 1);
  const hanging = batch.add('hangs');
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.is(await batch.add('other'), 'other');
  t.is(await batch.add('another'), 'another');
  waits[0]!();
  t.is(await hanging, 'hangs');
});

/** A batch whose statements hang until `release` is called. */
function hanging() {
  const waits: (() => void)[] = [];
  let released = false;
  const batch = new Batch<number, number>({
    name: 'hang',
    async run(items) {
      if (!released) await new Promise<void>((resolve) => waits.push(resolve));
      return [...items];
    },
  });
  const release = () => {
    released = true;
    for (const resume of waits) resume();
  };
  return { batch, release };
}

test('items that wait too long are not run, and their callers get an error', async (t) => {
  const { batch, release } = hanging();
  const running = batch.add(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  // More than all statements that may run take.
  const started = performance.now();
  const others = upTo(400).map((n) => batch.add(n));
  const all = Promise.allSettled(others);
  const results = await Promise.allSettled(others.slice(-100));
  const errors = results.map((result) => (result as PromiseRejectedResult).reason as Unavailable);
  t.true(errors.every((error) => error instanceof Unavailable && !error.outcomeUnknown));
  t.true(performance.now() - started < 4_000);
  release();
  t.is(await running, 1);
  t.is((await all)[0]!.status, 'fulfilled');
  t.is(await batch.add(2), 2);
});

test('only so many items may wait', async (t) => {
  const { batch, release } = hanging();
  const added = upTo(6_000).map((n) => batch.add(n));
  const all = Promise.allSettled(added);
  await t.throwsAsync(added.at(-1)!, { instanceOf: Unavailable });
  release();
  const results = await all;
  const run = results.filter(({ status }) => status === 'fulfilled').length;
  t.true(run >= 4_096 && run < 5_000, `${run}`);
});
