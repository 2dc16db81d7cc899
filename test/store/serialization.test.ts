import test from 'ava';
import { Unavailable } from '../../src/domain/errors.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

test('transactions that fail with a serialisation failure are retried until all are committed', async (t) => {
  const { url } = await freshDatabase(t);
  const database = new Database(await connect(url, { poolSize: 8 }));
  t.teardown(() => database.close());
  await database.builder.raw('create table counters (id int primary key, value int not null)');
  await database.builder.raw('insert into counters values (1, 0)');
  let attempts = 0;
  await Promise.all(
    Array.from({ length: 12 }, () =>
      database.transaction(async ({ builder }) => {
        attempts += 1;
        await builder.raw('set transaction isolation level serializable');
        const [row] = await builder('counters').where('id', 1).select('value');
        await builder('counters')
          .where('id', 1)
          .update({ value: (row as { value: number }).value + 1 });
      }),
    ),
  );
  const [row] = await database.builder('counters').select('value');
  t.is((row as { value: number }).value, 12);
  t.true(attempts > 12, 'some transactions were retried');
});

/** A function that raises the SQLSTATE in its first `times` calls. A sequence counts the calls, because it is not rolled
 *  back. */
const failing = (sqlstate: string, times: number) => `
  create sequence calls;
  create function fails_first() returns int language plpgsql as $$
  begin
    if nextval('calls') <= ${times} then raise exception using errcode = '${sqlstate}', message = 'restart'; end if;
    return 1;
  end $$`;

onPostgres('a shared statement that fails with a serialisation failure is retried with all its items', async (t) => {
  const { url } = await freshDatabase(t);
  const database = new Database(await connect(url, { poolSize: 2 }));
  t.teardown(() => database.close());
  await database.builder.raw(failing('40001', 3));
  const sizes: number[] = [];
  const run = async (shared: Database, items: readonly number[]) => {
    sizes.push(items.length);
    const rows = await shared.rows<{ id: number }>(
      { name: 'shared', sql: 'select id from unnest(?::int4[]) as id where (select fails_first()) = 1' },
      [items],
    );
    return items.map((item) => rows.some(({ id }) => id === item));
  };
  const results = await Promise.all([1, 2, 3].map((item) => database.batched('shared', item, run)));
  t.deepEqual(results, [true, true, true]);
  t.deepEqual(sizes, [3]);
});

onPostgres('a statement whose outcome is unknown is not repeated', async (t) => {
  const { url } = await freshDatabase(t);
  const database = new Database(await connect(url, { poolSize: 1 }));
  t.teardown(() => database.close());
  await database.builder.raw(failing('40003', 1));
  const call = () => database.rows({ name: 'unknown', sql: 'select fails_first() as done' }, []);
  await t.throwsAsync(call(), { instanceOf: Unavailable });
  t.deepEqual(await call(), [{ done: 1 }]);
});

onPostgres(
  'a statement that fails at every retry was not applied, and a write of unknown outcome says so',
  async (t) => {
    for (const [sqlstate, outcomeUnknown] of [
      ['40001', false],
      ['40P01', false],
      ['40003', true],
    ] as const) {
      const { url } = await freshDatabase(t);
      const database = new Database(await connect(url, { poolSize: 1 }));
      t.teardown(() => database.close());
      await database.builder.raw(`create table done (id int); ${failing(sqlstate, 100)}`);
      const write = { name: 'write', sql: 'insert into done select fails_first()' };
      const error = await t.throwsAsync<Unavailable>(database.rows(write, []), { instanceOf: Unavailable }, sqlstate);
      t.is(error?.outcomeUnknown, outcomeUnknown, sqlstate);
    }
  },
);
