// Creates a PostgreSQL cluster with one database. A cluster that was not completed is never used.
import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './postgres-binaries.ts';
import type { PostgresHome } from './postgres-home.ts';
import { ServiceError } from './service.ts';

export const SUPERUSER = 'turnkeeper';
export const DATABASE = 'turnkeeper';

export interface ClusterOptions {
  readonly home: PostgresHome;
  readonly binaries: Binaries;
  readonly data: string;
  readonly password: string;
}

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;

/**
 * Creates the cluster if it is missing. Returns whether it did.
 * @throws ServiceError if that fails, or if the existing cluster is of another PostgreSQL version
 */
export async function createCluster(options: ClusterOptions): Promise<boolean> {
  const { home, data } = options;
  if (existsSync(join(data, 'PG_VERSION'))) {
    await checkVersion(options);
    return false;
  }
  // Created in a temporary folder and renamed: a start that is killed here leaves no incomplete cluster in `data`.
  const temporary = `${data}.new`;
  const passwordFile = `${temporary}.password`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o700 });
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, options.password, { mode: 0o600, flag: 'wx' });
  if (home.user) for (const path of [temporary, passwordFile]) chownSync(path, home.user.uid, home.user.gid);
  try {
    await initialise(options, temporary, passwordFile);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new ServiceError(`PostgreSQL could not create a cluster in ${home.folder}: ${stderr || message}`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(temporary, data);
  return true;
}

async function initialise({ home, binaries }: ClusterOptions, data: string, passwordFile: string): Promise<void> {
  const as = { ...home.user, env: binaries.env, cwd: home.folder, timeout: TIMEOUT_MS };
  // The built-in locale sorts and changes case in the same way on every system.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
  const login = [`--username=${SUPERUSER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await run(binaries.initdb, [`--pgdata=${data}`, ...login, ...locale], as);
  // Single-user mode: the database exists before the server listens for the first time.
  const single = run(binaries.postgres, ['--single', '-D', data, 'postgres'], as);
  single.child.stdin?.end(`CREATE DATABASE ${DATABASE}\n`);
  const { stderr } = await single;
  if (/ERROR|FATAL/.test(stderr)) throw new Error(stderr);
}

async function checkVersion({ home, binaries, data }: ClusterOptions): Promise<void> {
  const { stdout } = await run(binaries.postgres, ['--version'], { ...home.user, env: binaries.env, cwd: home.folder });
  const [ours, found] = [/(\d+)\./.exec(stdout)?.[1], readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()];
  if (ours === found || ours === undefined) return;
  throw new ServiceError(
    `The database in ${home.folder} was created by PostgreSQL ${found}; this is PostgreSQL ${ours}. Migrate its data with ` +
      `the older turnkeeper (pg_dump and restore), or move that folder away to start with an empty database.`,
  );
}
