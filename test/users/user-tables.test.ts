// Every table with a column `user_id` is emptied by an erasure, and is part of the export or named here with the reason.
import test from 'ava';
import pg from 'pg';
import { MEMORY } from '../../src/actors/user-session.ts';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { call, delivered } from '../support/client.ts';
import { afterDecision, ask, decideOn, scripted, startToolApp } from '../tools/turn-support.ts';
import { erase, locationsOf, waitForErasure } from './support.ts';

/** The part of the export that has the rows of a table. */
const EXPORTED: Readonly<Record<string, string>> = {
  turns: 'turns',
  turn_steps: 'turns',
  sessions: 'conversations',
  conversation_rows: 'conversations',
  conversation_tags: 'conversations',
  turn_pictures: 'pictures',
  reviews: 'reviews',
  budget_charges: 'budget_charges',
  analytics_days: 'analytics',
  actor_state: 'memory',
};

/** Tables whose rows say nothing that the export does not have. */
const NOT_EXPORTED: Readonly<Record<string, string>> = {
  users: 'the last seq and the version of the user',
  outbox: 'events about turns that are exported, until they are published',
  erasures: 'the erasure that is under way',
  joined_keys: 'idempotency keys of messages that joined a turn',
  message_counts: 'the number of messages sent, which is that of the conversations',
  user_grants: 'which worker runs the user',
  due_summaries: 'when the summary is due',
  webhooks: 'settings, which the user reads at /webhooks',
  webhook_deliveries: 'copies of events about turns that are exported',
};

/** What an erasure removes by itself, so that a row of it must not be there before. */
const OF_ERASURES = 'erasures';
/** With Dapr the memory is in Dapr's state store, and nothing uses this table. */
const OF_EMBEDDED = 'actor_state';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

const COLUMNS = `select c.table_name as "table", c.column_name as name, c.data_type as type,
    c.is_nullable = 'NO' and c.column_default is null as required
  from information_schema.columns c join information_schema.tables t
    on t.table_schema = c.table_schema and t.table_name = c.table_name and t.table_type = 'BASE TABLE'
  where c.table_schema = 'public' and c.table_name in (
    select table_name from information_schema.columns where table_schema = 'public' and column_name = 'user_id')
  order by c.table_name, c.ordinal_position`;

const TURN = '00000000-0000-4000-8000-0000000000aa';

/** A value for a column that must have one. */
function valueFor({ table, name, type }: Column, user: string): string {
  if (name === 'user_id') return `'${user}'`;
  if (name === 'turn_id') return `'${TURN}'`;
  if (table === OF_EMBEDDED && name === 'key') return `'${MEMORY}'`;
  if (name === 'status') return "'completed'";
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type.startsWith('timestamp')) return 'now()';
  if (type === 'date') return 'current_date';
  if (type === 'jsonb' || type === 'ARRAY') return "'{}'";
  if (type === 'boolean') return 'false';
  if (type === 'bytea') return "'x'";
  return /int|numeric|double/.test(type) ? '1' : "'x'";
}

/** Inserts a row of the user into each table. */
async function insertInto(client: pg.Client, columns: readonly Column[], user: string): Promise<void> {
  for (const [table, all] of Map.groupBy(columns, (column) => column.table)) {
    const own = all.filter(({ name, required }) => required || name === 'user_id' || name === 'turn_id');
    const values = own.map((column) => valueFor(column, user));
    await client.query(
      `insert into ${table} (${own.map(({ name }) => name).join()}) values (${values.join()}) on conflict do nothing`,
    );
  }
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(
    `${runtime}: every table with a user_id is emptied by an erasure, and exported or named with the reason`,
    async (t) => {
      const app = await startToolApp(t, { runtime });
      const client = new pg.Client(app.databaseUrl);
      await client.connect();
      t.teardown(() => client.end());
      const { rows: columns } = await client.query<Column>(COLUMNS);
      const tables = [...new Set(columns.map(({ table }) => table))];
      t.deepEqual(tables, Object.keys({ ...EXPORTED, ...NOT_EXPORTED }).toSorted());
      const without = runtime === 'dapr' ? [OF_ERASURES, OF_EMBEDDED] : [OF_ERASURES];
      await insertInto(
        client,
        columns.filter(({ table }) => !without.includes(table)),
        'canary-of-tables',
      );
      await waitForErasure(app.url, await erase(app.url, 'canary-of-tables'));
      for (const table of tables) {
        const { rows } = await client.query(`select 1 from ${table} where user_id = 'canary-of-tables'`);
        t.is(rows.length, 0, table);
      }
      const { body } = await call(app.url, '/users/nobody/export');
      for (const [table, part] of Object.entries(EXPORTED)) t.true(part in body, table);
    },
  );

  run(`${runtime}: an export has the calls of a turn, and an erasure removes them from every store`, async (t) => {
    const app = await startToolApp(t, { runtime });
    const { url, model, server } = app;
    const user = 'canary-of-steps';
    model.script(
      scripted(
        [{ name: 'get_order', arguments: { order: `arguments ${user}` } }],
        [{ name: 'refund', arguments: { order: user } }],
      ),
    );
    server.answer((response) => response.end(`result ${user}`));
    const parked = await ask(url, `Refund ${user}.`, user);
    await decideOn(url, parked, { decision: 'edit', arguments: { order: `edited ${user}` }, note: user });
    const done = await afterDecision(url, parked);
    const { body } = await call<{ turns: object[]; reviews: object[] }>(url, `/users/${user}/export`);
    t.like(body.turns[0], {
      turn_id: done.turn_id,
      steps: [
        {
          step: 1,
          tool: 'get_order',
          status: 'done',
          arguments: { order: `arguments ${user}` },
          result: `result ${user}`,
        },
        { step: 2, tool: 'refund', status: 'done', arguments: { order: `edited ${user}` }, result: `result ${user}` },
      ],
    });
    t.like(body.reviews[0], { kind: 'tool_call', status: 'edited', tool_call: { arguments: { order: user } } });
    t.is((await delivered(url, user)).length, 2);
    // A second turn is parked, and its call waits for a decision when the erasure begins.
    await ask(url, `Refund ${user} again.`, user);
    await waitForErasure(url, await erase(url, user));
    t.deepEqual(await locationsOf(app, user), []);
  });
}
