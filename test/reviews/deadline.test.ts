// The deadline of a review: its outcome, the database's clock, restarts, and late decisions.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { call, delivered, waitForTurn, eventually, chat } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { decide, park, reviewOf, turnOf, type ProblemJson } from './support.ts';

const OUTCOMES = [
  { outcome: 'expire', review: 'expired', turn: 'expired', reply: null, rows: 0, late: 'review_expired' },
  { outcome: 'approve', review: 'approved', turn: 'completed', reply: 'echo: urgent', rows: 2, late: 'review_expired' },
  {
    outcome: 'reject',
    review: 'rejected',
    turn: 'rejected',
    reply: 'Message rejected by human reviewer.',
    rows: 0,
    late: 'review_expired',
  },
] as const;

async function moveDeadline(t: Owner, databaseUrl: string, seconds: number): Promise<void> {
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder.raw(
    "update reviews set deadline = date_trunc('milliseconds', now() + ?::float8 * interval '1 second')",
    [seconds],
  );
}

for (const { outcome, review: status, turn: turnStatus, reply, rows, late } of OUTCOMES) {
  test(`a deadline that passes while no process runs is applied at the next start: ${outcome}`, async (t) => {
    const settings = { REVIEW_ON_DEADLINE: outcome };
    const first = await startApp(t, { settings });
    const { turn_id: turnId, review } = await park(first.url, 'ann', 'urgent');
    await first.stop();
    await moveDeadline(t, first.databaseUrl, -60);
    const { url } = await startApp(t, { databaseUrl: first.databaseUrl, redisUrl: first.redisUrl, settings });
    const turn = await eventually('the outcome', async () => {
      const found = await turnOf(url, turnId);
      return found.status !== 'awaiting_review' && found;
    });
    t.like(turn, { status: turnStatus, reply });
    t.like(await reviewOf(url, review!.review_id), { status, decided_by: null });
    t.is((await delivered(url, 'ann')).length, rows);
    for (const body of [{ decision: 'approve' }, { decision: 'reject' }]) {
      const answer = await decide<ProblemJson>(url, review!.review_id, body);
      t.is(answer.status, 410);
      t.is(answer.body.code, late);
    }
    t.is((await decide<ProblemJson>(url, review!.review_id, { decision: 'approve' })).status, 410);
    const activity = (await call<{ by_status: Record<string, number>; reviewed: number }>(url, '/analytics/ann')).body;
    t.is(activity.reviewed, outcome === 'expire' ? 0 : 1);
    t.is(activity.by_status['awaiting_review'], 0);
  });
}

test('after the deadline a review cannot be decided or claimed, even before the next sweep', async (t) => {
  const { url, databaseUrl } = await startApp(t);
  const { review } = await park(url, 'ben', 'urgent');
  await moveDeadline(t, databaseUrl, -1);
  const [decided, claimed] = await Promise.all([
    decide<ProblemJson>(url, review!.review_id, { decision: 'approve' }),
    call<ProblemJson>(url, `/reviews/${review!.review_id}/claim`, { method: 'POST' }),
  ]);
  t.is(decided.status, 410);
  t.true([409, 410].includes(claimed.status));
  await eventually('expired', async () => (await reviewOf(url, review!.review_id)).status === 'expired');
});

test('if decisions race the deadline, exactly one of the two wins for each review', async (t) => {
  const { url, databaseUrl } = await startApp(t);
  const parked = await Promise.all(Array.from({ length: 30 }, (_, n) => park(url, `user-${n}`, 'urgent')));
  await moveDeadline(t, databaseUrl, 1);
  const startedAt = performance.now();
  const answers = await Promise.all(
    parked.map(async ({ review }, n) => {
      await new Promise((resolve) => setTimeout(resolve, 700 + n * 20));
      return decide<ProblemJson>(url, review!.review_id, { decision: 'approve' });
    }),
  );
  t.log(`decided within ${Math.round(performance.now() - startedAt)} ms`);
  for (const [n, { status }] of answers.entries()) {
    const turn = await eventually('the turn is final', async () => {
      const found = await turnOf(url, parked[n]!.turn_id);
      return found.status !== 'awaiting_review' && found;
    });
    t.is(turn.status, status === 410 ? 'expired' : 'completed', `answered ${status}`);
    t.is((await delivered(url, turn.user_id)).length, status === 410 ? 0 : 2);
  }
});

test('a deadline of one second expires the turn, and the next turn of the user runs meanwhile', async (t) => {
  const { url } = await startApp(t, { settings: { REVIEW_DEADLINE_S: '1' } });
  const turn = await park(url, 'cleo', 'an emergency');
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'cleo', text: 'next' })).turn_id)).status, 'completed');
  // A long poll on a turn that awaits review ends when its status changes.
  const { body } = await call<{ status: string }>(url, `/turns/${turn.turn_id}?wait=20`);
  t.is(body.status, 'expired');
});
