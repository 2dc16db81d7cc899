// PostgreSQL and Redis for tests: databases on the shared servers of test/run.ts, or servers that a test may kill.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { Redis } from 'ioredis';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../local/postgres.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../local/redis.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { eventually } from './client.ts';
import { databaseAt, execute } from './databases.ts';
import { temporaryFolder } from './folder.ts';
import type { Owner } from './owner.ts';
import { isAlive, treeOf } from './process.ts';

const REDIS_DATABASES = 512;

function fromRun(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with "npm test", which starts the services.`);
  return value;
}

/** For tests of what only PostgreSQL has: its processes, its plans, its functions. Skipped on CockroachDB. */
export const onPostgres = process.env['TURNKEEPER_TEST_DIALECT'] === 'cockroachdb' ? test.skip : test;

/** Creates a database with the current schema on the run's PostgreSQL. It is dropped when the test ends. On CockroachDB, which
 *  has no templates, it is empty: a test that needs the schema migrates it. */
export const freshDatabase = (t: Owner): Promise<{ url: string }> => {
  const template = process.env['TURNKEEPER_TEST_TEMPLATE'];
  return createDatabase(t, template ? `TEMPLATE ${template}` : '');
};

/** Creates an empty database, which is dropped when the test ends. */
export const emptyDatabase = (t: Owner): Promise<{ url: string }> => createDatabase(t, '');

async function createDatabase(t: Owner, options: string): Promise<{ url: string }> {
  const admin = fromRun('TURNKEEPER_TEST_DATABASE_URL');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(admin, `CREATE DATABASE ${name} ${options}`);
  // FORCE: a pool that is being closed at the same time must not block the drop. CockroachDB does not support FORCE.
  t.teardown(() =>
    execute(admin, `DROP DATABASE ${name} WITH (FORCE)`).catch(() => execute(admin, `DROP DATABASE ${name} CASCADE`)),
  );
  return { url: databaseAt(admin, name) };
}

/** Returns the URL of an empty logical database of the run's Redis, reserved until the test ends. */
export async function redisUrl(t: Owner): Promise<string> {
  const admin = new Redis(fromRun('TURNKEEPER_TEST_REDIS_URL'));
  const owner = randomBytes(8).toString('hex');
  const number = await claimDatabase(admin, owner);
  t.teardown(async () => {
    await admin.select(number);
    await admin.flushdb();
    await admin.select(0);
    await admin.del(`claimed:${number}`);
    admin.disconnect();
  });
  return `${fromRun('TURNKEEPER_TEST_REDIS_URL')}/${number}`;
}

/** Test files run in separate processes, so the reservations are stored in database 0, which has no other use. */
async function claimDatabase(admin: Redis, owner: string): Promise<number> {
  for (let number = 1; number < REDIS_DATABASES; number += 1) {
    if ((await admin.set(`claimed:${number}`, owner, 'NX')) === 'OK') return number;
  }
  throw new Error('All logical databases of the test Redis are in use.');
}

/** A server that a test may stop or kill and restart. The port, the data and the `url` stay the same. */
export interface TestServer {
  readonly url: string;
  /** Stops it in order. Resolves when the process has exited. */
  stop(): Promise<void>;
  /** Sends SIGKILL. Resolves when the process and its children have exited: those of PostgreSQL end shortly after their
   *  parent, and answer until then. */
  kill(): Promise<void>;
  /** Freezes it: connections stay open and get no answer. PostgreSQL accepts no new ones; open ones keep working. */
  pause(): void;
  resume(): void;
  /** Starts it again after stop() or kill(). */
  restart(): Promise<void>;
}

/** Starts a Redis server for the test. */
export const startRedisServer = (t: Owner): Promise<TestServer> => testServer(t, startEmbeddedRedis);

/** Starts a PostgreSQL server for the test. Takes about a second. */
export const startPostgresServer = (t: Owner): Promise<TestServer> => testServer(t, startEmbeddedPostgres);

type Server = EmbeddedPostgres | EmbeddedRedis;
type Start = (options: { dataDir: string; log: ReturnType<typeof createLog>; port?: number }) => Promise<Server>;

async function testServer(t: Owner, start: Start): Promise<TestServer> {
  const dataDir = temporaryFolder(t);
  const log = createLog('warn');
  let server = await start({ dataDir, log });
  const { url, port } = server;
  t.teardown(() => server.stop()); // teardowns run in reverse order: before the folder is removed
  return {
    url,
    stop: () => server.stop(),
    kill: async () => {
      const pids = treeOf(server.pid);
      server.kill('SIGKILL');
      await server.exited;
      await eventually('its children have exited', async () => !pids.some(isAlive));
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    restart: async () => {
      server = await start({ dataDir, log, port });
    },
  };
}
