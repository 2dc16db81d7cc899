// Prints what a campaign did, the table of the kinds, and the verdict.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { provenance } from '../bench/report.ts';
import type { Finding } from './checks/checks.ts';
import { LAST_TURN_S, quantile, SERVICE_S } from './checks/recovery.ts';
import type { CampaignResult } from './campaign.ts';
import type { StrikeRecord } from './strikes.ts';
import { tooFewOf, type ToolRunResult } from './tools/run.ts';

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
  lines.push(...linesOf(findings));
  return lines.join('\n');
}

/** The checks that do not hold, each with its first faults. */
export const linesOf = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ check, faults }) => [
    `FAILED ${check}: ${faults.length}`,
    ...faults.slice(0, SHOWN_FAULTS).map((fault) => `  ${fault}`),
    ...(faults.length > SHOWN_FAULTS ? [`  and ${faults.length - SHOWN_FAULTS} more`] : []),
  ]);

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

/** What a campaign has run: attacks with kinds of faults, and kill runs of tools. */
export interface Ran {
  readonly results: readonly CampaignResult[];
  readonly tools: readonly ToolRunResult[];
}

const brokenIn = ({ runtime, findings }: Pick<CampaignResult, 'runtime' | 'findings'>): string[] =>
  findings.map(({ check, faults }) => `${runtime} ${check} (${faults.length})`);

export function verdictOf({ results, tools }: Ran, seed: number, asked: Asked): Verdict {
  const broken = results.flatMap((result) => [
    ...brokenIn(result),
    ...didNotHit(result, asked),
    ...(result.possible.length > 0 && result.strikes.length === 0 ? [`${result.runtime}: no fault was injected`] : []),
  ]);
  broken.push(...tools.flatMap((result) => [...brokenIn(result), ...tooFewOf(result)]));
  if (results.length + tools.length === 0) broken.push('nothing that was asked for can run here');
  const accepted = [...results.map((each) => each.accepted), ...tools.map(({ turns }) => turns)].reduce(
    (a, b) => a + b,
    0,
  );
  const kinds = new Set(results.flatMap(({ strikes }) => strikes.map(({ kind }) => kind.name))).size;
  const runtimes = new Set([...results, ...tools].map(({ runtime }) => runtime));
  const kills =
    tools.length === 0 ? '' : `, ${tools.reduce((sum, each) => sum + each.kills, 0)} kills of workers with tools`;
  const what = `seed ${seed}, commit ${provenance().commit ?? 'unknown'}, ${[...runtimes].join(' and ')}: ${accepted} turns accepted, ${kinds} kinds of faults${kills}`;
  return broken.length === 0
    ? { holds: true, line: `PASS ${what}, every invariant holds` }
    : { holds: false, line: `FAIL ${what}; ${broken.join('; ')}` };
}

/** Writes the results as JSON. */
export function writeJson(file: string, { results, tools }: Ran, verdict: Verdict, seed: number): void {
  mkdirSync(dirname(file), { recursive: true });
  const runs = results.map(({ strikes, possible, ...result }) => ({
    ...result,
    possible: possible.map(({ name }) => name),
    kinds: rowsOf(strikes),
    strikes: strikes.map(({ kind, ...strike }) => ({ kind: kind.name, ...strike })),
  }));
  writeFileSync(file, `${JSON.stringify({ ...provenance(), seed, verdict: verdict.line, runs, tools }, null, 2)}\n`);
}
