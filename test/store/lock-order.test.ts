import type { ExecutionContext } from 'ava';
import { Client } from 'pg';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { countLeftOver, countTurns, setMessageCount } from '../../src/store/analytics.ts';
import { claimNext } from '../../src/store/claims.ts';
import { renewLeases } from '../../src/store/held-claims.ts';
import { commitAnswer } from '../../src/store/commit-turn.ts';
import { connect } from '../../src/store/connect.ts';
import { dueSummaryMark, summaryRenewed, takeDueSummaries } from '../../src/store/due-summaries.ts';
import { Database } from '../../src/store/database.ts';
import { beginErasure } from '../../src/store/erasures.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { newTurnOf, NO_LIMITS } from '../support/new-turn.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

const USERS = Array.from({ length: 12 }, (_, n) => `user-${n}`);

/** The number of deadlocks in the database. Closes the pool: a connection reports its deadlocks when it is closed. */
async function deadlocksOf(t: ExecutionContext, url: string, database: Database): Promise<number> {
  await database.close();
  const observer = new Client(url);
  await observer.connect();
  t.teardown(() => observer.end());
  const { rows } = await observer.query<{ deadlocks: number }>(
    'select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()',
  );
  return rows[0]!.deadlocks;
}

// A deadlock is resolved after a second, and the statement is repeated. Meanwhile other statements wait.
onPostgres(
  'accepts, counts, summaries and erasures lock rows in one order, so that there is no deadlock',
  async (t) => {
    const { url } = await freshDatabase(t);
    await migrateDatabase(url);
    const database = new Database(await connect(url, { poolSize: 24 }));
    const other = new Database(await connect(url, { poolSize: 12 }));
    t.teardown(() => Promise.all([database.close(), other.close()]));
    for (let round = 0; round < 5; round += 1) {
      const turnIds = (
        await Promise.all(
          USERS.flatMap((user) => Array.from({ length: 20 }, () => user)).map(async (user) => {
            const turnId = newId();
            await acceptTurn(database, turnId, newTurnOf(user), NO_LIMITS);
            return turnId;
          }),
        )
      ).toSorted(() => Math.random() - 0.5);
      await database.builder('turns').update({ status: 'completed', finished_at: new Date() });
      await database.builder('uncounted_turns').insert(turnIds.map((id) => ({ turn_id: id, created_at: new Date(0) })));
      const counts = Array.from({ length: 12 }, (_, n) => countTurns(database, turnIds.slice(n * 20, n * 20 + 20)));
      // Another process counts the same turns, in other groups.
      const others = Array.from({ length: 6 }, (_, n) =>
        countTurns(other, turnIds.slice(n * 30, n * 30 + 60).toReversed()),
      );
      const sweeps = [countLeftOver(database), countLeftOver(other)];
      const initialized = USERS.map((user) => setMessageCount(other, user, 1));
      const summaries = USERS.map(async (user) => {
        await takeDueSummaries(other, { quietS: 0, retryS: 0, limit: 5 });
        const mark = await dueSummaryMark(database, user);
        if (mark !== null) await summaryRenewed(database, user, mark);
      });
      const accepts = USERS.map((user) => acceptTurn(database, newId(), newTurnOf(user), NO_LIMITS));
      const erasures = USERS.map((user) => beginErasure(database, newId(), user));
      await Promise.all([...counts, ...others, ...sweeps, ...initialized, ...summaries, ...accepts, ...erasures]);
      await database.builder('erasures').delete();
    }
    await other.close();
    t.is(await deadlocksOf(t, url, database), 0);
  },
);

onPostgres('commits and renewals of the same turns lock them in one order', async (t) => {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 24 }));
  t.teardown(() => database.close());
  const answer = {
    reply: 'reply',
    model: 'm',
    usage: { inputTokens: 1, outputTokens: 1 },
    finishReason: 'stop' as const,
  };
  for (let round = 0; round < 8; round += 1) {
    const users = Array.from({ length: 200 }, (_, n) => `user-${n}`);
    await Promise.all(users.map((user) => acceptTurn(database, newId(), newTurnOf(user), NO_LIMITS)));
    const request = { leaseS: 30, exchanges: 0, memoryKey: null };
    const claims = await Promise.all(users.map((userId) => claimNext(database, { ...request, userId })));
    const held = claims.flatMap((claim) => (claim.outcome === 'claimed' ? [claim.turn] : []));
    t.is(held.length, 200);
    const shuffled = held.toSorted(() => Math.random() - 0.5);
    const renewals = Array.from({ length: 10 }, () => renewLeases(database, shuffled, 30));
    const commits = held.toSorted(() => Math.random() - 0.5).map((turn) => commitAnswer(database, turn, 1, answer, []));
    await Promise.all([...renewals, ...commits]);
  }
  t.is(await deadlocksOf(t, url, database), 0);
});
