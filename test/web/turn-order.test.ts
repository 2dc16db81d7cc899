// The order of the reports of one turn in the page.
import test from 'ava';
import { newer, withStep } from '../../web/src/chat/turn-order.ts';
import type { Turn } from '../../web/src/api/types.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const report = (status: Turn['status'], review: [deadline: number, decided: boolean] | null = null): Turn =>
  ({
    status,
    steps: [],
    review: review && { deadline: at(review[0]), decided_at: review[1] ? at(0) : null },
  }) as unknown as Turn;

test('of two reports of a turn the later one counts, also if a decision on a call queued the turn again', (t) => {
  const inOrder = [
    report('queued'),
    report('running'),
    report('awaiting_review', [10, false]),
    report('queued', [10, true]),
    report('running', [10, true]),
    report('awaiting_review', [20, false]),
    report('running', [20, true]),
    report('completed', [20, true]),
  ];
  for (const [n, known] of inOrder.entries())
    for (const [m, received] of inOrder.entries()) t.is(newer(known, received), m >= n ? received : known, `${n} ${m}`);
});

test('a cancelled turn stays cancelled, and a retried one is not failed any more', (t) => {
  const held = report('awaiting_review', [10, false]);
  const cancelled = report('cancelled');
  t.is(newer(held, cancelled), cancelled);
  t.is(newer(cancelled, held), cancelled);
  const failed = { ...report('failed'), attempts: 2 };
  const running = { ...report('running'), attempts: 2 };
  const retried = { ...report('running'), attempts: 3 };
  t.is(newer(failed, running), failed);
  t.is(newer(failed, retried), retried);
  t.is(newer(retried, failed), retried);
});

test('a call that changes replaces its line, and calls stay in their order', (t) => {
  let turn = report('running');
  for (const [step, status] of [
    [2, 'proposed'],
    [1, 'running'],
    [2, 'done'],
  ] as const)
    turn = withStep(turn, { step, tool: 'get_order', status });
  t.deepEqual(
    turn.steps.map(({ step, status }) => `${step} ${status}`),
    ['1 running', '2 done'],
  );
});
