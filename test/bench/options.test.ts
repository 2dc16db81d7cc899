import test from 'ava';
import { parseOptions, USAGE } from '../../bench/options.ts';
import { idealOf, SCENARIOS } from '../../bench/scenarios/shapes.ts';
import { parseStat } from '../../bench/systems/usage.ts';

test('without arguments the closed loops run three times with both runtimes', (t) => {
  const options = parseOptions([]);
  t.deepEqual(options.scenarios, ['S1', 'S2', 'S2-events', 'S3', 'S4']);
  t.deepEqual(options.long, []);
  t.deepEqual(options.runtimes, ['embedded', 'dapr']);
  t.is(options.reps, 3);
});

test('named scenarios and options replace the defaults', (t) => {
  const options = parseOptions(['idle', 'S3', '--reps', '1', '--minutes', '0.5', '--turns=100', '--runtime', 'dapr']);
  t.deepEqual([options.scenarios, options.long, options.runtimes], [['S3'], ['idle'], ['dapr']]);
  t.deepEqual([options.reps, options.minutes, options.turns], [1, 0.5, 100]);
  t.deepEqual(parseOptions(['soak']).scenarios, []);
});

test('a profile is of one repetition, of S2 if none is named', (t) => {
  const options = parseOptions(['--profile']);
  t.deepEqual([options.scenarios, options.reps], [['S2'], 1]);
});

test('what is not known is refused', (t) => {
  t.throws(() => parseOptions(['S9']), { message: /S9/ });
  t.throws(() => parseOptions(['--quick']), { message: /quick/ });
  t.throws(() => parseOptions(['--reps', '0']), { message: /--reps/ });
  t.throws(() => parseOptions(['--runtime', 'none']), { message: /none/ });
  for (const name of Object.keys(SCENARIOS)) t.true(USAGE.includes(name));
});

test('the delay of the model limits the turns per second', (t) => {
  t.is(idealOf(SCENARIOS.S3), 2500);
  t.is(idealOf(SCENARIOS.S2), null);
});

test('the CPU time of a process includes that of its ended children', (t) => {
  const stat = '42 (node (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1 0 100';
  t.deepEqual(parseStat(stat), { parent: 7, name: 'node (a) b', cpuMs: 500 });
});
