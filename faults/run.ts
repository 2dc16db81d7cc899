// npm run faults: attacks turnkeeper on this machine and checks every invariant. See README.md.
import { join } from 'node:path';
import { findDapr } from '../local/dapr.ts';
import { ROOT } from '../bench/systems/processes.ts';
import { provenanceLine } from '../bench/report.ts';
import { runCampaign, stopRunning, type CampaignResult } from './campaign.ts';
import { KINDS, NOT_HERE, NOT_RUN, ROW_OF_TOOLS, ROWS_OF_LOAD } from './injectors/kinds.ts';
import type { Kind } from './injectors/kind.ts';
import { runMutants } from './mutants.ts';
import { parseOptions, USAGE, type Options } from './options.ts';
import { reportOf, verdictOf, writeJson, type Verdict } from './report.ts';
import { scheduleOf } from './schedule.ts';
import type { Runtime } from './system/system.ts';
import { toolReportOf } from './tools/report.ts';
import { runTools, type ToolRunResult } from './tools/run.ts';

/** Time before the first fault and after the last one. */
const AROUND_S = 20;
/** What the kill run of tools takes on one runtime, and the part of the time that it may take if no rows are asked for. */
const [TOOLS_S, TOOLS_SHARE] = [120, 0.5];
/** A mutant is seen with fewer turns. */
const MUTANT_TURNS = 200;

function readOptions(): Options {
  if (process.argv.includes('--help')) {
    console.log(USAGE);
    process.exit(0);
  }
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** The kinds that were asked for and can run here. */
function kindsOf({ rows, kinds }: Options, runtime: Runtime): Kind[] {
  const chosen = KINDS.filter(
    (kind) =>
      kind.runtimes.includes(runtime) &&
      (rows === null || kind.rows.some((row) => rows.includes(row))) &&
      (kinds === null || kinds.includes(kind.name)),
  );
  return chosen.filter(({ name, missing }) => {
    const reason = missing?.() ?? null;
    if (reason !== null) say(`not run: ${name}: ${reason}`);
    return reason === null;
  });
}

const say = (line: string) => console.log(line);

interface Attack {
  readonly runtime: Runtime;
  readonly kinds: readonly Kind[];
  readonly seconds: number;
  readonly root: string;
  /** Part of the name of the folder of the run. */
  readonly name: string;
}

/** Attacks one runtime. */
async function attack({ seed, clients, rows }: Options, { runtime, kinds, seconds, root, name }: Attack) {
  const cycles = scheduleOf({ kinds, seconds: seconds - AROUND_S, seed, ...(rows && { rows }) });
  say(`\n${name}, ${runtime}: ${cycles.length} cycles`);
  const folder = join(ROOT, '.turnkeeper', `faults-${name}-${runtime}-${seed}`);
  const result = await runCampaign({ runtime, kinds, seed, seconds, cycles, clients, root, folder, say });
  say(reportOf(result));
  return result;
}

interface KillRun {
  readonly seed: number;
  readonly runtime: Runtime;
  readonly root: string;
  /** Part of the name of the folder of the run. */
  readonly name: string;
  /** Missing: as many as prove that the invariants hold. */
  readonly turns?: number;
}

/** Runs turns with tools, and kills their workers. */
async function killRun({ seed, runtime, root, name, turns }: KillRun): Promise<ToolRunResult> {
  say(`\n${name}, ${runtime}: the kill run of tools`);
  const folder = join(ROOT, '.turnkeeper', `faults-tools-${name}-${runtime}-${seed}`);
  const result = await runTools({ runtime, seed, root, folder, ...(turns !== undefined && { turns }) });
  say(toolReportOf(result));
  return result;
}

/** The seconds that the kill run of tools gets of the time; null: it is not run. */
function secondsOfTools({ rows, kinds, minutes }: Options, runtimes: readonly Runtime[]): number | null {
  if (rows !== null) return rows.includes(ROW_OF_TOOLS) ? 0 : null;
  const needed = TOOLS_S * runtimes.length;
  return kinds === null && needed <= minutes * 60 * TOOLS_SHARE ? needed : null;
}

async function campaign(options: Options, runtimes: readonly Runtime[]): Promise<Verdict> {
  const { seed, minutes, json, root: given } = options;
  const root = given ?? ROOT;
  say(`rows that the load runs: ${ROWS_OF_LOAD.join(', ')}`);
  for (const [row, reason] of Object.entries(NOT_RUN)) say(`not run: row ${row}: ${reason}`);
  for (const what of NOT_HERE) say(`not run: ${what}`);
  const { rows } = options;
  const ofTools = secondsOfTools(options, runtimes);
  const ofLoad = rows?.some((row) => ROWS_OF_LOAD.includes(row)) === true;
  // A runtime without any of the kinds is not started, unless the load itself is what was asked for.
  const attacks = runtimes
    .map((runtime) => ({ runtime, kinds: kindsOf(options, runtime) }))
    .filter(({ kinds }) => ofLoad || kinds.length > 0);
  const results: CampaignResult[] = [];
  for (const { runtime, kinds } of attacks) {
    const seconds = (minutes * 60 - (ofTools ?? 0)) / attacks.length;
    results.push(await attack(options, { runtime, kinds, seconds, root, name: 'run' }));
  }
  const tools: ToolRunResult[] = [];
  if (ofTools !== null) for (const runtime of runtimes) tools.push(await killRun({ seed, runtime, root, name: 'run' }));
  const verdict = verdictOf({ results, tools }, seed, { rows: rows ?? [], kinds: options.kinds ?? [] });
  writeJson(json, { results, tools }, verdict, seed);
  return verdict;
}

async function mutants(options: Options, names: readonly string[]): Promise<Verdict> {
  const { seed } = options;
  const faults = await runMutants(
    names,
    async ({ name: mutant, runtime, kinds: names, minutes }, root) => {
      const name = root === ROOT ? 'unpatched' : mutant;
      if (names.length === 0) return (await killRun({ seed, runtime, root, name, turns: MUTANT_TURNS })).findings;
      const kinds = KINDS.filter((kind) => names.includes(kind.name));
      return (await attack(options, { runtime, kinds, seconds: minutes * 60, root, name })).findings;
    },
    say,
  );
  const line = faults.length === 0 ? 'PASS every mutant was seen' : `FAIL ${faults.join('; ')}`;
  return { holds: faults.length === 0, line };
}

const options = readOptions();
const hasDapr = findDapr(process.env['PATH'] ?? '') !== null;
const runtimes = options.runtimes.filter((runtime) => runtime !== 'dapr' || hasDapr);
say(`seed ${options.seed}, ${provenanceLine()}`);
if (runtimes.length < options.runtimes.length) say('dapr is not attacked: run `npm run dapr:build` first');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void stopRunning().finally(() => process.exit(130)));
const verdict = await (options.mutants ? mutants(options, options.mutants) : campaign(options, runtimes)).catch(
  (error: Error): Verdict => {
    console.error(error);
    return {
      holds: false,
      line: `FAIL seed ${options.seed}; the campaign could not run: ${error.message.split('\n')[0]}`,
    };
  },
);
say(`\n${provenanceLine()}`);
say(verdict.line);
// A connection that a fault left half-open must not keep this process running.
process.exit(verdict.holds ? 0 : 1);
