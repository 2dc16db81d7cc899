// Starts and collects CPU profiles of the server's processes, and the counters of PostgreSQL and Redis.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Database } from '../../src/store/database.ts';
import { parseCommandStats, type Cost } from './costs.ts';
import type { CpuProfile } from './breakdown.ts';
import type { Services } from '../systems/services.ts';
import { untilNothing } from '../systems/settle.ts';

const profilesIn = (folder: string) => join(folder, 'profiles');
const WRITE_MS = 20_000;

/** The environment that loads profile-hook.ts into every Node process of the server. */
export function profileEnvironment(folder: string): Record<string, string> {
  mkdirSync(profilesIn(folder), { recursive: true });
  const hook = pathToFileURL(join(import.meta.dirname, 'hook.ts')).href;
  return { NODE_OPTIONS: `--import=${hook}`, BENCH_PROFILES: profilesIn(folder) };
}

const filesOf = (folder: string, end: string) => readdirSync(profilesIn(folder)).filter((name) => name.endsWith(end));

function toggle(folder: string): void {
  for (const name of filesOf(folder, '.ready')) process.kill(Number(name.slice(0, -'.ready'.length)), 'SIGWINCH');
}

export interface Costs {
  readonly profiles: readonly CpuProfile[];
  readonly statements: readonly Cost[];
  readonly commands: readonly Cost[];
}

/** Resets the counters and starts the profiles. */
export async function startProfiles({ folder, database, redis }: Services): Promise<void> {
  await database.rows({ name: 'bench-statements', sql: 'create extension if not exists pg_stat_statements' }, []);
  await database.rows({ name: 'bench-reset', sql: 'select 1 from pg_stat_statements_reset()' }, []);
  await redis.config('RESETSTAT');
  toggle(folder);
}

/** Ends the profiles and reads them with the counters. */
export async function stopProfiles({ folder, database, redis }: Services): Promise<Costs> {
  const statements = await statementCosts(database);
  const commands = parseCommandStats(await redis.info('commandstats'));
  toggle(folder);
  const processes = filesOf(folder, '.ready').length;
  await untilNothing(async () => (filesOf(folder, '.cpuprofile').length < processes ? 'profiles' : null), WRITE_MS);
  const profiles = filesOf(folder, '.cpuprofile').map(
    (name) => JSON.parse(readFileSync(join(profilesIn(folder), name), 'utf8')) as CpuProfile,
  );
  return { profiles, statements, commands };
}

async function statementCosts(database: Database): Promise<Cost[]> {
  const sql = `select query as name, calls::float8 as calls, total_exec_time as ms from pg_stat_statements
               where dbid = (select oid from pg_database where datname = current_database())`;
  return database.rows<Cost>({ name: 'bench-costs', sql }, []);
}
