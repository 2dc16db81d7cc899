import test from 'ava';
import { pathOf, rangesOf, type BranchFacts } from '../../src/domain/branch.ts';

const FACTS: BranchFacts = { followedSeq: 5, opener: null, newest: null, lastSeq: 5 };
const all = { follows: 'a turn', shown: null };

test('a turn that continues the last turn of the newest branch opens no branch', (t) => {
  t.is(pathOf(all, FACTS), null);
  t.is(pathOf(all, { ...FACTS, followedSeq: 0, lastSeq: 0 }), null, 'the first turn of a session');
  t.is(pathOf(all, { ...FACTS, followedSeq: 6 }), null, 'a failed turn after the last one that is delivered');
  const opener = { seq: 4, path: [[1, 2]] } as const;
  t.is(pathOf(all, { followedSeq: 5, opener, newest: opener, lastSeq: 5 }), null);
});

test('if the turn that opened the newest branch failed, the turn that replaces it opens no other one', (t) => {
  const newest = { seq: 6, path: [[1, 2]] } as const;
  t.is(pathOf(all, { followedSeq: 2, opener: null, newest, lastSeq: 5 }), null);
  t.is(pathOf(all, { followedSeq: 0, opener: null, newest: { seq: 6, path: [] }, lastSeq: 5 }), null);
  t.deepEqual(pathOf(all, { followedSeq: 2, opener: null, newest, lastSeq: 7 }), [[1, 2]]);
  t.deepEqual(pathOf(all, { followedSeq: 3, opener: null, newest, lastSeq: 5 }), [[1, 3]]);
});

test('a branch continues the ranges of the branch of its turn, up to this turn', (t) => {
  t.deepEqual(pathOf(all, { ...FACTS, lastSeq: 8 }), [[1, 5]]);
  t.deepEqual(pathOf(all, { ...FACTS, followedSeq: 0 }), [], 'the session’s start');
  const opener = { seq: 4, path: [[1, 2]] } as const;
  t.deepEqual(pathOf(all, { followedSeq: 5, opener, newest: opener, lastSeq: 8 }), [
    [1, 2],
    [4, 5],
  ]);
  t.deepEqual(rangesOf(opener, 9), [
    [1, 2],
    [4, 9],
  ]);
});

test('turns that are not shown are left out, and a path has at most 256 ranges', (t) => {
  t.deepEqual(pathOf({ follows: 'a turn', shown: [2, 5] }, FACTS), [
    [2, 2],
    [5, 5],
  ]);
  const path = Array.from({ length: 256 }, (_, n) => [2 * n + 1, 2 * n + 1] as const);
  const opener = { seq: 600, path };
  const long = pathOf(all, { followedSeq: 601, opener, newest: opener, lastSeq: 700 })!;
  t.is(long.length, 256);
  t.deepEqual(long.at(-1), [600, 601]);
});
