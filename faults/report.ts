// Prints what a campaign did, the table of the kinds, and the verdict.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { provenance } from '../bench/report.ts';
import { LAST_TURN_S, quantile, SERVICE_S } from './checks/recovery.ts';
import type { CampaignResult } from './campaign.ts';
import type { StrikeRecord } from './strikes.ts';

/** A kind that struck fewer turns proves nothing. */
export const ENOUGH_STRUCK = 20;
const SHOWN_FAULTS = 5;

interface KindRow {
  readonly kind: string;
  readonly rows: readonly number[];
  readonly strikes: number;
  readonly struck: number;
  /** Seconds. Null: no strike of the kind was without another fault, or there was nothing to measure. */
  readonly serviceS: number | null;
  readonly lastTurnS: number | null;
  readonly takeoverS: number | null;
  readonly worstS: number | null;
}

const greatest = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));

/** One row for each kind. Recovery times are those of strikes without another fault. */
export function rowsOf(strikes: readonly StrikeRecord[]): KindRow[] {
  return [...Map.groupBy(strikes, ({ kind }) => kind)].map(([kind, all]) => {
    const alone = all.filter(({ together }) => !together);
    const takeovers = alone.flatMap(({ takeoversS }) => takeoversS);
    return {
      kind: kind.name,
      rows: kind.rows,
      strikes: all.length,
      struck: all.reduce((sum, { struck }) => sum + struck, 0),
      serviceS: greatest(alone.flatMap(({ serviceS }) => serviceS ?? [])),
      lastTurnS: greatest(alone.map(({ lastTurnS }) => lastTurnS)),
      takeoverS: takeovers.length === 0 ? null : quantile(takeovers, 0.99),
      worstS: greatest(alone.map(({ worstS }) => worstS)),
    };
  });
}

const seconds = (value: number | null): string => value?.toFixed(1) ?? '-';

function tableOf(strikes: readonly StrikeRecord[]): string {
  const head = [
    'kind',
    'rows',
    'strikes',
    'turns struck',
    'service s',
    'last turn s',
    'takeover p99 s',
    'worst turn s',
  ];
  const lines = rowsOf(strikes).map((row) => [
    row.kind,
    row.rows.join(','),
    String(row.strikes),
    `${row.struck}${row.struck < ENOUGH_STRUCK ? ' (did not hit)' : ''}`,
    seconds(row.serviceS),
    seconds(row.lastTurnS),
    seconds(row.takeoverS),
    seconds(row.worstS),
  ]);
  const all = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ') || 'none';

/** The report of one runtime. */
export function reportOf(result: CampaignResult): string {
  const { runtime, accepted, completed, modelCalls, strikes, tail, findings, failed, notRun, folder } = result;
  const lines = [
    `\n${runtime}: ${accepted} turns accepted, ${completed} completed, ${modelCalls} model calls; history and logs in ${folder}`,
    tableOf(strikes),
    `bounds: service ${SERVICE_S} s, last turn ${LAST_TURN_S} s`,
    `after the last healing: service ${seconds(tail.serviceS ?? Infinity)} s, last turn ${seconds(tail.lastTurnS ?? Infinity)} s, backlog ${seconds(tail.drainS)} s`,
    `repeated model calls: ${listed(result.repeats)}`,
    `refused or broken requests, repeated by the clients: ${listed(result.refusals)}`,
  ];
  if (notRun > 0) lines.push(`${notRun} cycles of the schedule did not fit`);
  for (const each of failed) lines.push(`not injected: ${each}`);
  for (const { check, faults } of findings) {
    lines.push(`FAILED ${check}: ${faults.length}`);
    for (const fault of faults.slice(0, SHOWN_FAULTS)) lines.push(`  ${fault}`);
    if (faults.length > SHOWN_FAULTS) lines.push(`  and ${faults.length - SHOWN_FAULTS} more`);
  }
  return lines.join('\n');
}

export interface Verdict {
  readonly holds: boolean;
  readonly line: string;
}

/** What the caller chose: each row, and each kind, must have hit enough turns. */
export interface Asked {
  readonly rows: readonly number[];
  readonly kinds: readonly string[];
}

function didNotHit({ runtime, strikes, possible }: CampaignResult, asked: Asked): string[] {
  const hit = rowsOf(strikes).filter(({ struck }) => struck >= ENOUGH_STRUCK);
  return [
    ...asked.rows
      .filter((row) => possible.some(({ rows }) => rows.includes(row)) && !hit.some(({ rows }) => rows.includes(row)))
      .map((row) => `${runtime} row ${row} did not hit`),
    ...asked.kinds
      .filter((name) => possible.some((kind) => kind.name === name) && !hit.some(({ kind }) => kind === name))
      .map((name) => `${runtime} ${name} did not hit`),
  ];
}

export function verdictOf(results: readonly CampaignResult[], seed: number, asked: Asked): Verdict {
  const broken = results.flatMap((result) => [
    ...result.findings.map(({ check, faults }) => `${result.runtime} ${check} (${faults.length})`),
    ...didNotHit(result, asked),
    ...(result.possible.length > 0 && result.strikes.length === 0 ? [`${result.runtime}: no fault was injected`] : []),
  ]);
  if (results.length === 0) broken.push('nothing that was asked for can run here');
  const accepted = results.reduce((sum, each) => sum + each.accepted, 0);
  const kinds = new Set(results.flatMap(({ strikes }) => strikes.map(({ kind }) => kind.name))).size;
  const what = `seed ${seed}, commit ${provenance().commit ?? 'unknown'}, ${results.map(({ runtime }) => runtime).join(' and ')}: ${accepted} turns accepted, ${kinds} kinds of faults`;
  return broken.length === 0
    ? { holds: true, line: `PASS ${what}, every invariant holds` }
    : { holds: false, line: `FAIL ${what}; ${broken.join('; ')}` };
}

/** Writes the results as JSON. */
export function writeJson(file: string, results: readonly CampaignResult[], verdict: Verdict, seed: number): void {
  mkdirSync(dirname(file), { recursive: true });
  const runs = results.map(({ strikes, possible, ...result }) => ({
    ...result,
    possible: possible.map(({ name }) => name),
    kinds: rowsOf(strikes),
    strikes: strikes.map(({ kind, ...strike }) => ({ kind: kind.name, ...strike })),
  }));
  writeFileSync(file, `${JSON.stringify({ ...provenance(), seed, verdict: verdict.line, runs }, null, 2)}\n`);
}
