// Databases and Redises for test files: a share of the run's own servers (test/run.ts), or servers that a test may kill.

import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../local/postgres.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../local/redis.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from './folder.ts';
import type { Owner } from './owner.ts';

const REDIS_DATABASES = 512;

function fromRun(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with "npm test", which starts the services.`);
  return value;
}

/** A new, empty database on the run's PostgreSQL; dropped when the test ends. */
export async function freshDatabase(t: Owner): Promise<{ url: string }> {
  const admin = fromRun('TURNKEEPER_TEST_DATABASE_URL');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(admin, `CREATE DATABASE ${name}`);
  // FORCE: a pool that the test closes at the same time must not keep it. CockroachDB needs no such word, nor knows it.
  t.teardown(() =>
    execute(admin, `DROP DATABASE ${name} WITH (FORCE)`).catch(() => execute(admin, `DROP DATABASE ${name} CASCADE`)),
  );
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An empty logical database of the run's Redis, nobody else's until the test ends. */
export async function redisUrl(t: Owner): Promise<string> {
  const admin = new Redis(fromRun('TURNKEEPER_TEST_REDIS_URL'));
  const me = randomBytes(8).toString('hex');
  const number = await claimDatabase(admin, me);
  t.teardown(async () => {
    await admin.select(number);
    await admin.flushdb();
    await admin.select(0);
    await admin.del(`claimed:${number}`);
    admin.disconnect();
  });
  return `${fromRun('TURNKEEPER_TEST_REDIS_URL')}/${number}`;
}

/** Test files are processes of their own, so who has which number is kept in database 0, which nobody else uses. */
async function claimDatabase(admin: Redis, me: string): Promise<number> {
  for (let number = 1; number < REDIS_DATABASES; number += 1) {
    if ((await admin.set(`claimed:${number}`, me, 'NX')) === 'OK') return number;
  }
  throw new Error('All logical databases of the test Redis are in use.');
}

/** A server that a test may stop or kill and start again: same port, same data, so same `url`. */
export interface TestServer {
  readonly url: string;
  /** An orderly end; resolves when it is gone. */
  stop(): Promise<void>;
  /** As kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers (of PostgreSQL: no new connection; open ones go on). */
  pause(): void;
  resume(): void;
  /** After stop() or kill(). */
  restart(): Promise<void>;
}

/** A Redis of the test's own. */
export const startRedisServer = (t: Owner): Promise<TestServer> => testServer(t, startEmbeddedRedis);

/** A PostgreSQL of the test's own; takes about a second. */
export const startPostgresServer = (t: Owner): Promise<TestServer> => testServer(t, startEmbeddedPostgres);

type Server = EmbeddedPostgres | EmbeddedRedis;
type Start = (options: { dataDir: string; log: ReturnType<typeof createLog>; port?: number }) => Promise<Server>;

async function testServer(t: Owner, start: Start): Promise<TestServer> {
  const dataDir = temporaryFolder(t);
  const log = createLog('warn');
  let server = await start({ dataDir, log });
  const { url, port } = server;
  t.teardown(() => server.stop()); // teardowns run last first: before the folder goes
  return {
    url,
    stop: () => server.stop(),
    kill: async () => {
      server.kill('SIGKILL');
      await server.exited;
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    restart: async () => {
      server = await start({ dataDir, log, port });
    },
  };
}
