// What a wait reads: the row only if something may have changed since this process knew the turn.
import test from 'ava';
import type { TurnChange } from '../../src/domain/events.ts';
import { newId } from '../../src/domain/ids.ts';
import { queuedTurn, type Turn } from '../../src/domain/turn.ts';
import { eventually } from '../support/client.ts';
import { RecentTurns } from '../../src/turns/recent-turns.ts';
import { TurnWatch } from '../../src/turns/turn-watch.ts';

const turnWith = (change: Partial<Turn>): Turn => {
  const ids = { turnId: newId(), userId: 'ann', sessionId: newId() };
  return {
    ...queuedTurn({
      ...ids,
      seq: 1,
      assistant: 'turnkeeper',
      text: 'hello',
      metadata: {},
      tags: [],
      createdAt: new Date(),
    }),
    ...change,
  };
};

/** A watch over one row, the hints about it, and the number of its reads. */
function watchOver(row: Turn, { recent = null, listening = true }: { recent?: Turn | null; listening?: boolean } = {}) {
  const state = { row: row as Turn | null, reads: 0 };
  const listeners = new Set<(change: TurnChange) => void>();
  const hints = {
    listening,
    recent: () => (listening ? recent : null),
    listenTo: (_id: string, listener: (change: TurnChange) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const find = async () => {
    state.reads += 1;
    return state.row;
  };
  const watch = new TurnWatch({ hints, find }, row.turnId);
  const hint = (change: TurnChange) => listeners.forEach((listener) => listener(change));
  return { watch, state, hint, listeners };
}

const options = (timeoutMs = 5_000) => ({ timeoutMs, signal: new AbortController().signal });
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a turn that this process delivers ends the wait without a read of its row', async (t) => {
  const queued = turnWith({});
  const { watch, state, hint, listeners } = watchOver(queued, { recent: queued });
  const waiting = watch.untilSettled((await watch.find())!, options());
  hint('started');
  const final = { ...queued, status: 'completed', reply: 'echo' } as const;
  hint(final);
  t.is(await waiting, final);
  t.is(state.reads, 0);
  watch.close();
  t.is(listeners.size, 0);
});

test('a turn that becomes final between its read and the wait ends the wait', async (t) => {
  const queued = turnWith({});
  const { watch, state, hint } = watchOver(queued);
  const read = (await watch.find())!;
  state.row = { ...queued, status: 'failed' };
  hint('changed');
  t.like(await watch.untilSettled(read, options()), { status: 'failed' });
  t.is(state.reads, 2);
});

test('a change by another process is read from the row', async (t) => {
  const queued = turnWith({});
  const { watch, state, hint } = watchOver(queued, { recent: queued });
  const waiting = watch.untilSettled((await watch.find())!, options());
  state.row = { ...queued, status: 'awaiting_review' };
  hint('changed');
  t.like(await waiting, { status: 'awaiting_review' });
  t.is(state.reads, 1);
});

test('while hints do not arrive, the row is read at the start and polled', async (t) => {
  const queued = turnWith({});
  const { watch, state } = watchOver(queued, { recent: queued, listening: false });
  const waiting = watch.untilSettled((await watch.find())!, options());
  t.is(state.reads, 1);
  state.row = { ...queued, status: 'completed' };
  t.like(await waiting, { status: 'completed' });
});

test('after the timeout the turn is as its row is', async (t) => {
  const queued = turnWith({});
  const { watch, state } = watchOver(queued, { recent: queued });
  state.row = { ...queued, status: 'running' };
  t.like(await watch.untilSettled((await watch.find())!, options(20)), { status: 'running' });
});

test('an erased turn ends the wait with null', async (t) => {
  const { watch, state, hint } = watchOver(turnWith({}));
  const waiting = watch.untilSettled((await watch.find())!, options());
  state.row = null;
  hint('changed');
  t.is(await waiting, null);
});

test('a wait for a turn in review ends when the review has ended', async (t) => {
  const parked = turnWith({ status: 'awaiting_review' });
  const { watch, state, hint } = watchOver(parked);
  const waiting = watch.untilSettled((await watch.find())!, options());
  hint('changed');
  await eventually('the read after the first hint', async () => state.reads === 2);
  state.row = { ...parked, status: 'completed' };
  hint('changed');
  t.like(await waiting, { status: 'completed' });
});

test('recent turns are limited in number and in text, the oldest ones are forgotten', (t) => {
  const recent = new RecentTurns({ turns: 3, text: 100, ageMs: 60_000 });
  const turns = Array.from({ length: 5 }, (_, n) => turnWith({ turnId: `${n}`, text: 'x' }));
  for (const turn of turns) recent.put(turn);
  t.deepEqual(
    turns.map(({ turnId }) => recent.get(turnId) !== null),
    [false, false, true, true, true],
  );
  recent.put(turnWith({ turnId: '2', text: 'x'.repeat(99) }));
  t.deepEqual(
    turns.map(({ turnId }) => recent.get(turnId) !== null),
    [false, false, true, false, true],
  );
  recent.put(turnWith({ turnId: 'long', text: 'x'.repeat(101) }));
  t.is(recent.get('long'), null);
  recent.put(turns[0]!);
  recent.clear();
  t.is(recent.get('0'), null);
});

test('a turn is recent for a limited time, also if nothing says that it has changed', async (t) => {
  const recent = new RecentTurns({ turns: 10, text: 100, ageMs: 30 });
  const turn = turnWith({});
  recent.put(turn);
  t.is(recent.get(turn.turnId), turn);
  await sleep(50);
  t.is(recent.get(turn.turnId), null);
});
