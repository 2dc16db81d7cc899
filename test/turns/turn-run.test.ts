// A turn whose run fails before the model is called: its claim is released and does not count.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { Unavailable } from '../../src/domain/errors.ts';
import { sessionStore } from '../../src/actors/session-store.ts';
import { unknownUser } from '../../src/domain/memory.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { releaseClaims, renewLeases } from '../../src/store/held-claims.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ClaimKeeper } from '../../src/turns/claim-keeper.ts';
import { TurnRun } from '../../src/turns/turn-run.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase } from '../support/services.ts';

const LEASE_S = 30;

test('a claim is released if its run fails before the model call, and kept if it fails later', async (t) => {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 4 }));
  t.teardown(() => database.close());
  const turnId = newId();
  await acceptTurn(database, turnId, newTurnOf('ann'), NO_LIMITS);
  const keeper = new ClaimKeeper({
    leaseS: LEASE_S,
    connectedAt: 0,
    renew: (claims) => renewLeases(database, claims, LEASE_S),
    release: (claims, unused) => releaseClaims(database, claims, unused),
  });
  const store = sessionStore(database, { holdsState: true });
  let callsModel = false;
  const turns = new TurnRun({
    keeper,
    partials: { add: () => () => {} },
    async claim(userId) {
      const claim = await store.claimNext(userId, { leaseS: LEASE_S, exchanges: 0, claimId: newId() }, undefined);
      return claim.outcome === 'claimed' ? { ...claim, work: { ...claim.work, memory: unknownUser(userId) } } : claim;
    },
    policies: { current: { rules: [] } } as never,
    async answer({ partial }, signal) {
      const model = { complete: () => Promise.reject(new Error('the worker has a fault')) };
      if (callsModel) await partial.of(model).complete({ messages: [], signal });
      throw new Unavailable('database');
    },
    hooks: { turnStarted() {}, turnChanged() {}, reviewChanged() {}, eventsCommitted() {} },
    applyKeptDecision: async () => {},
    metrics: createMetrics(),
    log: createLog('silent'),
  });
  for (let epoch = 1; epoch <= 15; epoch += 1) {
    await t.throwsAsync(turns.next('ann'), { instanceOf: Unavailable });
    t.like(await database.builder('turns').first(), { status: 'running', epoch, attempts: 0, takeovers: 0 });
  }
  callsModel = true;
  await t.throwsAsync(turns.next('ann'), { message: 'the worker has a fault' });
  t.like(await database.builder('turns').first(), { epoch: 16, attempts: 1, takeovers: 0 });
  t.is(await turns.next('ann'), null, 'the claim lasts as long as its lease');
});
