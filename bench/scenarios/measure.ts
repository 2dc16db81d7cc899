// Measures one closed loop on one system.
import type { ChildProcess } from 'node:child_process';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClosedLoad, ClosedResult, Load, ResultOf } from '../clients/load.ts';
import { ask } from '../systems/processes.ts';
import { startProfiles, stopProfiles, type Costs } from '../profile/control.ts';
import { verifyRows } from '../clients/rows.ts';
import { idealOf, WARM_UP, type Shape } from './shapes.ts';
import { quantiles, type Quantiles } from '../statistics.ts';
import type { System, SystemName } from '../systems/system.ts';
import { cpuBetween, totalOf, usageOf } from '../systems/usage.ts';

/** No load takes longer. What has not begun by then is not counted. */
const CAP_MS = 60_000;
/** A session publishes its counters at most once a second. */
const COUNTERS_MS = 1_500;

/** The processes that use the system under test. They are not measured. */
export interface Clients {
  readonly driver: ChildProcess;
  readonly model: ChildProcess;
  readonly modelUrl: string;
}

/** One measurement. Times are in milliseconds. */
export interface Run {
  readonly scenario: string;
  readonly system: SystemName;
  readonly turns: number;
  readonly seconds: number;
  /** From POST to 202. */
  readonly accept: Quantiles | null;
  /** From POST to the reply; null: clients did not wait for it. */
  readonly reply: Quantiles | null;
  readonly acceptsPerSecond: number;
  /** From the last accept to the last reply. */
  readonly drainSeconds: number;
  /** Share of the turns per second that the delay of the model allows; null: it has none. */
  readonly ofIdeal: number | null;
  /** User and system time per turn by kind of process, until nothing was left to do. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly cpuMsPerTurn: number;
  readonly mib: number;
  readonly modelCallsPerTurn: number;
  readonly loadBefore: number;
  /** Empty: every row and every reply is right. */
  readonly faults: readonly string[];
  readonly costs?: Costs;
}

/** Runs a load in the process of the clients. */
export const drive = <L extends Load>({ driver }: Clients, load: L): Promise<ResultOf<L>> => ask(driver, load);

/** Lets code be compiled, and checks that commits are flushed. @throws if they are not, or a reply is wrong */
export async function warmUp(system: System, clients: Clients, name: string): Promise<void> {
  const load: ClosedLoad = { kind: 'closed', url: system.url, prefix: `warm-${name}`, shape: WARM_UP, capMs: CAP_MS };
  const { turns, faults } = await drive(clients, load);
  if (faults.length > 0) throw new Error(`errors during the warm-up:\n${faults.join('\n')}`);
  await system.settled(turns);
  // Autovacuum does this on a server that has run for a while.
  await system.services.database.rows({ name: 'bench-analyze', sql: 'analyze' }, []);
  await sleep(COUNTERS_MS);
  await system.assertDurable(turns.length);
}

export interface Measurement {
  readonly scenario: string;
  readonly shape: Shape;
  /** Users are `<prefix>-0` …  */
  readonly prefix: string;
  readonly capMs?: number;
  readonly profile?: boolean;
}

/** Runs the load, waits until nothing is left to do, and checks the rows. */
export async function measure(system: System, clients: Clients, measurement: Measurement): Promise<Run> {
  const { scenario, shape, prefix, capMs = CAP_MS, profile = false } = measurement;
  const { calls } = await ask<{ calls: number }>(clients.model, { delayMs: shape.modelMs });
  if (profile) await startProfiles(system.services);
  const [loadBefore, before, since] = [loadavg()[0]!, usageOf(system.pids), new Date()];
  const result = await drive(clients, { kind: 'closed', url: system.url, prefix, shape, capMs });
  const { mib } = usageOf(system.pids);
  if (result.turns.length === 0) throw new Error(`no turn was answered: ${result.faults.join('; ')}`);
  await system.settled(result.turns);
  const after = usageOf(system.pids);
  const costs = profile ? await stopProfiles(system.services) : undefined;
  const { calls: callsAfter } = await ask<{ calls: number }>(clients.model, { delayMs: 0 });
  const wrong = await verifyRows(system.url, result.turns, since);
  const cpuMs = cpuBetween(before, after, result.turns.length);
  return {
    scenario,
    system: system.name,
    ...timesOf(result, shape),
    cpuMs,
    cpuMsPerTurn: totalOf(cpuMs),
    mib,
    modelCallsPerTurn: (callsAfter - calls) / result.turns.length,
    loadBefore,
    faults: [...result.faults, ...wrong],
    ...(costs && { costs }),
  };
}

function timesOf({ turns, seconds, acceptSeconds }: ClosedResult, shape: Shape) {
  const ideal = idealOf(shape);
  return {
    turns: turns.length,
    seconds,
    accept: quantiles(turns.map(({ sentAt, ackedAt }) => ackedAt - sentAt)),
    reply: quantiles(turns.flatMap(({ sentAt, doneAt }) => (doneAt === null ? [] : [doneAt - sentAt]))),
    acceptsPerSecond: turns.length / acceptSeconds,
    drainSeconds: seconds - acceptSeconds,
    ofIdeal: ideal === null ? null : turns.length / seconds / ideal,
  };
}
