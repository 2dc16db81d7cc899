import { Client } from 'pg';
import { hashRequest, type NewTurn } from '../../src/domain/accept.ts';
import { newId } from '../../src/domain/ids.ts';
import { acceptTurn } from '../../src/store/accept-turn.ts';
import { countTurns } from '../../src/store/analytics.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { beginErasure } from '../../src/store/erasures.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

const USERS = Array.from({ length: 12 }, (_, n) => `user-${n}`);
const LIMITS = { perUser: 1_000_000, ofAll: 1_000_000, queuedOfAll: 0 };

const messageOf = (userId: string): NewTurn => ({
  userId,
  sessionId: newId(),
  text: 'hello',
  metadata: {},
  tags: [],
  idempotencyKey: null,
  requestHash: hashRequest({}),
  onBusy: 'enqueue',
});

// A deadlock is resolved after a second, and the statement is repeated. Meanwhile other statements wait.
onPostgres('accepts, counts and erasures lock rows in one order, so that there is no deadlock', async (t) => {
  const { url } = await freshDatabase(t);
  await migrateDatabase(url);
  const database = new Database(await connect(url, { poolSize: 24 }));
  t.teardown(() => database.close());
  for (let round = 0; round < 5; round += 1) {
    const turnIds = (
      await Promise.all(
        USERS.flatMap((user) => Array.from({ length: 20 }, () => user)).map(async (user) => {
          const turnId = newId();
          await acceptTurn(database, turnId, messageOf(user), LIMITS);
          return turnId;
        }),
      )
    ).toSorted(() => Math.random() - 0.5);
    await database.builder('turns').update({ status: 'completed', finished_at: new Date() });
    const counts = Array.from({ length: 12 }, (_, n) => countTurns(database, turnIds.slice(n * 20, n * 20 + 20)));
    const accepts = USERS.map((user) => acceptTurn(database, newId(), messageOf(user), LIMITS));
    const erasures = USERS.map((user) => beginErasure(database, newId(), user));
    await Promise.all([...counts, ...accepts, ...erasures]);
    await database.builder('erasures').delete();
  }
  await database.close();
  // A connection reports its deadlocks when it is closed.
  const observer = new Client(url);
  await observer.connect();
  t.teardown(() => observer.end());
  const { rows } = await observer.query(
    'select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()',
  );
  t.deepEqual(rows, [{ deadlocks: 0 }]);
});
