// --check: compares the CPU per turn with that of the floor. The ratio depends less on the machine than the figures do.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './scenarios/measure.ts';
import { figure } from './row.ts';
import { median } from './statistics.ts';

const BASELINE = join(import.meta.dirname, 'baseline.json');
/** Repetitions differ by up to a third; their median differs less. */
const TOLERANCE = 1.25;

/** The median, over the repetitions, of the CPU per turn of turnkeeper divided by that of the floor. */
export function ratioOf(runs: readonly Run[]): number {
  const of = (system: Run['system']) => runs.filter((run) => run.system === system);
  const floors = of('floor');
  return median(of('embedded').map(({ cpuMsPerTurn }, rep) => cpuMsPerTurn / floors[rep]!.cpuMsPerTurn));
}

export interface Verdict {
  readonly holds: boolean;
  readonly line: string;
}

/** Compares a ratio with the baseline. */
export function judge(ratio: number, baseline: number): Verdict {
  const limit = baseline * TOLERANCE;
  const holds = ratio <= limit;
  const line = `CPU of S2 is ${figure(ratio)} × the floor; baseline ${figure(baseline)}, limit ${figure(limit)}: ${holds ? 'ok' : 'REGRESSION'}`;
  return { holds, line };
}

/** Compares the runs with baseline.json, or writes it. */
export function check(runs: readonly Run[], update: boolean): Verdict {
  const ratio = ratioOf(runs);
  if (update) {
    writeFileSync(BASELINE, `${JSON.stringify({ ratio: Number(ratio.toFixed(2)) })}\n`);
    return { holds: true, line: `CPU of S2 is ${figure(ratio)} × the floor, written to baseline.json` };
  }
  return judge(ratio, (JSON.parse(readFileSync(BASELINE, 'utf8')) as { ratio: number }).ratio);
}
