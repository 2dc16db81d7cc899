// Bringing the schema up to date, safe when several processes start at once and after one died in the middle.
import type { Knex } from 'knex';
import { takeLease } from './leases.ts';

const WAIT_MS = 120_000;

/** Applies what is missing and returns its names. @throws where another process migrates for longer than two minutes */
export async function migrateToLatest(builder: Knex): Promise<string[]> {
  const lease = await takeLease(builder, 'migrations', { waitMs: WAIT_MS, lost: () => {} });
  if (!lease) throw new Error('another process has been migrating this database for two minutes');
  try {
    // Knex's own lock row outlives a process that dies; under our lease nobody else can hold it.
    await builder.migrate.forceFreeMigrationsLock();
    const [, applied] = (await builder.migrate.latest()) as [number, string[]];
    return applied;
  } finally {
    await lease.release();
  }
}

/** Migrations that were not applied yet. */
export async function pendingMigrations(builder: Knex): Promise<string[]> {
  const [, pending] = (await builder.migrate.list()) as [unknown[], { file: string }[]];
  return pending.map(({ file }) => file);
}
