import { readdirSync } from 'node:fs';
import test from 'ava';
import type { Knex } from 'knex';
import { connect, MIGRATIONS } from '../../src/store/connect.ts';
import { migrateToLatest, pendingMigrations } from '../../src/store/migrate.ts';
import { emptyDatabase } from '../support/services.ts';

const open = async (t: { teardown(work: () => unknown): void }, url: string) => {
  const builder = await connect(url, { poolSize: 2 });
  t.teardown(() => builder.destroy());
  return builder;
};

test('five processes that start at the same time migrate once', async (t) => {
  const { url } = await emptyDatabase(t);
  const builders = await Promise.all(Array.from({ length: 5 }, () => open(t, url)));
  const applied = await Promise.all(builders.map(migrateToLatest));
  t.is(applied.filter((names) => names.length > 0).length, 1);
  t.deepEqual(await pendingMigrations(builders[0]!), []);
});

test('a process that died while migrating does not block the others', async (t) => {
  const { url } = await emptyDatabase(t);
  const builder = await open(t, url);
  await migrateToLatest(builder);
  await builder.migrate.rollback(undefined, true);
  await builder('knex_migrations_lock').update({ is_locked: 1 });
  t.true((await migrateToLatest(builder)).length > 0);
});

test('all migrations can be rolled back and applied again', async (t) => {
  const { url } = await emptyDatabase(t);
  const builder = await open(t, url);
  const applied = await migrateToLatest(builder);
  await builder.migrate.rollback(undefined, true);
  t.deepEqual(await pendingMigrations(builder), applied);
  t.deepEqual(await migrateToLatest(builder), applied);
});

test('every statement of a migration can run again, because a migration may have stopped half way', async (t) => {
  const { url } = await emptyDatabase(t);
  const builder = await open(t, url);
  const folder = MIGRATIONS.directory as string;
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const migrations = await Promise.all(
    files.toSorted().map(async (file) => (await import(`${folder}/${file}`)) as Record<'up' | 'down', Step>),
  );
  for (const { up } of migrations) for (const _ of [1, 2]) await up(builder);
  for (const { down } of migrations.toReversed()) for (const _ of [1, 2]) await down(builder);
  t.false(await builder.schema.hasTable('turns'));
});
type Step = (knex: Knex) => Promise<void>;
