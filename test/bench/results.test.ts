import test from 'ava';
import { judge, ratioOf } from '../../bench/check.ts';
import { rowOfOverload } from '../../bench/scenarios/overload.ts';
import { rowOfSoak } from '../../bench/scenarios/soak.ts';
import { rowOf, tableOf } from '../../bench/row.ts';
import { runOf, turnOf } from './support.ts';

test('a line has the medians of the repetitions, and the faults of all of them', (t) => {
  const row = rowOf([
    runOf({ cpuMsPerTurn: 4, seconds: 4 }),
    runOf({ cpuMsPerTurn: 6, seconds: 8, faults: ['a turn is missing'] }),
    runOf({ cpuMsPerTurn: 5, seconds: 10 }),
  ]);
  t.is(row.cpuMsPerTurn, 5);
  t.is(row.turnsPerSecond, 500);
  t.deepEqual(row.faults, ['a turn is missing']);
  t.deepEqual(row.remarks, ['node 3.00, postgres 2.00', '1.20 model calls/turn']);
});

test('the table has a line for each row, and names wrong results', (t) => {
  const table = tableOf([rowOf([runOf({})]), rowOf([runOf({ scenario: 'S4', reply: null, faults: ['lost'] })])]);
  const lines = table.split('\n');
  t.is(lines.length, 4);
  t.regex(lines[0]!, /^\| scenario \| system +\| turns\/s \|.*\| remarks \|$/);
  t.regex(lines[2]!, /^\| S2 +\| embedded \| 500 +\| 4\.00 \/ 20\.0 +\| 90\.0 \/ 200 .*; correct \|$/);
  t.regex(lines[3]!, /^\| S4 .* \| – +\| 5\.00 .* 500 accepts\/s, then drains in 0\.00 s; .*; \*\*WRONG\*\* \|$/);
});

test('the check compares each repetition with the floor of the same minute', (t) => {
  const floor = (cpuMsPerTurn: number) => runOf({ system: 'floor', cpuMsPerTurn });
  const runs = [floor(1), runOf({ cpuMsPerTurn: 5 }), floor(2), runOf({ cpuMsPerTurn: 12 }), floor(1), runOf({})];
  t.is(ratioOf(runs), 5);
});

test('the check fails over 25 % above the baseline', (t) => {
  t.true(judge(5, 4).holds);
  t.true(judge(1, 4).holds);
  t.false(judge(5.01, 4).holds);
  t.regex(judge(5.01, 4).line, /5\.01 × the floor; baseline 4\.00, limit 5\.00: REGRESSION/);
});

const overload = {
  turns: [turnOf('a', 1)],
  seconds: 120,
  drainSeconds: 20,
  notSent: 3,
  refusals: { '503 queue_full': 7 },
  retries: { sent: 50, accepted: 50 },
  faults: [],
};

test('a bounded overload has no fault', (t) => {
  const row = rowOfOverload(overload, 2500, [500, 520, 530], []);
  t.deepEqual(row.faults, []);
  t.is(row.mib, 530);
  t.true(row.remarks.includes('1 accepted, refused: 7 × 503 queue_full'));
});

test('memory that grows, slow accepts, and refusals that were not honest are faults of an overload', (t) => {
  const faultsOf = (changes: object, mib: number[]) => rowOfOverload({ ...overload, ...changes }, 2500, mib, []).faults;
  t.deepEqual(faultsOf({}, [100, 100, 200, 200]), ['memory grew from 100 to 200 MiB']);
  t.deepEqual(faultsOf({ turns: [{ ...turnOf('a', 1), ackedAt: 5_000 }] }, [1, 1]), ['accept p99 is over 2000 ms']);
  t.deepEqual(faultsOf({ retries: { sent: 50, accepted: 10 } }, [1, 1]), [
    'after Retry-After 10 of 50 turns were accepted',
  ]);
});

test('a soak compares its last quarter with its second one', (t) => {
  const steady = Array.from({ length: 8 }, () => runOf({}));
  t.deepEqual(rowOfSoak(steady).faults, []);
  const leaking = steady.map((run, index) => ({ ...run, mib: 100 * (index + 1) }));
  t.deepEqual(rowOfSoak(leaking).faults, ['memory grew to 2.00 ×']);
  t.deepEqual(rowOfSoak([runOf({})]).faults, []);
});
