// A process that starts parts and stays, for orphans.test.ts to kill. Prints their pids.
import { startEmbeddedPostgres } from '../../local/postgres.ts';
import { startEmbeddedRedis } from '../../local/redis.ts';
import { createLog } from '../../src/telemetry/log.ts';

// A test that is interrupted kills nobody: its end of the pipe does.
process.stdin.resume().once('end', () => process.exit());
const options = { dataDir: process.argv[2]!, log: createLog('warn') };
const parts = [await startEmbeddedPostgres(options), await startEmbeddedRedis(options)];
console.log(JSON.stringify(parts.map(({ pid }) => pid)));
