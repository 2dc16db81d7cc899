// PostgreSQL and Redis of one system, started as `npm start` does, on a new data folder.
import { rmSync } from 'node:fs';
import { startEmbeddedPostgres } from '../../local/postgres.ts';
import { startEmbeddedRedis } from '../../local/redis.ts';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.ts';
import { connect, NO_LIMITS } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { dataFolder } from './processes.ts';

export interface Services {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly pids: readonly number[];
  /** A pool of the benchmark, opened as turnkeeper opens its own. */
  readonly database: Database;
  readonly redis: RedisConnection;
  readonly folder: string;
  stop(): Promise<void>;
}

interface ServiceOptions {
  readonly name: string;
  /** Count calls and time of each statement. */
  readonly statements: boolean;
  /** Additional lines of redis.conf. */
  readonly redisSettings?: readonly string[];
}

export const log = createLog('error');
const POOL_SIZE = 2;

/** Starts the services. */
export async function startServices({ name, statements, redisSettings = [] }: ServiceOptions): Promise<Services> {
  const folder = dataFolder(name);
  const stops: (() => unknown)[] = [folder.remove];
  const stop = async () => {
    for (let next = stops.pop(); next; next = stops.pop()) await next();
  };
  try {
    const settings = statements ? { shared_preload_libraries: 'pg_stat_statements' } : {};
    const installer = { allowed: true, say: console.error };
    const postgres = await startEmbeddedPostgres({ dataDir: folder.path, log, installer, settings });
    stops.push(() => rmSync(postgres.folder, { recursive: true, force: true, maxRetries: 5 }));
    stops.push(() => postgres.stop());
    const server = await startEmbeddedRedis({ dataDir: folder.path, log, installer, settings: redisSettings });
    stops.push(() => server.stop());
    const database = new Database(await connect(postgres.url, { poolSize: POOL_SIZE, limits: NO_LIMITS }));
    stops.push(() => database.close());
    const redis = await connectRedis(server.url, 'patient', log);
    stops.push(() => redis.disconnect());
    const [databaseUrl, redisUrl, pids] = [postgres.url, server.url, [postgres.pid, server.pid]];
    return { databaseUrl, redisUrl, pids, database, redis, folder: folder.path, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
