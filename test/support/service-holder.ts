// A process that starts services, prints their pids, and keeps running until orphans.test.ts kills it.
import { startEmbeddedPostgres } from '../../local/postgres.ts';
import { startEmbeddedRedis } from '../../local/redis.ts';
import { createLog } from '../../src/telemetry/log.ts';

// An interrupted test cannot kill this process. The closed pipe ends it instead.
process.stdin.resume().once('end', () => process.exit());
const options = { dataDir: process.argv[2]!, log: createLog('warn') };
const services = [await startEmbeddedPostgres(options), await startEmbeddedRedis(options)];
console.log(JSON.stringify(services.map(({ pid }) => pid)));
