// Results of a benchmark: a table for people and a JSON file for programs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { LoadResult } from './driver.ts';
import type { Subject } from './processes.ts';

const RESULTS = join(import.meta.dirname, 'results');

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Row {
  readonly subject: Subject;
  readonly clients: number;
  readonly turns: number;
  readonly seconds: number;
  /** Milliseconds from POST to 202. */
  readonly accept: Quantiles;
  /** Milliseconds from POST to the reply, which is read with a long poll. */
  readonly reply: Quantiles;
  /** By kind of process, including the driver and the model. Empty if there is no /proc. */
  readonly cpuMsPerTurn: Readonly<Record<string, number>>;
  /** Write transactions. */
  readonly writesPerTurn: number;
  /** Read and write transactions, over all loads of this subject. Null: not measured (--quick). */
  readonly commitsPerTurn: number | null;
  readonly faults: readonly string[];
}

interface Sample {
  readonly writes: number;
  /** By kind of process, including the driver and the model. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

interface Measured {
  readonly subject: Subject;
  readonly clients: number;
  readonly result: LoadResult;
  readonly before: Sample;
  readonly after: Sample;
}

/** Computes one row of the results. */
export function rowOf({ subject, clients, result, before, after }: Measured): Row {
  const { turns, seconds, faults } = result;
  const cpu = Object.entries(after.cpuMs).map(
    ([kind, ms]) => [kind, (ms - (before.cpuMs[kind] ?? 0)) / turns] as const,
  );
  return {
    subject,
    clients,
    turns,
    seconds,
    faults,
    accept: quantiles(result.acceptMs),
    reply: quantiles(result.replyMs),
    cpuMsPerTurn: Object.fromEntries(cpu),
    writesPerTurn: (after.writes - before.writes) / turns,
    commitsPerTurn: null,
  };
}

function quantiles(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

const HEADS = [
  'subject',
  'clients',
  'turns',
  'turns/s',
  'accept p50 / p99 ms',
  'reply p50 / p99 ms',
  'CPU ms/turn',
  'of these',
  'write tx/turn',
  'all tx/turn',
  'replies',
];

const figure = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
const pair = ({ p50, p99 }: Quantiles): string => `${figure(p50)} / ${figure(p99)}`;

function cellsOf(row: Row): string[] {
  // The driver and the model are not part of turnkeeper.
  const byKind = Object.entries(row.cpuMsPerTurn).filter(
    ([kind, ms]) => !['driver', 'model'].includes(kind) && ms >= 0.01,
  );
  return [
    row.subject,
    String(row.clients),
    String(row.turns),
    figure(row.turns / row.seconds),
    pair(row.accept),
    pair(row.reply),
    byKind.length > 0 ? figure(byKind.reduce((sum, [, ms]) => sum + ms, 0)) : '–',
    byKind.map(([kind, ms]) => `${kind} ${figure(ms)}`).join(', ') || '–',
    figure(row.writesPerTurn),
    row.commitsPerTurn === null ? '–' : figure(row.commitsPerTurn),
    row.faults.length === 0 ? 'correct' : 'WRONG',
  ];
}

function table(rows: readonly string[][]): string {
  const widths = HEADS.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [heads, ...rest] = rows;
  return [line(heads!), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest.map(line)].join('\n');
}

/** Writes results/latest.json and returns the text to print: the table, what was not measured, and errors. */
export function report(
  rows: readonly Row[],
  { quick, notMeasured }: { quick: boolean; notMeasured: string | null },
): string {
  const machine = {
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    platform: `${process.platform}-${process.arch}`,
    loadAverage: loadavg(),
  };
  const results = { at: new Date().toISOString(), node: process.version, quick, machine, notMeasured, rows };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  const faults = rows.flatMap(({ subject, clients, faults }) =>
    faults.map((fault) => `${subject}, ${clients} client(s): ${fault}`),
  );
  return [table([HEADS, ...rows.map(cellsOf)]), ...(notMeasured ? [notMeasured] : []), ...faults].join('\n');
}
