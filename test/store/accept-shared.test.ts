// The shared accept: what may happen between the read of the rows and the lock.
import test, { type ExecutionContext } from 'ava';
import { hashRequest, type NewTurn } from '../../src/domain/accept.ts';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { beginErasure, finishErasure } from '../../src/store/erasures.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';

/** Databases as two processes have them, with their own batches. */
async function twoProcesses(t: ExecutionContext) {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const open = async () => {
    const database = new Database(await connect(url, { poolSize: 24 }));
    t.teardown(() => database.close());
    return database;
  };
  return [await open(), await open()] as const;
}

const accept = (database: Database, turn: NewTurn, perUser = NO_LIMITS.perUser) =>
  acceptTurn(database, newId(), turn, { ...NO_LIMITS, perUser });

/** Accepts the turn while `work` runs in a transaction of another process that holds the lock of the user. */
async function whileLocked(
  [database, other]: readonly [Database, Database],
  turn: NewTurn,
  work: (queries: Parameters<Parameters<Database['transaction']>[0]>[0]) => Promise<unknown>,
) {
  let outcome: ReturnType<typeof accept> | undefined;
  await other.transaction(async (queries) => {
    await queries.builder('users').where('user_id', turn.userId).forUpdate();
    outcome = accept(database, turn);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await work(queries);
  });
  return outcome!;
}

test('concurrent accepts of two processes give each user seqs without gaps', async (t) => {
  const processes = await twoProcesses(t);
  const users = ['ann', 'ben', 'cleo'];
  const all = Array.from({ length: 300 }, (_, n) => accept(processes[n % 2]!, newTurnOf(users[n % 3]!)));
  const outcomes = await Promise.all(all);
  t.true(outcomes.every(({ outcome }) => outcome === 'accepted'));
  for (const user of users) {
    const rows = await processes[0].builder('turns').where('user_id', user).orderBy('seq').select('seq');
    t.deepEqual(
      rows.map(({ seq }: { seq: number }) => seq),
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    t.like(await processes[0].builder('users').where('user_id', user).first(), { last_seq: 100 });
  }
});

test('the turns of one batch keep the order of the calls', async (t) => {
  const [database] = await twoProcesses(t);
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => accept(database, newTurnOf('ann'))));
  t.deepEqual(
    outcomes.map((each) => (each.outcome === 'accepted' ? each.turn.seq : null)),
    Array.from({ length: 50 }, (_, n) => n + 1),
  );
});

test('the limit of queued turns is exact under concurrent accepts of two processes', async (t) => {
  const processes = await twoProcesses(t);
  const all = Array.from({ length: 60 }, (_, n) => accept(processes[n % 2]!, newTurnOf('ann'), 7));
  const outcomes = (await Promise.all(all)).map(({ outcome }) => outcome);
  t.is(outcomes.filter((outcome) => outcome === 'accepted').length, 7);
  t.is(outcomes.filter((outcome) => outcome === 'queue_full').length, 53);
});

test('one idempotency key creates one turn, also in one batch and from two processes', async (t) => {
  const processes = await twoProcesses(t);
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, (_, n) => accept(processes[n % 2]!, newTurnOf('ann', { idempotencyKey: 'k' }))),
  );
  t.is(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 1);
  t.is(outcomes.filter(({ outcome }) => outcome === 'repeated').length, 39);
  const other = await accept(
    processes[0],
    newTurnOf('ann', { idempotencyKey: 'k', requestHash: hashRequest('other') }),
  );
  t.is(other.outcome, 'key_reused');
});

test('an accept that waited for another accept does not use outdated rows', async (t) => {
  const processes = await twoProcesses(t);
  await accept(processes[0], newTurnOf('ann'));
  const turn = newTurnOf('ann', { idempotencyKey: 'k' });
  const outcome = await whileLocked(processes, turn, async ({ builder }) => {
    await builder('users').where('user_id', 'ann').increment({ version: 1 });
    const joined = { user_id: 'ann', idempotency_key: 'k', turn_id: newId(), request_hash: 'other' };
    await builder('joined_keys').insert(joined);
    await builder('turns').where('user_id', 'ann').update({ turn_id: joined.turn_id });
  });
  t.is(outcome.outcome, 'key_reused', 'the key was used to join a turn meanwhile');
});

test('an accept that waited for the start of an erasure is refused', async (t) => {
  const [database, other] = await twoProcesses(t);
  await accept(database, newTurnOf('ann'));
  for (const user of ['ann', 'unknown']) {
    for (let round = 0; round < 10; round += 1) {
      const [erasure, outcome] = await Promise.all([
        beginErasure(other, newId(), user),
        accept(database, newTurnOf(user)),
      ]);
      const left = await database.builder('turns').where('user_id', user);
      // Accepted before the erasure, which then removed it; or refused.
      t.true(outcome.outcome === 'being_erased' || outcome.outcome === 'accepted');
      t.is(left.length, 0, 'no turn is left that the erasure would remove later');
      t.is((await accept(database, newTurnOf(user))).outcome, 'being_erased');
      const { erasureId } = erasure.erasure;
      await finishErasure(database, { erasureId, userId: user, turnIds: [], passes: 1 });
      t.like(await accept(database, newTurnOf(user)), { outcome: 'accepted', turn: { seq: 1 } });
    }
  }
});

test('an accept of a new user that waited for the start of an erasure is refused', async (t) => {
  const [database, other] = await twoProcesses(t);
  let outcome: ReturnType<typeof accept> | undefined;
  await other.transaction(async ({ builder }) => {
    await builder('users').insert({ user_id: 'ann', version: 1 });
    outcome = accept(database, newTurnOf('ann'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await builder('erasures').insert({ erasure_id: newId(), user_id: 'ann', owner_hash: '', turn_ids: '[]' });
  });
  t.is((await outcome!).outcome, 'being_erased');
});

test('a session that two users start at the same time belongs to one of them', async (t) => {
  const processes = await twoProcesses(t);
  const sessionId = newId();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, n) => accept(processes[n % 2]!, newTurnOf(`user-${n}`, { sessionId }))),
  );
  t.is(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 1);
  t.is(outcomes.filter(({ outcome }) => outcome === 'foreign_session').length, 19);
  t.is((await processes[0].builder('turns')).length, 1);
});
