// Starts Redis (or Valkey) as a service: the machine's server program on loopback, with its data in the data folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import type { Log } from '../src/telemetry/log.ts';
import { type Child, ChildFailed, startChild } from './child.ts';
import type { Service } from './service.ts';
import { freePort, storedPort } from './ports.ts';
import { endOrphan, workingFolder } from './process-table.ts';
import { NO_INSTALL, type Installer } from './install-package.ts';
import { redisProgram } from './redis-program.ts';
import { storedSecret } from './secret.ts';

export interface RedisOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Missing: a missing program is not installed. */
  readonly installer?: Installer;
  /** Missing: a free port, the same at every start while it stays free. */
  readonly port?: number;
  /** Additional lines of redis.conf, e.g. `['databases 512']` for tests. */
  readonly settings?: readonly string[];
}

export interface EmbeddedRedis extends Service {
  /** Contains the password. Never log it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly kill: Child['kill'];
}

const START_ATTEMPTS = 3;
const READY_TIMEOUT_MS = 120_000; // loading a large append-only file takes a while
const PROBE_TIMEOUT_MS = 2_000;
const PORT_TAKEN = /Address already in use|Failed listening on port/;

/**
 * Starts the server on the data folder. Installs the program if it is missing and that is allowed.
 * @throws ServiceError with advice; InUseError if another turnkeeper uses the folder
 */
export async function startEmbeddedRedis(options: RedisOptions): Promise<EmbeddedRedis> {
  const program = await redisProgram(options.installer ?? NO_INSTALL, options.log);
  const folder = join(resolve(options.dataDir), 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const password = storedSecret(join(folder, 'password'));
  await endLeftover(folder);

  let port = options.port ?? (await storedPort(join(folder, 'port')));
  for (let attempt = 1; ; attempt += 1) {
    try {
      const child = await startOnce(options, { program: program.command, folder, password, port });
      return {
        name: program.name,
        detail: `127.0.0.1:${port}, data in ${folder}`,
        url: `redis://:${password}@127.0.0.1:${port}`,
        port,
        pid: child.pid,
        exited: child.exited,
        stop: child.stop,
        kill: child.kill,
      };
    } catch (error) {
      const taken = error instanceof ChildFailed && PORT_TAKEN.test(error.log);
      if (!taken || options.port !== undefined || attempt === START_ATTEMPTS) throw error;
      port = await freePort();
    }
  }
}

interface Server {
  readonly program: string;
  readonly folder: string;
  readonly password: string;
  readonly port: number;
}

async function startOnce(options: RedisOptions, { program, folder, password, port }: Server): Promise<Child> {
  const config = join(folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    'protected-mode yes',
    // In the file, because every user of the machine can read command lines.
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    'appendonly yes',
    'appendfsync everysec',
    'save ""', // no snapshots: the append-only file is enough
    // BullMQ stores jobs in keys: evicting a key loses a job.
    'maxmemory-policy noeviction',
    'hz 5', // background work per second: most of what an idle server costs
    'daemonize no',
    'loglevel notice',
    ...(options.settings ?? []),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const child = await startChild({
    name: 'redis',
    command: program,
    args: [config],
    dataDir: options.dataDir,
    cwd: folder,
    ready: () => answersPing(port, password),
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  writeFileSync(join(folder, 'pid'), `${child.pid}\n`, { mode: 0o600 });
  return child;
}

/** Ends a server that a killed process left behind. Redis takes no lock: two servers destroy one append-only file. */
async function endLeftover(folder: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  } catch {
    return;
  }
  // The server replaces its arguments in the process table by its address, so it is recognised by its working folder.
  const isOurs = (command: string) =>
    /(redis|valkey)-server/.test(command) && (workingFolder(pid) ?? folder) === folder;
  if (Number.isInteger(pid) && pid > 0) await endOrphan(pid, isOurs, folder);
}

/**
 * Whether the server answers PING. False while it loads its data or does not listen yet. Without a client library,
 * which would retry and log.
 */
function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_TIMEOUT_MS });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (answer.split('\r\n').length > 2) end(answer === '+OK\r\n+PONG\r\n');
    });
    for (const event of ['error', 'timeout', 'end']) socket.once(event, () => end(false));
  });
}
