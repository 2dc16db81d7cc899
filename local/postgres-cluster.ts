// Makes a PostgreSQL cluster with one database in it: whole, or not at all.
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

/** True when it made one, false when there was one. */
export async function createCluster(options: ClusterOptions): Promise<boolean> {
  const { home, data } = options;
  if (existsSync(join(data, 'PG_VERSION'))) {
    await refuseOtherVersion(options);
    return false;
  }
  // Made beside its place and renamed: a start that is killed here leaves nothing that looks like a cluster.
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
    throw new ServiceError(`PostgreSQL could not make a cluster in ${home.folder}: ${stderr || message}`, {
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
  // The built-in locale sorts and folds the same on every system, whatever locales that has.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
  const login = [`--username=${SUPERUSER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await run(binaries.initdb, [`--pgdata=${data}`, ...login, ...locale], as);
  // Single-user mode: the database is there before the server ever listens.
  const single = run(binaries.postgres, ['--single', '-D', data, 'postgres'], as);
  single.child.stdin?.end(`CREATE DATABASE ${DATABASE}\n`);
  const { stderr } = await single;
  if (/ERROR|FATAL/.test(stderr)) throw new Error(stderr);
}

async function refuseOtherVersion({ home, binaries, data }: ClusterOptions): Promise<void> {
  const { stdout } = await run(binaries.postgres, ['--version'], { ...home.user, env: binaries.env, cwd: home.folder });
  const [ours, found] = [/(\d+)\./.exec(stdout)?.[1], readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()];
  if (ours === found || ours === undefined) return;
  throw new ServiceError(
    `The database in ${home.folder} was made by PostgreSQL ${found}; this is ${ours}. Move its data with the older ` +
      `turnkeeper (pg_dump and restore), or move that folder away to start empty.`,
  );
}
