import test from 'ava';
import { verify } from '../../bench/clients/verify.ts';
import { rowsOf, turnOf } from './support.ts';

const turns = [turnOf('a', 1), turnOf('a', 2), turnOf('b', 1)];
const rows = turns.flatMap(rowsOf);

test('complete rows in order have no fault', (t) => {
  t.deepEqual(verify(turns, rows), []);
  t.deepEqual(verify([], []), []);
});

test('a turn without rows is missing', (t) => {
  t.deepEqual(verify(turns, rows.slice(0, 4)), ['b: the turn b-turn-1 has no rows']);
});

test('a doubled row, a missing reply and a wrong reply are faults', (t) => {
  t.regex(verify(turns, [...rows, rows[0]!])[0]!, /^a-turn-1: the rows are /);
  t.regex(verify(turns, rows.slice(0, 5))[0]!, /^b-turn-1: the rows are /);
  const wrong = { ...rows[1]!, content: 'echo: another message' };
  t.regex(verify(turns, [rows[0]!, wrong, ...rows.slice(2)])[0]!, /^a-turn-1: the rows are /);
});

test('rows of a turn that nobody sent, or that another user sent, are faults', (t) => {
  t.deepEqual(verify(turns.slice(0, 2), rows), ['b: nobody sent the turn b-turn-1']);
  const moved = rows.slice(4).map((row) => ({ ...row, user: 'c' }));
  t.true(verify(turns, [...rows.slice(0, 4), ...moved]).includes('c: nobody sent the turn b-turn-1'));
});

test('a turn that was acknowledged before another one was sent comes before it', (t) => {
  const swapped = [...rows.slice(2, 4), ...rows.slice(0, 2), ...rows.slice(4)];
  t.true(verify(turns, swapped).includes('a: the turn a-turn-1 is behind a later one'));
});

test('turns that were sent at the same time may have either order, if their numbers have it too', (t) => {
  const [first, second] = [turnOf('a', 1), { ...turnOf('a', 2), sentAt: 0, ackedAt: 100 }];
  t.deepEqual(verify([first, second], [first, second].flatMap(rowsOf)), []);
  t.deepEqual(verify([first, second], [second, first].flatMap(rowsOf)), ['a: seq 1 follows 2']);
});

test('a gap in the sequence numbers is a fault', (t) => {
  const gap = [turnOf('a', 1), turnOf('a', 3)];
  t.deepEqual(verify(gap, gap.flatMap(rowsOf)), ['a: seq 3 follows 1']);
});

test('many faults are counted', (t) => {
  const many = Array.from({ length: 15 }, (_, n) => turnOf('a', n + 1));
  t.is(verify(many, []).at(-1), 'and 5 more');
});
