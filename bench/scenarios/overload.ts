// The scenario `overload`: five times as many turns as the server can answer.
import type { Context } from './context.ts';
import { drive, measure, warmUp } from './measure.ts';
import { figure, type Row } from '../row.ts';
import type { OpenResult } from '../clients/load.ts';
import { verifyRows } from '../clients/rows.ts';
import { SCENARIOS } from './shapes.ts';
import { quantiles } from '../statistics.ts';
import type { System } from '../systems/system.ts';
import { usageOf } from '../systems/usage.ts';

const TIMES = 5;
const MINUTES = 2;
const USERS = 200;
/** Below the default, so that the queue is full within the two minutes. */
const QUEUE_LIMIT = '10000';
const MAX_UNANSWERED = 512;
const SAMPLE_MS = 2_000;
const ACCEPT_P99_LIMIT_MS = 2_000;
/** The largest memory of the second half of the load, compared with that of the first half. */
const MEMORY_LIMIT = 1.25;
const RETRIES_LIMIT = 0.9;

/** Sends turns at five times the rate of S2 on the same server. */
export async function overload(context: Context): Promise<Row> {
  return context.withSystem('embedded', { QUEUE_LIMIT }, async (system) => {
    await warmUp(system, context.clients, 'overload');
    const { turns, seconds } = await context.noted(
      measure(system, context.clients, { scenario: 'S2', shape: SCENARIOS.S2, prefix: 'capacity' }),
    );
    return overloaded(context, system, (turns / seconds) * TIMES);
  });
}

async function overloaded(context: Context, system: System, perSecond: number): Promise<Row> {
  const [mib, since, seconds]: [number[], Date, number] = [[], new Date(), (context.options.minutes ?? MINUTES) * 60];
  const sampler = setInterval(() => mib.push(usageOf(system.pids).mib), SAMPLE_MS);
  const load = { url: system.url, prefix: 'overload', users: USERS, perSecond, seconds, maxUnanswered: MAX_UNANSWERED };
  const result = await drive(context.clients, { kind: 'open', ...load }).finally(() => clearInterval(sampler));
  await system.settled(result.turns);
  const wrong = await verifyRows(system.url, result.turns, since);
  const duringLoad = mib.slice(0, Math.floor((seconds * 1000) / SAMPLE_MS));
  return rowOfOverload(result, perSecond, duringLoad, wrong);
}

/** The line of the results, with a fault for each limit that was exceeded. `mib`: samples of the memory in order. */
export function rowOfOverload(
  result: OpenResult,
  perSecond: number,
  mib: readonly number[],
  wrong: readonly string[],
): Row {
  const { turns, seconds, drainSeconds, refusals, retries, notSent } = result;
  const accept = quantiles(turns.map(({ sentAt, ackedAt }) => ackedAt - sentAt));
  const half = Math.ceil(mib.length / 2);
  const [first, second] = [Math.max(...mib.slice(0, half)), Math.max(...mib.slice(half))];
  const faults = [...result.faults, ...wrong];
  if ((accept?.p99 ?? Infinity) > ACCEPT_P99_LIMIT_MS) faults.push(`accept p99 is over ${ACCEPT_P99_LIMIT_MS} ms`);
  if (second / first > MEMORY_LIMIT) faults.push(`memory grew from ${figure(first)} to ${figure(second)} MiB`);
  if (retries.accepted < retries.sent * RETRIES_LIMIT)
    faults.push(`after Retry-After ${retries.accepted} of ${retries.sent} turns were accepted`);
  const refused = Object.entries(refusals).map(([name, count]) => `${count} × ${name}`);
  return {
    scenario: 'overload',
    system: 'embedded',
    turnsPerSecond: turns.length / (seconds + drainSeconds),
    accept,
    reply: null,
    cpuMsPerTurn: null,
    mib: Math.max(first, second),
    remarks: [
      `${figure(perSecond)} requests/s for ${figure(seconds)} s, ${notSent} not sent because ${MAX_UNANSWERED} were unanswered`,
      `${turns.length} accepted, refused: ${refused.join(', ') || 'none'}`,
      `after Retry-After ${retries.accepted} of ${retries.sent} accepted`,
      `backlog drained in ${figure(drainSeconds)} s`,
    ],
    faults,
  };
}
