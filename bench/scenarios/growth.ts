// The scenario `growth`: a turn costs the same however much the server has stored or queued.
import type { Context } from './context.ts';
import { call } from '../clients/http.ts';
import { drive, measure, warmUp, type Run } from './measure.ts';
import { figure, rowOf, type Row } from '../row.ts';
import { SCENARIOS, SLOW_PREFIX, type Shape } from './shapes.ts';
import { seedReviews, seedTurns, seedUsers } from './seed.ts';
import { verifyRows } from '../clients/rows.ts';
import { median, quantiles } from '../statistics.ts';
import type { System } from '../systems/system.ts';
import { usageOf } from '../systems/usage.ts';

const CPU_LIMIT = 1.15;
const P99_LIMIT = 1.5;
const USERS = 100;
const QUEUED = 10_000;
const ROWS_PER_TURN = 2;
const CAP_MS = 600_000;

interface Dimension {
  readonly what: string;
  readonly low: number;
  readonly high: number;
  /** Fills the database up to this number. The load has the users `<prefix>-0` … */
  readonly seed: (system: System, prefix: string, count: number) => Promise<void>;
}

const DIMENSIONS: readonly Dimension[] = [
  {
    what: 'conversation rows',
    low: 1e3,
    high: 1e6,
    seed: ({ services }, prefix, rows) => seedTurns(services.database, prefix, USERS, rows / ROWS_PER_TURN / USERS),
  },
  {
    what: 'users',
    low: 1e2,
    high: 1e5,
    seed: ({ services }, prefix, users) => seedUsers(services.database, `other-${prefix}`, users),
  },
  {
    what: 'parked reviews',
    low: 0,
    high: 1e5,
    seed: ({ services }, prefix, reviews) => seedReviews(services.database, `parked-${prefix}`, reviews),
  },
];

const shapeOf = (turns: number | null): Shape => ({
  ...SCENARIOS.S2,
  users: USERS,
  turns: turns ?? SCENARIOS.S2.turns,
});

/** Measures each dimension at both ends on one server, and a user with a long queue beside others. */
export async function growth(context: Context): Promise<{ rows: Row[]; runs: Run[] }> {
  const [rows, runs]: [Row[], Run[]] = [[], []];
  for (const dimension of DIMENSIONS) {
    const ends = await context.withSystem('embedded', {}, (system) => atBothEnds(context, system, dimension));
    const [low, high] = ends.map((each) => median(each.map((run) => run.cpuMsPerTurn))) as [number, number];
    const over = high / low > CPU_LIMIT ? [`${dimension.what}: CPU per turn grows to ${figure(high / low)} ×`] : [];
    const remark = `${figure(high / low)} × the CPU at ${dimension.low} (limit ${CPU_LIMIT})`;
    const highRow = rowOf(ends[1], [remark]);
    rows.push(rowOf(ends[0]), { ...highRow, faults: [...highRow.faults, ...over] });
    runs.push(...ends.flat());
  }
  const settings = { QUEUE_LIMIT_PER_USER: String(QUEUED * 2) };
  const beside = await context.withSystem('embedded', settings, (system) => besideLongQueue(context, system));
  return { rows: [...rows, ...beside.rows], runs: [...runs, ...beside.runs] };
}

async function atBothEnds(context: Context, system: System, dimension: Dimension): Promise<[Run[], Run[]]> {
  const { clients, options } = context;
  const prefix = dimension.what.replaceAll(' ', '-');
  await warmUp(system, clients, prefix);
  const repeated = async (count: number): Promise<Run[]> => {
    await dimension.seed(system, prefix, count);
    await system.services.database.rows({ name: 'bench-vacuum', sql: 'vacuum analyze' }, []);
    const runs: Run[] = [];
    for (let rep = 0; rep < options.reps; rep += 1)
      runs.push(
        await context.noted(
          measure(system, clients, {
            scenario: `growth: ${count} ${dimension.what}`,
            shape: shapeOf(options.turns),
            prefix,
          }),
        ),
      );
    return runs;
  };
  return [await repeated(dimension.low), await repeated(dimension.high)];
}

async function besideLongQueue(context: Context, system: System): Promise<{ rows: Row[]; runs: Run[] }> {
  const { clients, options } = context;
  await warmUp(system, clients, 'queue');
  const shape = shapeOf(options.turns);
  const scenario = 'growth: no queued turns';
  const alone = await context.noted(measure(system, clients, { scenario, shape, prefix: 'alone' }));
  const queue: Shape = { ...SCENARIOS.S4, users: 1, turns: QUEUED };
  const url = system.url;
  // Their model is slow, so that most of them are still queued when the others are done.
  await drive(clients, { kind: 'closed', url, prefix: 'queue', shape: queue, capMs: CAP_MS, textPrefix: SLOW_PREFIX });
  const since = new Date();
  const result = await drive(clients, { kind: 'closed', url, prefix: 'beside', shape, capMs: CAP_MS });
  const faults = [...result.faults, ...(await verifyRows(url, result.turns, since))];
  const left = await call<{ items: unknown[] }>('GET', `${url}/users/queue-0/turns?status=queued&limit=1`, 200);
  if (left.items.length === 0) faults.push('the queue was empty before the others were done');
  const reply = quantiles(result.turns.map(({ sentAt, doneAt }) => doneAt! - sentAt))!;
  const ratio = reply.p99 / alone.reply!.p99;
  if (ratio > P99_LIMIT) faults.push(`the p99 of the others grows to ${figure(ratio)} ×`);
  const beside: Row = {
    ...rowOf([alone]),
    scenario: `growth: beside ${QUEUED} queued turns of one user`,
    turnsPerSecond: result.turns.length / result.seconds,
    accept: quantiles(result.turns.map(({ sentAt, ackedAt }) => ackedAt - sentAt)),
    reply,
    cpuMsPerTurn: null,
    mib: usageOf(system.pids).mib,
    remarks: [`reply p99 ${figure(ratio)} × without the queue (limit ${P99_LIMIT})`],
    faults,
  };
  return { rows: [rowOf([alone]), beside], runs: [alone] };
}
