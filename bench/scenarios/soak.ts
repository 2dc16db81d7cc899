// The scenario `soak`: the same load for a long time, in parts of a minute, each with users of its own.
import type { Context } from './context.ts';
import { measure, warmUp, type Run } from './measure.ts';
import { figure, rowOf, type Row } from '../row.ts';
import { SCENARIOS, type Shape } from './shapes.ts';
import { median } from '../statistics.ts';

const MINUTES = 60;
const PART_MS = 60_000;
/** Less than the server can take, so that it has the room of a normal day. */
const CLIENTS = 16;
const SHAPE: Shape = { ...SCENARIOS.S2, clients: CLIENTS, turns: Number.MAX_SAFE_INTEGER };
/** The last quarter compared with the second one: in the first one caches fill. */
const LIMITS = { CPU: 1.15, memory: 1.2, 'reply p99': 1.5 } as const;
const FIGURES: Readonly<Record<keyof typeof LIMITS, (run: Run) => number>> = {
  CPU: (run) => run.cpuMsPerTurn,
  memory: (run) => run.mib,
  'reply p99': (run) => run.reply?.p99 ?? Number.NaN,
};

/** Runs the load and compares its end with its beginning. */
export async function soak(context: Context): Promise<{ rows: Row[]; runs: Run[] }> {
  const parts = Math.ceil(context.options.minutes ?? MINUTES);
  const runs = await context.withSystem('embedded', {}, async (system) => {
    await warmUp(system, context.clients, 'soak');
    const done: Run[] = [];
    for (let part = 0; part < parts; part += 1)
      done.push(
        await context.noted(
          measure(system, context.clients, { scenario: 'soak', shape: SHAPE, prefix: `soak-${part}`, capMs: PART_MS }),
        ),
      );
    return done;
  });
  return { rows: [rowOfSoak(runs)], runs };
}

/** The line of the results, with a fault for each figure that grew. */
export function rowOfSoak(runs: readonly Run[]): Row {
  const quarter = Math.floor(runs.length / 4);
  const early = runs.slice(quarter, quarter * 2 || 1);
  const late = runs.slice(runs.length - Math.max(1, quarter));
  const growths = Object.entries(FIGURES).map(([name, read]) => {
    const ratio = median(late.map(read)) / median(early.map(read));
    return { name, ratio, limit: LIMITS[name as keyof typeof LIMITS] };
  });
  const turns = runs.reduce((sum, run) => sum + run.turns, 0);
  const remarks = growths.map(({ name, ratio }) => `${name} ${figure(ratio)} × the second quarter`);
  const row = rowOf(runs, [`${turns} turns in ${runs.length} minutes`, ...remarks]);
  const over = growths.filter(({ ratio, limit }) => ratio > limit);
  return { ...row, faults: [...row.faults, ...over.map(({ name, ratio }) => `${name} grew to ${figure(ratio)} ×`)] };
}
