// Migrates the schema. This is safe if several processes start at the same time, or if one died while migrating.
import type { Knex } from 'knex';
import { connect, NO_LIMITS } from './connect.ts';
import { takeLease } from './leases.ts';

const WAIT_MS = 120_000;

/** Applies the pending migrations and returns their names. @throws if another process migrates for two minutes */
export async function migrateToLatest(builder: Knex): Promise<string[]> {
  const lease = await takeLease(builder, 'migrations', { waitMs: WAIT_MS, lost: () => {} });
  if (!lease) throw new Error('another process has been migrating this database for two minutes');
  try {
    // Knex's own lock stays locked if a process dies. While we hold the lease, no live process can hold that lock.
    await builder.migrate.forceFreeMigrationsLock();
    const [, applied] = (await builder.migrate.latest()) as [number, string[]];
    return applied;
  } finally {
    await lease.release();
  }
}

/** Migrates the database at `url` over connections without time limits. Returns the names of the applied migrations. */
export async function migrateDatabase(url: string): Promise<string[]> {
  const builder = await connect(url, { poolSize: 2, limits: NO_LIMITS });
  try {
    return await migrateToLatest(builder);
  } finally {
    await builder.destroy();
  }
}

/** The names of the migrations that are not applied yet. */
export async function pendingMigrations(builder: Knex): Promise<string[]> {
  const [, pending] = (await builder.migrate.list()) as [unknown[], { file: string }[]];
  return pending.map(({ file }) => file);
}
