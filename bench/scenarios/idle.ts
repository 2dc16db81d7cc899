// The scenario `idle`: what the processes cost while nobody uses them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { warmUp } from './measure.ts';
import { figure, type Row } from '../row.ts';
import type { SystemName } from '../systems/system.ts';
import { cpuBetween, totalOf, usageOf } from '../systems/usage.ts';

const MINUTES = 20;
/** Until compilers, garbage collectors and the services have finished what the start began. */
const REST_MS = 30_000;

/** Measures the mean CPU of all processes of the runtime after a few turns. */
export async function idle(context: Context, runtime: SystemName): Promise<Row> {
  const minutes = context.options.minutes ?? MINUTES;
  return context.withSystem(runtime, {}, async (system) => {
    await warmUp(system, context.clients, 'idle');
    await sleep(REST_MS);
    const before = usageOf(system.pids);
    await sleep(minutes * 60_000);
    const after = usageOf(system.pids);
    const cpuMs = cpuBetween(before, after, minutes * 60);
    // Milliseconds per second are thousandths of a core.
    const kinds = Object.entries(cpuMs).map(([kind, ms]) => `${kind} ${figure(ms / 10)}`);
    return {
      scenario: 'idle',
      system: runtime,
      turnsPerSecond: null,
      accept: null,
      reply: null,
      cpuMsPerTurn: null,
      mib: after.mib,
      remarks: [
        `${figure(totalOf(cpuMs) / 10)} % of one core, mean of ${figure(minutes)} minutes (${kinds.join(', ')})`,
        `${figure(after.mib - before.mib)} MiB more than at the beginning`,
      ],
      faults: [],
    };
  });
}
