// A line of the results, and how it is made of the repetitions of a scenario. No I/O.
import type { Run } from './scenarios/measure.ts';
import { SCENARIOS, type Shape } from './scenarios/shapes.ts';
import { median, medianOf, medianQuantiles, type Quantiles } from './statistics.ts';
import type { SystemName } from './systems/system.ts';

/** Null: not measured. */
export interface Row {
  readonly scenario: string;
  readonly system: SystemName;
  readonly turnsPerSecond: number | null;
  readonly accept: Quantiles | null;
  readonly reply: Quantiles | null;
  readonly cpuMsPerTurn: number | null;
  readonly mib: number | null;
  readonly remarks: readonly string[];
  /** Wrong rows or replies, and limits that were exceeded. */
  readonly faults: readonly string[];
}

/** Two digits after the point for small values, none for large ones. */
export const figure = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** CPU time by kind of process: the medians of the runs. */
function kinds(runs: readonly Run[]): string {
  const names = [...new Set(runs.flatMap(({ cpuMs }) => Object.keys(cpuMs)))];
  return names
    .map((name) => [name, median(runs.map(({ cpuMs }) => cpuMs[name] ?? 0))] as const)
    .filter(([, ms]) => ms >= 0.01)
    .map(([name, ms]) => `${name} ${figure(ms)}`)
    .join(', ');
}

/** The median of the repetitions of one scenario on one system. `cutOff`: fewer turns than the scenario has. */
export function rowOf(runs: readonly Run[], remarks: readonly string[] = []): Row {
  const { scenario, system } = runs[0]!;
  const shape = SCENARIOS[scenario as keyof typeof SCENARIOS] as Shape | undefined;
  const ofIdeal = medianOf(runs, (run) => run.ofIdeal);
  const figures = [
    kinds(runs),
    ...(ofIdeal === null ? [] : [`${figure(ofIdeal * 100)} % of ideal`]),
    ...(shape?.submitOnly
      ? [
          `${figure(median(runs.map((run) => run.acceptsPerSecond)))} accepts/s, then drains in ${figure(median(runs.map((run) => run.drainSeconds)))} s`,
        ]
      : []),
    `${figure(median(runs.map((run) => run.modelCallsPerTurn)))} model calls/turn`,
    ...remarks,
  ];
  return {
    scenario,
    system,
    turnsPerSecond: medianOf(runs, ({ turns, seconds }) => turns / seconds),
    accept: medianQuantiles(runs, (run) => run.accept),
    reply: medianQuantiles(runs, (run) => run.reply),
    cpuMsPerTurn: medianOf(runs, (run) => run.cpuMsPerTurn),
    mib: medianOf(runs, (run) => run.mib),
    remarks: figures,
    faults: runs.flatMap((run) => run.faults),
  };
}

const HEADS = ['scenario', 'system', 'turns/s', 'accept p50 / p99 ms', 'reply p50 / p99 ms', 'CPU ms/turn', 'MiB'];

const orDash = (value: number | null): string => (value === null ? '–' : figure(value));
const pair = (value: Quantiles | null): string =>
  value === null ? '–' : `${figure(value.p50)} / ${figure(value.p99)}`;

/** The results as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.scenario,
    row.system,
    orDash(row.turnsPerSecond),
    pair(row.accept),
    pair(row.reply),
    orDash(row.cpuMsPerTurn),
    orDash(row.mib),
    [...row.remarks, row.faults.length === 0 ? 'correct' : '**WRONG**'].join('; '),
  ]);
  const all = [[...HEADS, 'remarks'], ...lines];
  const widths = HEADS.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = [...widths, 'remarks'.length].map((width) => '-'.repeat(width + 2)).join('|');
  return [line(all[0]!), `|${rule}|`, ...all.slice(1).map(line)].join('\n');
}
