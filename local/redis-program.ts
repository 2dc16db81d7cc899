// The server program for the embedded Redis: the one on the PATH, else installed by the system's package manager.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from '../src/telemetry/log.ts';
import { installPackage, type Installer } from './install-package.ts';
import { ServiceError } from './service.ts';

export interface RedisProgram {
  readonly name: 'Redis' | 'Valkey';
  readonly command: string;
}

const run = promisify(execFile);
const CANDIDATES: readonly RedisProgram[] = [
  { name: 'Redis', command: 'redis-server' },
  { name: 'Valkey', command: 'valkey-server' },
  // Not on the PATH of every account.
  { name: 'Redis', command: '/usr/sbin/redis-server' },
  { name: 'Redis', command: '/opt/homebrew/bin/redis-server' },
  { name: 'Redis', command: '/usr/local/bin/redis-server' },
];
const ADVICE =
  'Install redis-server or valkey-server (e.g. "apt-get install redis-server", "dnf install valkey", "apk add redis", ' +
  '"brew install redis"), or set REDIS_URL to a Redis that runs.';

/** Finds the program. Installs it if there is none and that is allowed. */
export async function redisProgram(installer: Installer, log: Log): Promise<RedisProgram> {
  const found = await findProgram();
  if (found) return found;
  const outcome = await installPackage('redis', installer, log);
  const installed = await findProgram();
  if (installed) return installed;
  throw new ServiceError(`There is no redis-server and no valkey-server on this machine. ${outcome} ${ADVICE}`);
}

async function findProgram(): Promise<RedisProgram | null> {
  for (const candidate of CANDIDATES) {
    try {
      await run(candidate.command, ['--version']);
      return candidate;
    } catch {
      // not this one
    }
  }
  return null;
}
