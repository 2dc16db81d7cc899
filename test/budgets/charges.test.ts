// Reservations and their settlement, on the database.
import test, { type ExecutionContext } from 'ava';
import { BudgetExhausted, ChargeLost, windowSeconds, type Budget } from '../../src/domain/budgets/budget.ts';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { Budgets } from '../../src/store/budgets/budgets.ts';
import { chargesOf, reserveTokens, settleLeft } from '../../src/store/budgets/charges.ts';
import { postponeTurn } from '../../src/store/budgets/postponed.ts';
import { cancelTurn } from '../../src/store/cancel-turn.ts';
import { claimNext } from '../../src/store/claims.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { idleHeads } from '../../src/store/backlog.ts';
import { beginErasure } from '../../src/store/erasures.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';
import { assertSettled, endWindows } from './support.ts';

const { signal } = new AbortController();
const budget = (per: Budget['per'], tokens: number, window = '1d'): Budget => ({
  per,
  tokens,
  window,
  windowS: windowSeconds(window)!,
});

async function setUp(t: ExecutionContext, ...inForce: Budget[]) {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 16 }));
  t.teardown(() => database.close());
  const accept = async (userId: string) => {
    const outcome = await acceptTurn(database, newId(), newTurnOf(userId), NO_LIMITS);
    if (outcome.outcome !== 'accepted') throw new Error(outcome.outcome);
    return outcome.turn;
  };
  const claim = async (userId: string) => {
    const claimed = await claimNext(database, { userId, leaseS: 30, exchanges: 5, memoryKey: null, claimId: newId() });
    if (claimed.outcome !== 'claimed') throw new Error(claimed.outcome);
    return claimed.turn;
  };
  /** Accepts and claims a turn. */
  const run = async (userId: string) => {
    await accept(userId);
    return claim(userId);
  };
  const lapse = () =>
    database
      .builder('turns')
      .where('status', 'running')
      .update({ lease_until: new Date(Date.now() - 1_000) });
  const budgets = new Budgets(database, () => inForce);
  const stateOf = async (userId: string) =>
    (await budgets.statesOf(userId)).map(({ reserved, used }) => [reserved, used]);
  return { database, budgets, accept, claim, run, lapse, stateOf, inForce };
}

test('of many concurrent calls only so many reserve tokens as fit, and the sums are exact', async (t) => {
  const { database, budgets, run, stateOf } = await setUp(
    t,
    budget('user', 30),
    budget('all', 100),
    budget('all', 1_000, '2d'),
  );
  const turns = await Promise.all(Array.from({ length: 64 }, (_, n) => run(`user-${n}`)));
  const attempts = await Promise.all(
    turns.map(async (turn) => {
      const spending = budgets.ofTurn(turn)!;
      try {
        return { spending, callId: await spending.reserve(10) };
      } catch (error) {
        t.true(error instanceof BudgetExhausted);
        return null;
      }
    }),
  );
  const made = attempts.filter((each) => each !== null);
  t.is(made.length, 10);
  t.deepEqual(await stateOf('nobody'), [
    [0, 0],
    [100, 0],
    [100, 0],
  ]);
  await Promise.all(made.map(({ spending, callId }, n) => spending.settle(callId, n % 2 === 0 ? 3 : null, signal)));
  t.deepEqual(await stateOf('nobody'), [
    [0, 0],
    [0, 65],
    [0, 65],
  ]);
  await assertSettled(t, database);
});

