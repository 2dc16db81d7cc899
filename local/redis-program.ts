// Finds the server program for the embedded Redis on the PATH, or installs it with the system's package manager.
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
  // Not on every user's PATH.
  { name: 'Redis', command: '/usr/sbin/redis-server' },
  { name: 'Redis', command: '/opt/homebrew/bin/redis-server' },
  { name: 'Redis', command: '/usr/local/bin/redis-server' },
];
const ADVICE = 'Install redis-server or valkey-server, or set REDIS_URL to a running Redis.';

/** Finds the program, or installs it if that is allowed. @throws ServiceError with advice if there is none */
export async function redisProgram(installer: Installer, log: Log): Promise<RedisProgram> {
  const found = await findProgram();
  if (found) return found;
  const outcome = await installPackage('redis', installer, log);
  const installed = await findProgram();
  if (installed) return installed;
  throw new ServiceError(`This machine has no redis-server and no valkey-server. ${outcome} ${ADVICE}`);
}

async function findProgram(): Promise<RedisProgram | null> {
  for (const candidate of CANDIDATES) {
    try {
      await run(candidate.command, ['--version']);
      return candidate;
    } catch {
      // Try the next one.
    }
  }
  return null;
}
