import test from 'ava';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { InUseError } from '../../local/service.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../local/postgres.ts';
import { NO_INSTALL } from '../../local/install-package.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from '../support/folder.ts';

const log = createLog('warn');
const isRoot = process.getuid?.() === 0;

async function query<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

async function start(
  t: { teardown(work: () => unknown): void },
  dataDir: string,
  installer = NO_INSTALL,
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log, installer });
  t.teardown(() => server.stop());
  return server;
}

test('data, port and password stay the same after a restart', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await start(t, dataDir);
  await query(first.url, 'CREATE TABLE kept (word text)');
  await query(first.url, "INSERT INTO kept VALUES ('tea')");
  const [settings] = await query<Record<string, string>>(
    first.url,
    `SELECT current_setting('fsync') AS fsync, current_setting('max_connections') AS connections,
            current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses`,
  );
  t.deepEqual(settings, { fsync: 'on', connections: '200', encoding: 'UTF8', addresses: '127.0.0.1' });
  await Promise.all([first.stop(), first.stop()]);
  t.deepEqual(await first.exited, { code: 0, signal: null });

  const second = await start(t, dataDir);
  t.is(second.url, first.url);
  t.deepEqual(await query(second.url, 'SELECT word FROM kept'), [{ word: 'tea' }]);
});

test('the server requires the password, and only the owner can read the password file', async (t) => {
  const server = await start(t, temporaryFolder(t));
  t.is(statSync(join(server.folder, 'password')).mode & 0o777, 0o600);
  t.false(server.detail.includes(new URL(server.url).password));
  const wrong = new URL(server.url);
  wrong.password = 'wrong';
  await t.throwsAsync(query(wrong.href, 'SELECT 1'), { message: /password authentication failed/ });
});

test('the server starts after a crash, also if postmaster.pid contains the pid of an unrelated process', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await start(t, dataDir);
  await query(first.url, 'CREATE TABLE survived ()');
  const pidFile = join(first.folder, 'data/postmaster.pid');
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  first.kill('SIGKILL');
  t.deepEqual(await first.exited, { code: null, signal: 'SIGKILL' });
  // A process of the server's own user: the only case in which PostgreSQL itself refuses to start.
  writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));

  const second = await start(t, dataDir);
  t.deepEqual(await query(second.url, 'SELECT * FROM survived'), []);
});

test('a start ends an orphan in its folder, but not a server whose owner runs', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await start(t, dataDir);
  const program = readFileSync(`/proc/${first.pid}/cmdline`, 'utf8').split('\0')[0]!;
  const { uid, gid } = statSync(join(first.folder, 'data'));
  await first.stop();
  // A server without a guardian, as if its owner and its guardian had both been killed.
  const orphan = spawn(
    program,
    ['-D', join(first.folder, 'data'), '-p', String(first.port), '-c', 'unix_socket_directories='],
    {
      stdio: 'ignore',
      uid,
      gid,
    },
  );
  const orphanEnded = new Promise((resolve) => orphan.once('exit', resolve));
  const deadline = Date.now() + 10_000;
  while (!(await query(first.url, 'SELECT 1').catch(() => null)) && Date.now() < deadline);

  const second = await start(t, dataDir);
  await orphanEnded;
  await query(second.url, 'SELECT 1');
  await t.throwsAsync(startEmbeddedPostgres({ dataDir, log }), {
    instanceOf: InUseError,
    message: /in use by another/,
  });
  await query(second.url, 'SELECT 1');
});

(isRoot ? test : test.skip)('root can use a data folder that only root may enter', async (t) => {
  const dataDir = join(temporaryFolder(t, 0o700), 'data');
  await t.throwsAsync(start(t, dataDir), { message: /may not enter .*choose another DATA_DIR/ });
  const printed: string[] = [];
  const first = await start(t, dataDir, { allowed: true, say: (line) => printed.push(line) });
  t.teardown(() => rmSync(first.folder, { recursive: true, force: true }));
  t.is(printed.length, 1);
  t.true(printed[0]!.includes(`The database is kept in ${first.folder}`));
  t.false(first.folder.startsWith(dataDir));
  t.true(first.detail.includes(first.folder));
  await query(first.url, 'CREATE TABLE kept ()');
  await first.stop();
  const second = await start(t, dataDir);
  t.is(second.folder, first.folder);
  t.deepEqual(await query(second.url, 'SELECT * FROM kept'), []);
  await second.stop();
});