test('a repeated reservation and a repeated settlement change nothing', async (t) => {
  const { database, budgets, run, stateOf } = await setUp(t, budget('user', 100));
  const { turnId, epoch } = await run('ann');
  const charged = { kind: 'turn', userId: 'ann', chargeId: turnId, fence: epoch } as const;
  const call = { callId: newId(), tokens: 60, limits: [{ owner: 'ann', windowS: 86_400, tokens: 100 }] };
  const repeated = await Promise.all([1, 2, 3, 4].map(() => reserveTokens(database, charged, call)));
  t.deepEqual(repeated, ['reserved', 'reserved', 'reserved', 'reserved']);
  t.deepEqual(await stateOf('ann'), [[60, 0]]);
  const spending = budgets.ofTurn({ turnId, epoch, userId: 'ann' })!;
  await Promise.all([1, 2, 3, 4].map(() => spending.settle(call.callId, 25, signal)));
  await spending.settle(call.callId, 40, signal);
  t.deepEqual(await stateOf('ann'), [[0, 25]]);
  // A further call of the turn must fit, too.
  const second = await spending.reserve(75);
  await spending.settle(second, 5, signal);
  await t.throwsAsync(spending.reserve(75), { instanceOf: BudgetExhausted });
  t.deepEqual(await stateOf('ann'), [[0, 30]]);
  await assertSettled(t, database);
});

test('a takeover keeps the room of the turn, and the lost call counts as its reservation', async (t) => {
  const { database, budgets, run, claim, lapse, stateOf } = await setUp(t, budget('user', 100), budget('all', 100));
  const first = await run('ann');
  const lost = budgets.ofTurn(first)!;
  const lostCall = await lost.reserve(70);
  await lapse();
  const second = await claim('ann');
  t.is(second.epoch, 2);
  const spending = budgets.ofTurn(second)!;
  const call = await spending.reserve(80);
  t.deepEqual(
    await stateOf('ann'),
    [
      [80, 70],
      [80, 70],
    ],
    'one reservation',
  );
  await t.throwsAsync(lost.reserve(10), { instanceOf: ChargeLost });
  await lost.settle(lostCall, 20, signal);
  t.deepEqual(
    await stateOf('ann'),
    [
      [80, 70],
      [80, 70],
    ],
    'it was counted',
  );
  await spending.settle(call, 20, signal);
  t.deepEqual(await stateOf('ann'), [
    [0, 90],
    [0, 90],
  ]);
  await t.throwsAsync(spending.reserve(20), { instanceOf: BudgetExhausted });
  await assertSettled(t, database);
});

test('a takeover in the next window must fit there, and settles in the window of the reservation', async (t) => {
  const { database, budgets, run, claim, lapse, stateOf } = await setUp(t, budget('all', 100));
  const other = budgets.ofTurn(await run('bob'))!;
  await budgets.ofTurn(await run('ann'))!.reserve(70);
  await endWindows(database);
  await other.reserve(50);
  await lapse();
  const spending = budgets.ofTurn(await claim('ann'))!;
  await t.throwsAsync(spending.reserve(70), { instanceOf: BudgetExhausted });
  const call = await spending.reserve(50);
  t.deepEqual(await stateOf('ann'), [[100, 0]]);
  const before = await chargesOf(database, 'ann', undefined, 10);
  t.deepEqual(
    before.map(({ reserved, used }) => [reserved, used]),
    [
      [0, 70],
      [50, 0],
    ],
  );
  await spending.settle(call, 7, signal);
  t.deepEqual(await stateOf('ann'), [[50, 7]]);
});

test('the time of the next try: the end of the window, or soon if only reservations are in the way', async (t) => {
  const { budgets, run } = await setUp(t, budget('all', 100));
  const [one, two] = [budgets.ofTurn(await run('ann'))!, budgets.ofTurn(await run('bob'))!];
  const call = await one.reserve(60);
  const waitOf = async () => {
    const error = await t.throwsAsync(two.reserve(60), { instanceOf: BudgetExhausted });
    const [state] = await budgets.statesOf('bob');
    return { ms: error.roomAt!.getTime() - Date.now(), isEnd: error.roomAt!.getTime() === state!.resetsAt.getTime() };
  };
  const soon = await waitOf();
  t.true(soon.isEnd || (soon.ms > 5_000 && soon.ms < 15_000), JSON.stringify(soon));
  await one.settle(call, 60, signal);
  t.true((await waitOf()).isEnd);
  const never = await t.throwsAsync(two.reserve(101), { instanceOf: BudgetExhausted });
  t.is(never.roomAt, null);
});

