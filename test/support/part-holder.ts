// A process that starts parts and stays, for orphans.test.ts to kill. Prints their pids.
import { startEmbeddedPostgres } from '../../src/dev/postgres.ts';
import { startEmbeddedRedis } from '../../src/dev/redis.ts';
import { createLog } from '../../src/log.ts';

// A test that is interrupted kills nobody: its end of the pipe does.
process.stdin.resume().once('end', () => process.exit());
const options = { dataDir: process.argv[2]!, log: createLog('warn') };
const parts = [await startEmbeddedPostgres(options), await startEmbeddedRedis(options)];
console.log(JSON.stringify(parts.map(({ pid }) => pid)));
