// npm run bench: measures turns per second, latency and cost of turnkeeper on this machine, with both actor runtimes.
// Prints one table and writes bench/results/latest.json. `--quick` takes 20 s and is less precise.
import type { ChildProcess } from 'node:child_process';
import type { Client } from 'pg';
import { findDapr } from '../local/dapr.ts';
import { cpuMsByKind, cpuMsOf } from './cpu.ts';
import type { Load, LoadResult } from './driver.ts';
import { end, nextMessage, type Subject, startScript, startTurnkeeper, type Turnkeeper } from './processes.ts';
import { report, type Row, rowOf } from './report.ts';

const USERS = 200;
const SEED = 7;
const KNOWN = ['--quick'];
const unknown = process.argv.slice(2).filter((argument) => !KNOWN.includes(argument));
if (unknown.length > 0) {
  console.error(`usage: npm run bench [-- --quick]\nunknown: ${unknown.join(' ')}`);
  process.exit(2);
}
const quick = process.argv.includes('--quick');
/** Seconds. settle: summaries are written about a second after the replies, and their cost belongs to the turns. */
const TIMES = quick ? { warm: 1.5, load: 1.2, settle: 0.7 } : { warm: 3, load: 12, settle: 3 };
const CLIENTS = [1, 64];
/** An idle PostgreSQL session publishes its counters after 10 s. */
const COUNTERS_S = 11;

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function drive(driver: ChildProcess, load: Load): Promise<LoadResult> {
  driver.send(load);
  return nextMessage<LoadResult>(driver);
}

async function numberOf(database: Client, sql: string): Promise<number> {
  const { rows } = await database.query<{ n: string }>(sql);
  return Number(rows[0]!.n);
}
/** Increases by one with every write transaction, without delay. */
const WRITES = 'select pg_snapshot_xmax(pg_current_snapshot())::text as n';
const COMMITS = 'select xact_commit as n from pg_stat_database where datname = current_database()';

interface Clients {
  readonly driver: ChildProcess;
  readonly model: ChildProcess;
}

async function measure(subject: Subject, app: Turnkeeper, clients: Clients): Promise<Row[]> {
  const { url, database } = await app.ready;
  const flushes =
    "select count(*) as n from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'on'";
  if ((await numberOf(database, flushes)) !== 2) throw new Error('this PostgreSQL does not flush commits to disk');
  const load = { url, users: USERS, seed: SEED };
  const commitsBefore = await numberOf(database, COMMITS);
  const warm = await drive(clients.driver, { ...load, clients: 16, seconds: TIMES.warm, prefix: 'warm' });
  if (warm.faults.length > 0) throw new Error(`errors during the warm-up:\n${warm.faults.join('\n')}`);
  await database.query('analyze'); // autovacuum does this on a server that has run for a while
  await sleep(TIMES.settle);

  const sample = async () => ({
    writes: await numberOf(database, WRITES),
    cpuMs: { ...cpuMsByKind(app.pid), driver: cpuMsOf(clients.driver.pid!), model: cpuMsOf(clients.model.pid!) },
  });
  const rows: Row[] = [];
  for (const count of CLIENTS) {
    const before = await sample();
    const result = await drive(clients.driver, { ...load, clients: count, seconds: TIMES.load, prefix: `at${count}` });
    await sleep(TIMES.settle);
    const after = await sample();
    rows.push(rowOf({ subject, clients: count, result, before, after }));
    console.error(`${subject}, ${count} client(s): ${(result.turns / result.seconds).toFixed(0)} turns/s`);
  }
  if (quick) return rows;
  await sleep(COUNTERS_S - TIMES.settle);
  const turns = rows.reduce((sum, row) => sum + row.turns, warm.turns);
  const commitsPerTurn = ((await numberOf(database, COMMITS)) - commitsBefore) / turns;
  return rows.map((row) => ({ ...row, commitsPerTurn }));
}

async function bench(subject: Subject, modelUrl: string, clients: Clients): Promise<Row[]> {
  const began = performance.now();
  const app = startTurnkeeper(subject, modelUrl);
  stopApp = () => app.stop();
  try {
    await app.ready;
    console.error(`${subject}: ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    return await measure(subject, app, clients);
  } finally {
    await app.stop();
  }
}

let stopApp = async () => {};
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
    void stopApp().finally(() => process.exit(130));
  });
}
try {
  const [model, driver] = [await startScript('model.ts'), await startScript('driver.ts')];
  const clients = { driver: driver.child, model: model.child };
  const rows = await bench('embedded', model.ready, clients);
  rows.push(...(await bench('traced', model.ready, clients)));
  const hasDapr = findDapr(process.env['PATH'] ?? '') !== null;
  if (hasDapr) rows.push(...(await bench('dapr', model.ready, clients)));
  await Promise.all([end(driver.child), end(model.child)]);
  const notMeasured = hasDapr ? null : 'dapr: not measured, because there is no daprd (npm run dapr:build)';
  console.log(report(rows, { quick, notMeasured }));
  if (rows.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
} catch (error) {
  if (!interrupted) throw error; // an interrupt makes calls fail; those errors are expected
}
