// Claims of turns: repeated requests, lapsed and released claims, and rows that are locked.
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Client } from 'pg';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { claimNext, type ClaimTerms } from '../../src/store/claims.ts';
import { releaseClaims, releaseUnanswered, renewLeases } from '../../src/store/held-claims.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { retryTurn } from '../../src/store/retry/retry-turn.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';

const LEASE_S = 30;

async function setUp(t: ExecutionContext) {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 8 }));
  t.teardown(() => database.close());
  const accept = async (userId: string) => {
    const outcome = await acceptTurn(database, newId(), newTurnOf(userId), NO_LIMITS);
    if (outcome.outcome !== 'accepted') throw new Error(outcome.outcome);
    return outcome.turn;
  };
  const claim = (userId: string, terms: ClaimTerms = { claimId: newId() }) =>
    claimNext(database, { userId, leaseS: LEASE_S, exchanges: 5, memoryKey: null, ...terms });
  const rowOf = async (turnId: string) =>
    (await database.builder('turns').where('turn_id', turnId).first()) as {
      epoch: number;
      attempts: number;
      takeovers: number;
      lease_until: Date;
      started_at: Date;
    };
  const lapse = (agoMs = 1_000) => database.builder('turns').update({ lease_until: new Date(Date.now() - agoMs) });
  /** Holds what the statement locks until the returned function is called. */
  const hold = async (sql: string, bindings: unknown[] = []) => {
    const client = new Client(url);
    await client.connect();
    await client.query('begin');
    await client.query(sql, bindings);
    return async (end?: 'commit') => {
      if (end) await client.query(end);
      await client.end();
    };
  };
  const lock = (turnIds: readonly string[]) =>
    hold('select 1 from turns where turn_id = any($1) for update', [turnIds]);
  /** Locks the table for `ms` milliseconds. `unlocked` resolves after that. */
  const lockTable = async (name: string, ms: number) => {
    const unlock = await hold(`lock table ${name} in access exclusive mode`);
    return { unlocked: pause(ms).then(() => unlock()) };
  };
  return { database, accept, claim, rowOf, lapse, hold, lock, lockTable };
}

test('a repeated claim gets the same turn with the same epoch, and another one does not', async (t) => {
  const { accept, claim, rowOf, lapse } = await setUp(t);
  const { turnId } = await accept('ann');
  await accept('ann');
  const claimId = newId();
  const first = await claim('ann', { claimId });
  t.like(first, { outcome: 'claimed', turn: { turnId, epoch: 1, attempts: 1 }, takenOver: false });
  t.is((await claim('ann')).outcome, 'busy');
  t.like(await claim('ann', { claimId }), { outcome: 'claimed', turn: { turnId, epoch: 1, attempts: 1 } });
  await lapse();
  t.like(await claim('ann', { claimId, lapsedBefore: 0 }), {
    outcome: 'claimed',
    turn: { turnId, epoch: 1, attempts: 1 },
    takenOver: false,
  });
  const row = await rowOf(turnId);
  t.is(row.takeovers, 0);
  t.true(row.lease_until.getTime() > Date.now() + 20_000, 'the lease is renewed');
});

test('a hundred repeated claims at the same time get one turn', async (t) => {
  const { accept, claim, rowOf } = await setUp(t);
  const { turnId } = await accept('ann');
  await accept('ann');
  const claimId = newId();
  const all = await Promise.all(Array.from({ length: 100 }, () => claim('ann', { claimId })));
  const got = all.flatMap((reply) => (reply.outcome === 'claimed' ? [reply.turn] : []));
  t.true(got.length > 0);
  for (const turn of got) t.like(turn, { turnId, epoch: 1 });
  t.like(await rowOf(turnId), { epoch: 1, attempts: 1 });
});

test('a lapsed claim is taken over if it lapsed early enough, and that is counted', async (t) => {
  const { accept, claim, rowOf, lapse } = await setUp(t);
  const { turnId } = await accept('ann');
  await claim('ann');
  const now = Date.now();
  await lapse(2_000);
  t.is((await claim('ann', { claimId: newId(), lapsedBefore: 0 })).outcome, 'busy');
  t.is((await claim('ann', { claimId: newId(), lapsedBefore: now - 5_000 })).outcome, 'busy');
  const taken = await claim('ann', { claimId: newId(), lapsedBefore: now });
  t.like(taken, { outcome: 'claimed', turn: { turnId, epoch: 2, attempts: 2 }, takenOver: true, takeovers: 1 });
  t.is((await rowOf(turnId)).takeovers, 1);
});

test('a released claim can be claimed at once by everybody, and is no takeover', async (t) => {
  const { database, accept, claim, rowOf } = await setUp(t);
  const { turnId } = await accept('ann');
  for (let epoch = 1; epoch <= 30; epoch += 1) {
    const reply = await claim('ann', { claimId: newId(), lapsedBefore: 0 });
    // The model was not called, so the attempt does not count.
    t.like(reply, { outcome: 'claimed', turn: { turnId, epoch, attempts: 1 }, takenOver: false, takeovers: 0 });
    await releaseClaims(database, [{ turnId, epoch }], true);
  }
  t.like(await rowOf(turnId), { epoch: 30, attempts: 0, takeovers: 0 });
});

