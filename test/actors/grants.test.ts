// Grants: the actor lets one worker claim a user's turns by itself, and never two.
import test, { type ExecutionContext } from 'ava';
import { GrantedClaims } from '../../src/actors/granted-claims.ts';
import type { ClaimReply } from '../../src/actors/user-session.ts';
import { EmbeddedRuntime } from '../../src/actors/embedded-runtime.ts';
import { sessionStore } from '../../src/actors/session-store.ts';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { sqlActorState } from '../../src/store/actor-state.ts';
import { commitAnswer } from '../../src/store/commit-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { beginErasure } from '../../src/store/erasures.ts';
import { giveBackGrants } from '../../src/store/grants.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';

const ANSWER = {
  reply: 'reply',
  model: 'm',
  usage: { inputTokens: 1, outputTokens: 1 },
  finishReason: 'stop' as const,
};

/** Two hosts of the same actors, as while an actor moves, and workers that claim through one of them. */
async function setUp(t: ExecutionContext) {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 16 }));
  t.teardown(() => database.close());
  const hosts = await Promise.all(
    [1, 2].map(async () => {
      const runtime = new EmbeddedRuntime({
        // As on a Dapr host: the memory is not in the store of the claims.
        store: sessionStore(database, { holdsState: false }),
        state: sqlActorState(database),
        lease: { acquire: async () => {}, release: async () => {} },
        onLost: () => {},
      });
      await runtime.start();
      t.teardown(() => runtime.stop());
      return runtime;
    }),
  );
  const workerOf = (host: number) => {
    const calls = { actor: 0 };
    const granted = new GrantedClaims({
      ask: (userId, args) => {
        calls.actor += 1;
        return hosts[host]!.call(userId, 'claim', args);
      },
      store: sessionStore(database, { holdsState: false }),
      giveBack: (users, holder) => giveBackGrants(database, users, holder),
      holder: newId(),
    });
    const claims = {
      next: (userId: string) => granted.next(userId, { leaseS: 30, exchanges: 5 }),
      holds: (userId: string) => granted.holds(userId),
      giveBack: (userId: string) => granted.giveBack(userId),
      giveBackAll: () => granted.giveBackAll(),
    };
    return { claims, calls };
  };
  const accept = (userId: string) => acceptTurn(database, newId(), newTurnOf(userId), NO_LIMITS);
  return { database, hosts, workerOf, accept };
}

type Claims = Pick<GrantedClaims, 'holds' | 'giveBack'> & { next(userId: string): Promise<ClaimReply> };
async function claimed(t: ExecutionContext, claims: Claims, userId = 'ann') {
  const reply = await claims.next(userId);
  if (reply.outcome !== 'claimed') throw new Error(reply.outcome);
  t.is(reply.work.userId, userId);
  return reply.work;
}

test('the turns after the first one are claimed without a call of the actor', async (t) => {
  const { database, workerOf, accept } = await setUp(t);
  const { claims, calls } = workerOf(0);
  for (let n = 0; n < 5; n += 1) await accept('ann');
  for (let n = 0; n < 5; n += 1) {
    const work = await claimed(t, claims);
    t.is(work.seq, n + 1);
    t.is(work.memory.name, 'ann');
    t.truthy(await commitAnswer(database, work, 1, ANSWER, []));
  }
  t.is((await claims.next('ann')).outcome, 'nothing');
  t.is(calls.actor, 1);
});

test('a second worker is refused, also by another host of the actor, until the user is given back', async (t) => {
  const { database, workerOf, accept } = await setUp(t);
  const [first, second] = [workerOf(0), workerOf(1)];
  await accept('ann');
  await accept('ann');
  const work = await claimed(t, first.claims);
  t.is((await second.claims.next('ann')).outcome, 'busy');
  await commitAnswer(database, work, 1, ANSWER, []);
  t.is((await second.claims.next('ann')).outcome, 'held');
  t.true(first.claims.holds('ann'));
  await first.claims.giveBack('ann');
  t.false(first.claims.holds('ann'));
  t.is((await claimed(t, second.claims)).seq, 2);
});

