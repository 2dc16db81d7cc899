// `npm run migrate` without DATABASE_URL: starts the embedded PostgreSQL, runs knex on it, and stops it.
import { spawn } from 'node:child_process';
import { readConfig } from '../src/config/config.ts';
import { createLog } from '../src/telemetry/log.ts';
import { lockDataFolder } from './data-folder.ts';
import { ServiceError } from './service.ts';
import { startEmbeddedPostgres } from './postgres.ts';

/** Runs Node with `args` (knex's CLI and its arguments) on the embedded database of DATA_DIR. Returns the exit code. */
async function migrateEmbedded(args: readonly string[]): Promise<number> {
  const config = readConfig([]);
  const folder = lockDataFolder(config.DATA_DIR);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const installer = { allowed: config.INSTALL_PARTS === 'yes', say };
  const postgres = await startEmbeddedPostgres({ dataDir: folder.path, log: createLog('warn'), installer });
  try {
    const env = { ...config.environment, DATABASE_URL: postgres.url };
    const child = spawn(process.execPath, [...args], { stdio: 'inherit', env });
    return await new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  } finally {
    await postgres.stop();
    folder.release();
  }
}

try {
  process.exitCode = await migrateEmbedded(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ServiceError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
