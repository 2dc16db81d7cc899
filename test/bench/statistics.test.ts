import test from 'ava';
import { median, medianOf, medianQuantiles, quantiles } from '../../bench/statistics.ts';

test('the median and the 99th percentile are values of the list', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 3, 2]), 3);
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  t.deepEqual(quantiles(hundred), { p50: 51, p99: 100 });
  t.deepEqual(quantiles([7]), { p50: 7, p99: 7 });
});

test('without values there is no percentile', (t) => {
  t.is(quantiles([]), null);
  t.is(median([]), Number.NaN);
});

test('the median over repetitions is null if one of them has no value', (t) => {
  t.is(
    medianOf([1, 5, 3], (n) => n),
    3,
  );
  t.is(
    medianOf([1, null], (n) => n),
    null,
  );
  t.is(
    medianOf([], (n) => n),
    null,
  );
  t.deepEqual(
    medianQuantiles([1, 2, 3], (n) => ({ p50: n, p99: n * 10 })),
    { p50: 2, p99: 20 },
  );
  t.is(
    medianQuantiles([1], () => null),
    null,
  );
});