test('a claim that finds no turn, or a running one, grants nothing', async (t) => {
  const { database, workerOf, accept } = await setUp(t);
  const [first, second] = [workerOf(0), workerOf(1)];
  t.is((await first.claims.next('ann')).outcome, 'nothing');
  t.is((await database.builder('user_grants')).length, 0);
  await accept('ann');
  const work = await claimed(t, second.claims);
  await database.builder('user_grants').update({ held_until: new Date(0) });
  t.is((await first.claims.next('ann')).outcome, 'busy');
  await commitAnswer(database, work, 1, ANSWER, []);
  await accept('ann');
  t.is((await claimed(t, second.claims)).seq, 2);
});

test('a grant ends by itself, and the worker that had it is refused', async (t) => {
  const { database, workerOf, accept } = await setUp(t);
  const [first, second] = [workerOf(0), workerOf(1)];
  for (let n = 0; n < 3; n += 1) await accept('ann');
  await commitAnswer(database, await claimed(t, first.claims), 1, ANSWER, []);
  await database.builder('user_grants').update({ held_until: new Date(0) });
  const taken = await claimed(t, second.claims);
  t.is(taken.seq, 2);
  await commitAnswer(database, taken, 1, ANSWER, []);
  // Its own clock says that it still holds the user.
  t.true(first.claims.holds('ann'));
  t.is((await first.claims.next('ann')).outcome, 'held');
  t.is((await claimed(t, second.claims)).seq, 3);
});

test('a worker whose claim was taken over cannot commit with its old grant', async (t) => {
  const { database, workerOf, accept } = await setUp(t);
  const [first, second] = [workerOf(0), workerOf(1)];
  await accept('ann');
  const stale = await claimed(t, first.claims);
  await database.builder('user_grants').update({ held_until: new Date(0) });
  await database.builder('turns').update({ lease_until: new Date(0) });
  const taken = await claimed(t, second.claims);
  t.deepEqual([taken.turnId, taken.epoch], [stale.turnId, stale.epoch + 1]);
  t.is(await commitAnswer(database, stale, 1, ANSWER, []), null);
  t.truthy(await commitAnswer(database, taken, 1, ANSWER, []));
});

test('of many workers on both hosts, one holds a user, and each turn is claimed once', async (t) => {
  const { database, workerOf, accept } = await setUp(t);
  const workers = Array.from({ length: 16 }, (_, n) => workerOf(n % 2));
  for (let round = 0; round < 10; round += 1) {
    await accept('ann');
    const replies = await Promise.all(workers.map(({ claims }) => claims.next('ann')));
    const won = replies.flatMap((reply) => (reply.outcome === 'claimed' ? [reply.work] : []));
    t.is(won.length, 1);
    t.true(replies.every(({ outcome }) => outcome !== 'nothing'));
    t.truthy(await commitAnswer(database, won[0]!, 1, ANSWER, []));
    await Promise.all(workers.map(({ claims }) => claims.giveBackAll()));
  }
});

test('a change of the memory, and an erasure, end the grant', async (t) => {
  const { database, hosts, workerOf, accept } = await setUp(t);
  const { claims, calls } = workerOf(0);
  for (let n = 0; n < 4; n += 1) await accept('ann');
  await commitAnswer(database, await claimed(t, claims), 1, ANSWER, []);
  await hosts[1]!.call('ann', 'patch', { name: 'Ann Smith' });
  const second = await claimed(t, claims);
  t.is(second.memory.name, 'Ann Smith');
  t.is(calls.actor, 2);
  await commitAnswer(database, second, 1, ANSWER, []);
  await beginErasure(database, newId(), 'ann');
  t.is((await claims.next('ann')).outcome, 'nothing');
  t.is((await database.builder('user_grants')).length, 0);
});