test('a request whose answer was lost is released by its id, and an attempt is taken back once', async (t) => {
  const { database, accept, claim, rowOf } = await setUp(t);
  const { turnId } = await accept('ann');
  const claimId = newId();
  await claim('ann', { claimId, lapsedBefore: 0 });
  t.is(await releaseUnanswered(database, 'ann', newId()), null);
  t.deepEqual(await releaseUnanswered(database, 'ann', claimId), { turnId, epoch: 1 });
  t.is(await releaseUnanswered(database, 'ann', claimId), null);
  // The answer came after all, and its owner releases the claim too.
  await releaseClaims(database, [{ turnId, epoch: 1 }], true);
  t.like(await rowOf(turnId), { epoch: 1, attempts: 0, takeovers: 0 });
  t.like(await claim('ann', { claimId, lapsedBefore: 0 }), { outcome: 'claimed', takenOver: false });
});

test('a claim whose owner is late is renewed unless another one took it over', async (t) => {
  const { database, accept, claim, lapse, rowOf } = await setUp(t);
  const { turnId } = await accept('ann');
  await claim('ann');
  await lapse();
  const late = await renewLeases(database, [{ turnId, epoch: 1 }], LEASE_S);
  t.true(late.held.has(turnId) && late.renewed.has(turnId));
  t.true((await rowOf(turnId)).lease_until.getTime() > Date.now());
  t.true(Math.abs(late.at - Date.now()) < 5_000);
  await lapse();
  await claim('ann');
  const lost = await renewLeases(database, [{ turnId, epoch: 1 }], LEASE_S);
  t.deepEqual([...lost.held, ...lost.renewed], []);
  t.true((await renewLeases(database, [], LEASE_S)).at > 0);
});

test('locked rows do not delay the renewal of the others, and their claims are not lost', async (t) => {
  const { database, accept, claim, lock } = await setUp(t);
  const turns = await Promise.all(Array.from({ length: 20 }, (_, n) => accept(`user-${n}`)));
  await Promise.all(turns.map(({ userId }) => claim(userId)));
  const claims = turns.map(({ turnId }) => ({ turnId, epoch: 1 }));
  const locked = turns.slice(0, 3).map(({ turnId }) => turnId);
  const unlock = await lock(locked);
  const startedAt = performance.now();
  const during = await renewLeases(database, [...claims, { turnId: newId(), epoch: 1 }], LEASE_S);
  t.true(performance.now() - startedAt < 2_000);
  t.is(during.held.size, 20);
  t.deepEqual([...during.held].filter((turnId) => !during.renewed.has(turnId)).toSorted(), locked.toSorted());
  await unlock();
  t.is((await renewLeases(database, claims, LEASE_S)).renewed.size, 20);
});

test('a lapsed claim is not taken over while its row is locked: its owner could not renew it', async (t) => {
  const { database, accept, claim, lapse, lock } = await setUp(t);
  const { turnId } = await accept('ann');
  await claim('ann');
  await lapse();
  const unlock = await lock([turnId]);
  const startedAt = performance.now();
  t.is((await claim('ann')).outcome, 'busy');
  t.true(performance.now() - startedAt < 2_000);
  await unlock();
  t.true((await renewLeases(database, [{ turnId, epoch: 1 }], LEASE_S)).renewed.has(turnId));
  t.is((await claim('ann')).outcome, 'busy');
});

test('the turn starts and its lease begins after the claim has waited for a lock, and so does a renewed lease', async (t) => {
  const { database, accept, claim, rowOf, lockTable } = await setUp(t);
  const { turnId } = await accept('ann');
  const isWhole = async () => (await rowOf(turnId)).lease_until.getTime() > Date.now() + (LEASE_S - 1) * 1_000;
  const first = await lockTable('actor_state', 2_000);
  const lockedAt = Date.now();
  t.like(await claim('ann'), { outcome: 'claimed' });
  await first.unlocked;
  t.true(await isWhole(), 'after the claim');
  t.true((await rowOf(turnId)).started_at.getTime() > lockedAt + 1_500, 'the previous turn may have ended meanwhile');
  const second = await lockTable('turns', 2_000);
  await renewLeases(database, [{ turnId, epoch: 1 }], LEASE_S);
  await second.unlocked;
  t.true(await isWhole(), 'after the renewal');
});

test('a turn that was retried waits for the running turn, also if that one must be taken over first', async (t) => {
  const { database, accept, claim, lapse } = await setUp(t);
  const { turnId: retried } = await accept('ann');
  const { turnId: later } = await accept('ann');
  await claim('ann');
  await database.builder('turns').update({ status: 'failed', finished_at: new Date() }).where({ turn_id: retried });
  t.like(await claim('ann'), { outcome: 'claimed', turn: { turnId: later } });
  t.like(await retryTurn(database, retried), { status: 'queued', epoch: 2 });
  t.is((await claim('ann')).outcome, 'busy');
  await lapse();
  t.like(await claim('ann'), { outcome: 'claimed', turn: { turnId: later }, takenOver: true });
  await database.builder('turns').update({ status: 'completed' }).where({ turn_id: later });
  t.like(await claim('ann'), {
    outcome: 'claimed',
    turn: { turnId: retried, epoch: 3, attempts: 2 },
    takenOver: false,
  });
});

test('a claim of a retried turn meets a claim of a later one: the user has one running turn', async (t) => {
  const { database, accept, claim, hold } = await setUp(t);
  const { turnId: retried } = await accept('ann');
  const { turnId: later } = await accept('ann');
  await database.builder('turns').update({ status: 'failed', finished_at: new Date() }).where({ turn_id: retried });
  await retryTurn(database, retried);
  // Another claim has read the rows before the retry.
  const sql = "update turns set status = 'running', lease_until = now() + interval '1 minute' where turn_id = $1";
  const end = await hold(sql, [later]);
  const claiming = claim('ann');
  await pause(300);
  await end('commit');
  t.is((await claiming).outcome, 'busy');
});
