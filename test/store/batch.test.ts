import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { Batch } from '../../src/store/batch.ts';

/** A kind that answers each number with its double, and shows how it was asked. */
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

test('what is asked at once goes together, each caller gets its own answer', async (t) => {
  const { batch, runs } = doubling();
  t.deepEqual(
    await Promise.all(upTo(40).map((n) => batch.ask(n))),
    upTo(40).map((n) => n * 2),
  );
  t.is(runs.length, 1);
});

test('what is asked while statements run goes into the next ones, never too many at once', async (t) => {
  const { batch, runs } = doubling();
  const answers = upTo(300).map(async (n) => {
    await new Promise((resolve) => setTimeout(resolve, n / 30));
    return batch.ask(n);
  });
  t.deepEqual(
    await Promise.all(answers),
    upTo(300).map((n) => n * 2),
  );
  t.true(runs.length < 60, `${runs.length} statements`);
  t.true(runs.every((items) => items.length <= 64));
});

test('one that cannot be answered fails alone', async (t) => {
  const { batch } = doubling((items) => (items.includes(3) ? new Error('three') : null));
  const results = await Promise.allSettled(upTo(6).map((n) => batch.ask(n)));
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
});

test('a database that is away fails all, without asking for each', async (t) => {
  const { batch, runs } = doubling(() => new Unavailable('database'));
  const results = await Promise.allSettled(upTo(6).map((n) => batch.ask(n)));
  t.true(results.every(({ status }) => status === 'rejected'));
  t.is(runs.length, 1);
});
