import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { freshDatabase } from '../support/services.ts';

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