test('the sweeper settles what a final or erased turn has left, and nothing else', async (t) => {
  const { database, budgets, run, stateOf } = await setUp(t, budget('user', 100), budget('all', 1_000));
  const turns = await Promise.all(['ann', 'bob', 'eve'].map(run));
  for (const turn of turns) await budgets.ofTurn(turn)!.reserve(40);
  const [ann, bob] = turns;
  await cancelTurn(database, ann!, null);
  await database.builder('budget_charges').update({ reserved_at: new Date(Date.now() - 60_000) });
  await settleLeft(database);
  t.deepEqual(await stateOf('ann'), [
    [0, 40],
    [80, 40],
  ]);
  t.deepEqual(await stateOf('bob'), [
    [40, 0],
    [80, 40],
  ]);
  await beginErasure(database, newId(), 'bob');
  t.deepEqual(
    await stateOf('bob'),
    [
      [0, 0],
      [40, 80],
    ],
    'the total of all keeps what the user may have used',
  );
  t.deepEqual(await chargesOf(database, 'bob', undefined, 10), []);
  await t.throwsAsync(budgets.ofTurn(bob!)!.reserve(10), { instanceOf: ChargeLost });
  await settleLeft(database);
  t.deepEqual(await stateOf('eve'), [
    [40, 0],
    [40, 80],
  ]);
});

test('a summary is charged while it is due, and one that was given up is settled', async (t) => {
  const { database, budgets, stateOf } = await setUp(t, budget('user', 100));
  const [mark, other] = [newId(), newId()];
  const due = { user_id: 'ann', mark, due_at: new Date(), quiet_since: new Date() };
  await database.builder('due_summaries').insert(due);
  await budgets.ofSummary('ann', mark)!.reserve(40);
  await t.throwsAsync(budgets.ofSummary('ann', other)!.reserve(40), { instanceOf: ChargeLost });
  t.deepEqual(await stateOf('ann'), [[40, 0]]);
  // The next job of the summary takes over.
  await budgets.ofSummary('ann', mark)!.reserve(80);
  t.deepEqual(await stateOf('ann'), [[80, 40]]);
  await settleLeft(database);
  t.deepEqual(await stateOf('ann'), [[80, 40]]);
  await database.builder('budget_charges').update({ reserved_at: new Date(Date.now() - 3_600_000) });
  await settleLeft(database);
  t.deepEqual(await stateOf('ann'), [[0, 120]]);
  await assertSettled(t, database);
});

test('a postponed turn and the later ones of its user are not claimed or woken before its time', async (t) => {
  const { database, accept, claim, run } = await setUp(t);
  const turn = await run('ann');
  const next = await accept('ann');
  t.true(await postponeTurn(database, turn, 0, new Date(Date.now() + 60_000)));
  t.false(await postponeTurn(database, turn, 0, new Date()), 'the claim is over');
  const row = (await database.builder('turns').where('turn_id', turn.turnId).first()) as Record<string, unknown>;
  t.like(row, { status: 'queued', attempts: 0, started_at: null, claim_id: null });
  await database.builder('turns').update({ created_at: new Date(Date.now() - 60_000) });
  await t.throwsAsync(claim('ann'), { message: 'busy' });
  t.deepEqual(await idleHeads(database, '', 3, 10), []);
  await database
    .builder('turns')
    .whereNotNull('not_before')
    .update({ not_before: new Date(Date.now() - 1_000) });
  t.deepEqual(
    (await idleHeads(database, '', 3, 10)).map(({ turn_id: id }) => id),
    [turn.turnId],
  );
  t.like(await claim('ann'), { turnId: turn.turnId, epoch: 3, attempts: 1 });
  t.not(next.turnId, turn.turnId);
});
