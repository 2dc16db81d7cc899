import type { ExecutionContext } from 'ava';
import { Client } from 'pg';
import { Unavailable } from '../../src/domain/errors.ts';
import { connect } from '../../src/store/connect.ts';
import { Database, type Queries, type Statement } from '../../src/store/database.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

const LIMITS = { lock: 300, statement: 800, idleInTransaction: 600, silence: 1_200 };

const PID: Statement = { name: 'pid', sql: 'select pg_backend_pid() as pid' };
const ADD: Statement = { name: 'add', sql: 'insert into entries (id) values (?) returning id' };
const SLEEP: Statement = { name: 'sleep', sql: 'select pg_sleep(?)' };
const FAIL: Statement = { name: 'fail', sql: 'select 1 / ?::int4' };
const LOCK: Statement = { name: 'lock', sql: 'select id from entries where id = ? for update' };

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A pool of one connection, and a connection of its own that sees only what is committed. */
async function open(t: ExecutionContext, limits = LIMITS) {
  const { url } = await freshDatabase(t);
  const database = new Database(await connect(url, { poolSize: 1, limits }));
  t.teardown(() => database.close());
  await database.builder.raw('create table entries (id int primary key)');
  const observer = new Client(url);
  await observer.connect();
  t.teardown(() => observer.end());
  const committed = async () => (await observer.query('select id from entries order by id')).rows.map(({ id }) => id);
  return { database, observer, committed };
}

async function pidOf(queries: Queries): Promise<number> {
  const [row] = await queries.rows<{ pid: number }>(PID, []);
  return row!.pid;
}

/** Freezes the server's process of a connection. It continues after the test. */
function freeze(t: ExecutionContext, pid: number): () => void {
  process.kill(pid, 'SIGSTOP');
  let frozen = true;
  const resume = (): void => {
    if (frozen) process.kill(pid, 'SIGCONT');
    frozen = false;
  };
  t.teardown(resume);
  return resume;
}

/** The connection is not in the pool any more: what is written now is committed, and its own work is not. */
async function isReplaced(t: ExecutionContext, { database, observer, committed }: Opened, pid: number) {
  await database.rows(ADD, [100]);
  t.deepEqual(await committed(), [100], 'the write is committed and the frozen transaction is not');
  t.not(await pidOf(database), pid, 'another connection is used');
  const open = 'select 1 from pg_stat_activity where pid = $1';
  for (let tries = 0; tries < 50 && (await observer.query(open, [pid])).rows.length > 0; tries += 1) await sleep(50);
  t.deepEqual((await observer.query(open, [pid])).rows, [], 'the server has closed the frozen connection');
  t.deepEqual(await committed(), [100]);
}
type Opened = Awaited<ReturnType<typeof open>>;

onPostgres('a connection that sends nothing is closed, and its open transaction is not reused', async (t) => {
  const opened = await open(t);
  let pid = 0;
  let resume = () => {};
  const started = performance.now();
  const work = opened.database.transaction(async (queries) => {
    pid = await pidOf(queries);
    await queries.rows(ADD, [1]);
    resume = freeze(t, pid);
    await queries.rows(ADD, [2]);
  });
  await t.throwsAsync(work, { instanceOf: Unavailable });
  t.true(performance.now() - started < LIMITS.silence + 1_000);
  resume();
  await isReplaced(t, opened, pid);
});

onPostgres('a connection that is frozen at its commit is not reused', async (t) => {
  const opened = await open(t);
  let pid = 0;
  let resume = () => {};
  const work = opened.database.transaction(async (queries) => {
    pid = await pidOf(queries);
    resume = freeze(t, pid);
  });
  await t.throwsAsync(work, { instanceOf: Unavailable });
  resume();
  await isReplaced(t, opened, pid);
});

// Knex stops waiting for a rollback after 5 s and returns the connection to the pool.
onPostgres('a connection whose rollback is not confirmed is not reused', async (t) => {
  const opened = await open(t, { ...LIMITS, idleInTransaction: 20_000, silence: 20_000 });
  let pid = 0;
  let resume = () => {};
  const work = opened.database.transaction(async (queries) => {
    pid = await pidOf(queries);
    await queries.rows(ADD, [1]);
    await queries.rows(FAIL, [0]).catch(() => {});
    resume = freeze(t, pid);
    throw new Error('the work failed');
  });
  await t.throwsAsync(work, { message: 'the work failed' });
  const before = performance.now();
  t.not(await pidOf(opened.database), pid);
  t.true(performance.now() - before < 3_000, 'the next statement does not wait for the frozen connection');
  resume();
  await isReplaced(t, opened, pid);
});

onPostgres(
  'a statement that runs too long, or waits too long for a lock, means that the database is unavailable',
  async (t) => {
    const { database, observer, committed } = await open(t);
    const pid = await pidOf(database);
    await t.throwsAsync(database.rows(SLEEP, [30]), { instanceOf: Unavailable });
    await database.rows(ADD, [1]);
    await observer.query('begin');
    await observer.query('select id from entries for update');
    await t.throwsAsync(database.rows(LOCK, [1]), { instanceOf: Unavailable });
    await t.throwsAsync(
      database.transaction(async (queries) => {
        await queries.rows(ADD, [2]);
        await queries.rows(LOCK, [1]);
      }),
      { instanceOf: Unavailable },
    );
    await observer.query('commit');
    await database.rows(ADD, [3]);
    t.deepEqual(await committed(), [1, 3]);
    t.is(await pidOf(database), pid, 'the server has ended the statements, so the connection is used again');
  },
);

onPostgres('a transaction that stays idle is ended by the server', async (t) => {
  const { database, committed } = await open(t);
  const work = database.transaction(async (queries) => {
    await queries.rows(ADD, [1]);
    await sleep(LIMITS.idleInTransaction + 300);
    await queries.rows(ADD, [2]);
  });
  await t.throwsAsync(work, { instanceOf: Unavailable });
  await database.rows(ADD, [3]);
  t.deepEqual(await committed(), [3]);
});

onPostgres('a connection that the server closed while it was idle is replaced', async (t) => {
  const { database, observer } = await open(t);
  const pid = await pidOf(database);
  await observer.query('select pg_terminate_backend($1)', [pid]);
  await sleep(100);
  t.not(await pidOf(database), pid);
});
