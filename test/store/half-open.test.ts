// Connections whose other end is gone without a sign: what is sent is lost, and no answer comes.
import test, { type ExecutionContext } from 'ava';
import { Client } from 'pg';
import { Unavailable } from '../../src/domain/errors.ts';
import { connect } from '../../src/store/connect.ts';
import { Database, type Statement } from '../../src/store/database.ts';
import { eventually } from '../support/client.ts';
import { freshDatabase } from '../support/services.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const LIMITS = { lock: 1_000, statement: 2_000, idleInTransaction: 2_000, silence: 4_000 };
const ONE: Statement = { name: 'one', sql: 'select 1 as one' };
const ADD: Statement = { name: 'add', sql: 'insert into entries (id) values (?) returning id' };

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function open(t: ExecutionContext, poolSize = 8) {
  const { url } = await freshDatabase(t);
  const proxy = await startTcpProxy(t, url);
  const database = new Database(await connect(proxy.url, { poolSize, limits: LIMITS }));
  t.teardown(() => database.close());
  await database.builder.raw('create table entries (id int primary key)');
  const observer = new Client(url);
  await observer.connect();
  t.teardown(() => observer.end());
  const committed = async () => (await observer.query('select id from entries order by id')).rows.map(({ id }) => id);
  /** Uses all connections of the pool at once, so that all of them are open and free afterwards. */
  const fill = async () => {
    await Promise.all(Array.from({ length: poolSize }, () => database.builder.raw('select pg_sleep(0.1)')));
    t.is(proxy.connections().length, poolSize);
  };
  return { database, proxy, committed, fill };
}

async function timed<T>(work: Promise<T>) {
  const started = performance.now();
  const [result] = await Promise.allSettled([work]);
  return {
    ms: performance.now() - started,
    ok: result.status === 'fulfilled',
    error: (result as PromiseRejectedResult).reason,
  };
}

test('free connections that are dead cost one question, however many they are', async (t) => {
  const { database, proxy, fill } = await open(t);
  await fill();
  // All bytes are lost, or only those in one direction.
  const lost = [['up', 'down'], ['up'], ['down']] as const;
  for (const [index, connection] of proxy.connections().entries()) connection.lose(lost[index % lost.length]);
  await sleep(2_100);
  const { ok, ms } = await timed(database.rows(ONE, []));
  t.true(ok);
  t.true(ms < 2_000, `${Math.round(ms)} ms`);
  const all = await Promise.all(Array.from({ length: 20 }, () => timed(database.rows(ONE, []))));
  t.true(all.every((each) => each.ok && each.ms < 1_000));
});

test('while one statement is not answered, the others do not use a dead connection', async (t) => {
  const { database, proxy, fill } = await open(t);
  await fill();
  for (const connection of proxy.connections()) connection.lose();
  // The connections were answered a moment ago, so this statement is sent.
  const first = timed(database.rows(ONE, []));
  await sleep(300);
  const { ok, ms } = await timed(database.rows(ONE, []));
  t.true(ok);
  t.true(ms < 2_000, `${Math.round(ms)} ms`);
  const { error, ms: silent } = await first;
  t.true(error instanceof Unavailable && !error.outcomeUnknown, 'a statement that reads has no outcome');
  t.true(silent < LIMITS.silence + 500, `${Math.round(silent)} ms`);
});

test('callers that share statements go on while the statement of one hangs', async (t) => {
  const { database, proxy, fill } = await open(t);
  await fill();
  for (const connection of proxy.connections()) connection.lose();
  const shared = async (db: Database, items: readonly number[]) => {
    await db.rows(ONE, []);
    return [...items];
  };
  const share = () => timed(database.batched('one', 1, shared));
  const first = share();
  await sleep(20);
  const others = await Promise.all(Array.from({ length: 50 }, share));
  t.true(others.every((each) => each.ok));
  t.true(others.every(({ ms }) => ms < LIMITS.silence));
  t.true((await first).ms < LIMITS.silence + 500);
});

test('new connections that hang mean that the database is unavailable, and nothing was sent', async (t) => {
  const { database, proxy } = await open(t);
  for (const connection of proxy.connections()) connection.cut();
  proxy.newConnections('hang');
  await sleep(50);
  const { error, ms } = await timed(database.rows(ADD, [1]));
  t.true(error instanceof Unavailable && !error.outcomeUnknown);
  t.true(ms < 4_000, `${Math.round(ms)} ms`);
  proxy.newConnections('accept');
  const add = () => database.rows(ADD, [1]).catch(() => null);
  t.deepEqual(await eventually('a new connection', add), [{ id: 1 }]);
});

test('a write whose answer is lost has an unknown outcome', async (t) => {
  const { database, proxy, committed } = await open(t);
  const unknown = { instanceOf: Unavailable };
  for (const then of ['cut', 'half-open'] as const) {
    const id = then === 'cut' ? 1 : 2;
    void proxy.loseAnswerTo(['add'], then);
    t.true((await t.throwsAsync<Unavailable>(database.rows(ADD, [id]), unknown))?.outcomeUnknown, then);
  }
  t.deepEqual(await committed(), [1, 2]);
});

test('a transaction whose COMMIT is not answered has an unknown outcome; before it certainly nothing is written', async (t) => {
  const { database, proxy, committed } = await open(t);
  const add = (id: number) => database.transaction((queries) => queries.rows(ADD, [id]));
  void proxy.loseAnswerTo(['COMMIT']);
  t.true((await t.throwsAsync<Unavailable>(add(1), { instanceOf: Unavailable }))?.outcomeUnknown);
  void proxy.loseAnswerTo(['add']);
  t.false((await t.throwsAsync<Unavailable>(add(2), { instanceOf: Unavailable }))?.outcomeUnknown);
  t.deepEqual(await committed(), [1]);
});
