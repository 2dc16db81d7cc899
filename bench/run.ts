// npm run bench: turns per second, latency and cost of turnkeeper on this machine, on both actor runtimes.
// Prints one table and writes bench/results/latest.json. `--quick` takes 20 s and is coarser.
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { findDapr } from '../src/dev/dapr.ts';
import type { Load, LoadResult } from './driver.ts';
import { cpuMsByKind, end, type Runtime, startScript, startTurnkeeper, type Turnkeeper } from './processes.ts';
import { quantiles, report, type Row } from './report.ts';

const USERS = 200;
const SEED = 7;
const KNOWN = ['--quick'];
const unknown = process.argv.slice(2).filter((argument) => !KNOWN.includes(argument));
if (unknown.length > 0) {
  console.error(`usage: npm run bench [-- --quick]\nunknown: ${unknown.join(' ')}`);
  process.exit(2);
}
const quick = process.argv.includes('--quick');
/** Seconds. Settling: summaries come a second after the replies, and they belong to what a turn costs. */
const TIMES = quick ? { warm: 1.5, load: 1.2, settle: 0.7 } : { warm: 3, load: 12, settle: 3 };
const CLIENTS = [1, 64];
/** A PostgreSQL session that has nothing to do tells its counters after 10 s. */
const COUNTERS_S = 11;

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function drive(driver: ChildProcess, load: Load): Promise<LoadResult> {
  const answer = once(driver, 'message');
  driver.send(load);
  return ((await answer) as [LoadResult])[0];
}

async function numberOf({ database }: Turnkeeper, sql: string): Promise<number> {
  const { rows } = await database.query<{ n: string }>(sql);
  return Number(rows[0]!.n);
}
/** Grows by one with every transaction that writes, at once. */
const writes = (app: Turnkeeper) => numberOf(app, 'select pg_snapshot_xmax(pg_current_snapshot())::text as n');
const commits = (app: Turnkeeper) =>
  numberOf(app, 'select xact_commit as n from pg_stat_database where datname = current_database()');

async function measure(runtime: Runtime, app: Turnkeeper, driver: ChildProcess): Promise<Row[]> {
  const { rows: durable } = await app.database.query<{ setting: string }>(
    "select setting from pg_settings where name in ('fsync', 'synchronous_commit')",
  );
  if (durable.some(({ setting }) => setting !== 'on'))
    throw new Error('this PostgreSQL does not flush its commits: there is nothing to measure');
  const common = { url: app.url, users: USERS, seed: SEED };
  const commitsBefore = await commits(app);
  const warm = await drive(driver, { ...common, clients: 16, seconds: TIMES.warm, prefix: 'warm' });
  if (warm.faults.length > 0) throw new Error(`wrong while warming up:\n${warm.faults.join('\n')}`);
  const rows: Row[] = [];
  let allTurns = warm.turns;
  await app.database.query('analyze'); // as autovacuum would have done in a server that has run for a while
  await sleep(TIMES.settle);
  for (const clients of CLIENTS) {
    const [cpuBefore, writesBefore] = [cpuMsByKind(app.pid), await writes(app)];
    const result = await drive(driver, { ...common, clients, seconds: TIMES.load, prefix: `at${clients}` });
    await sleep(TIMES.settle);
    const [cpuAfter, writesAfter] = [cpuMsByKind(app.pid), await writes(app)];
    const { turns, seconds, faults } = result;
    allTurns += turns;
    const cpuMs =
      cpuBefore &&
      cpuAfter &&
      Object.fromEntries(Object.entries(cpuAfter).map(([kind, ms]) => [kind, (ms - (cpuBefore[kind] ?? 0)) / turns]));
    const times = { accept: quantiles(result.acceptMs), reply: quantiles(result.replyMs) };
    rows.push({
      runtime,
      clients,
      turns,
      seconds,
      ...times,
      cpuMsPerTurn: cpuMs,
      writesPerTurn: (writesAfter - writesBefore) / turns,
      commitsPerTurn: null,
      faults,
    });
    console.error(`${runtime}, ${clients} client(s): ${(turns / seconds).toFixed(0)} turns/s`);
  }
  if (quick) return rows;
  await sleep(COUNTERS_S - TIMES.settle);
  const commitsPerTurn = ((await commits(app)) - commitsBefore) / allTurns;
  return rows.map((row) => ({ ...row, commitsPerTurn }));
}

async function bench(runtime: Runtime, model: string, driver: ChildProcess): Promise<Row[]> {
  const began = performance.now();
  const app = await startTurnkeeper(runtime, model);
  onInterrupt = () => app.stop();
  console.error(`${runtime}: ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  try {
    return await measure(runtime, app, driver);
  } finally {
    await app.stop();
    onInterrupt = async () => {};
  }
}

let onInterrupt = async () => {};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void onInterrupt().finally(() => process.exit(130)));
}
const model = await startScript('model.ts');
const driver = await startScript('driver.ts');
const rows = await bench('embedded', model.ready, driver.child);
const hasDapr = findDapr(process.env['PATH'] ?? '') !== null;
if (hasDapr) rows.push(...(await bench('dapr', model.ready, driver.child)));
await Promise.all([end(driver.child), end(model.child)]);
console.log(
  report(rows, { quick, notMeasured: hasDapr ? null : 'dapr: not measured, there is no daprd (npm run dapr:build)' }),
);
if (rows.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
