// Indexes of large tables: built without blocking writers, and built again if an earlier build was interrupted.
import { Client } from 'pg';
import type { ExecutionContext } from 'ava';
import { buildIndex, dropIndex } from '../../migrations/support/indexes.ts';
import { connect, NO_LIMITS } from '../../src/store/connect.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import { emptyDatabase, onPostgres } from '../support/services.ts';

async function open(t: ExecutionContext) {
  const { url } = await emptyDatabase(t);
  const builder = await connect(url, { poolSize: 2, limits: NO_LIMITS });
  t.teardown(() => builder.destroy());
  const client = async () => {
    const connected = new Client(url);
    await connected.connect();
    t.teardown(() => connected.end());
    return connected;
  };
  const isValid = async (name: string) => {
    const { rows } = await builder.raw<{ rows: { valid: boolean }[] }>(
      'select indisvalid as valid from pg_index where indexrelid = to_regclass(?)',
      [name],
    );
    return rows[0]?.valid ?? null;
  };
  return { builder, client, isValid };
}

onPostgres('an index whose build was interrupted is built again; a valid one stays', async (t) => {
  const { builder, client, isValid } = await open(t);
  const writer = await client();
  await writer.query('create table numbers (n int4 not null)');
  await writer.query('insert into numbers values (1), (2)');
  // As an interrupted build leaves it: the deadline ends it while it waits for an open transaction.
  const other = await client();
  await other.query('begin');
  await other.query('insert into numbers values (3)');
  await writer.query('set statement_timeout = 300');
  await t.throwsAsync(writer.query('create index concurrently numbers_n on numbers (n)'), { message: /timeout/ });
  await other.query('commit');
  t.is(await isValid('numbers_n'), false);
  await writer.query('set statement_timeout = 0');
  await writer.query('create index concurrently if not exists numbers_n on numbers (n)');
  t.is(await isValid('numbers_n'), false, '`if not exists` accepts it');
  await buildIndex(builder, 'numbers_n', 'numbers (n)');
  t.is(await isValid('numbers_n'), true);
  await buildIndex(builder, 'numbers_n', 'numbers (n)');
  t.is(await isValid('numbers_n'), true);
  await dropIndex(builder, 'numbers_n');
  t.is(await isValid('numbers_n'), null);
});

onPostgres(
  'a migration that builds an index does not block writers, even while it waits for an open transaction',
  async (t) => {
    const { builder, client, isValid } = await open(t);
    await migrateToLatest(builder);
    const name = '20261128000004_turn_lists.ts';
    await builder.migrate.down({ name });
    t.is(await isValid('turns_session'), null);
    const insert = `insert into turns (turn_id, user_id, session_id, seq, text, metadata, tags)
    values (gen_random_uuid(), $1, gen_random_uuid(), 1, 'text', '{}', '[]')`;
    const [holder, writer] = [await client(), await client()];
    await holder.query('begin');
    await holder.query(insert, ['holder']);
    const migrated = migrateToLatest(builder);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await writer.query('set statement_timeout = 2000');
    for (let n = 0; n < 5; n += 1) await writer.query(insert, [`writer-${n}`]);
    t.not(
      await Promise.race([migrated.then(() => 'done'), new Promise((resolve) => setTimeout(resolve, 100, 'waits'))]),
      'done',
    );
    await holder.query('commit');
    t.true((await migrated).includes(name));
    t.is(await isValid('turns_session'), true);
    t.is(await isValid('turns_user_status'), true);
  },
);
