// The arguments and the schedule of the fault campaign.
import test from 'ava';
import { KINDS, NOT_RUN, ROW_OF_TOOLS, ROWS_OF_LOAD } from '../../faults/injectors/kinds.ts';
import { parseOptions, USAGE } from '../../faults/options.ts';
import { scheduleOf, secondsOf } from '../../faults/schedule.ts';

test('without arguments all kinds strike both runtimes for ten minutes', (t) => {
  const { minutes, runtimes, rows, kinds, mutants, seed } = parseOptions([]);
  t.deepEqual([minutes, runtimes, rows, kinds, mutants], [10, ['embedded', 'dapr'], null, null, null]);
  t.true(Number.isInteger(seed) && seed >= 0);
});

test('rows, minutes, seed and runtime are read', (t) => {
  const options = parseOptions(['--minutes', '0.5', '--seed', '7', '--runtime', 'dapr', '--rows', '1,7']);
  t.deepEqual([options.minutes, options.seed, options.runtimes, options.rows], [0.5, 7, ['dapr'], [1, 7]]);
  t.deepEqual(parseOptions(['--mutants', 'outbox']).mutants, ['outbox']);
});

test('what is not known is refused', (t) => {
  for (const args of [
    ['--minutes', '0'],
    ['--seed', 'x'],
    ['--runtime', 'none'],
    ['--rows', '47'],
    ['--kinds', 'fire'],
    ['more'],
  ])
    t.throws(() => parseOptions(args), undefined, args.join(' '));
  for (const { name } of KINDS) t.true(USAGE.includes(name));
});

test('every row of the matrix is covered, or named with the reason why it is not', (t) => {
  const covered = new Set([
    ...KINDS.flatMap(({ rows }) => rows),
    ...ROWS_OF_LOAD,
    ROW_OF_TOOLS,
    ...Object.keys(NOT_RUN).map(Number),
  ]);
  const rows = Array.from({ length: ROW_OF_TOOLS }, (_, index) => index + 1);
  t.deepEqual(
    rows.filter((row) => !covered.has(row)),
    [],
  );
  t.is(new Set(KINDS.map(({ name }) => name)).size, KINDS.length);
});

test('a seed gives the same schedule, which fits the time', (t) => {
  const names = (seed: number) =>
    scheduleOf({ kinds: KINDS, seconds: 600, seed }).map(({ kinds, seeds }) => [kinds.map(({ name }) => name), seeds]);
  t.deepEqual(names(7), names(7));
  t.notDeepEqual(names(7), names(8));
  const cycles = scheduleOf({ kinds: KINDS, seconds: 600, seed: 7 });
  t.true(cycles.reduce((sum, cycle) => sum + secondsOf(cycle), 0) <= 600);
  t.true(cycles.some(({ kinds }) => kinds.length === 2));
  const struck = new Set<string>();
  for (const { kinds } of cycles) {
    const [first] = kinds;
    t.true(kinds.length === 1 || struck.has(first!.name), `the first strike of ${first!.name} is alone`);
    struck.add(first!.name);
  }
  for (const { kinds } of cycles) t.is(new Set(kinds.map(({ group }) => group)).size, kinds.length);
  t.deepEqual(scheduleOf({ kinds: [], seconds: 600, seed: 7 }), []);
});

test('every row that was asked for is struck, even if the time is short', (t) => {
  const rows = [1, 7, 29];
  const cycles = scheduleOf({
    kinds: KINDS.filter((kind) => kind.rows.some((row) => rows.includes(row))),
    seconds: 1,
    seed: 7,
    rows,
  });
  for (const row of rows)
    t.true(
      cycles.some(({ kinds }) => kinds.some((kind) => kind.rows.includes(row))),
      String(row),
    );
  t.true(cycles.every(({ isRequired }) => isRequired));
  t.is(scheduleOf({ kinds: KINDS, seconds: 1, seed: 7 }).length, 1);
});
