// npm run bench: measures turnkeeper on this machine beside the floor, and prints one table. See README.md.
import { findDapr } from '../local/dapr.ts';
import { check } from './check.ts';
import { createContext, type Context } from './scenarios/context.ts';
import { costLines } from './profile/costs.ts';
import { growth } from './scenarios/growth.ts';
import { idle } from './scenarios/idle.ts';
import { measure, warmUp, type Run } from './scenarios/measure.ts';
import { parseOptions, USAGE, type LongName, type Options } from './options.ts';
import { overload } from './scenarios/overload.ts';
import { breakDown, breakdownLines } from './profile/breakdown.ts';
import { provenanceLine, writeJson } from './report.ts';
import { rowOf, tableOf, type Row } from './row.ts';
import { SCENARIOS, type Shape } from './scenarios/shapes.ts';
import { soak } from './scenarios/soak.ts';
import type { SystemName } from './systems/system.ts';

interface Results {
  readonly rows: Row[];
  readonly runs: Run[];
}

/** --check measures only what it compares. */
const CHECKED = { scenarios: ['S2'], long: [], runtimes: ['embedded'] } as const;

function readOptions(): Options {
  if (process.argv.includes('--help')) {
    console.log(USAGE);
    process.exit(0);
  }
  try {
    const options = parseOptions(process.argv.slice(2));
    return options.check ? { ...options, ...CHECKED } : options;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Runs the closed loops. Repetitions take turns with the floor, so that both see the same minutes of the machine. */
async function runClosed(context: Context, systems: readonly SystemName[]): Promise<Run[]> {
  const { options, clients } = context;
  const runs: Run[] = [];
  for (let rep = 0; rep < options.reps; rep += 1) {
    for (const name of systems) {
      // The floor has no event streams.
      const scenarios = options.scenarios.filter((scenario) => name !== 'floor' || scenario !== 'S2-events');
      if (scenarios.length > 0)
        await context.withSystem(name, {}, async (system) => {
          for (const scenario of scenarios) {
            await warmUp(system, clients, scenario);
            const shape: Shape = { ...SCENARIOS[scenario], ...(options.turns !== null && { turns: options.turns }) };
            const { profile } = options;
            runs.push(await context.noted(measure(system, clients, { scenario, shape, prefix: scenario, profile })));
          }
        });
    }
  }
  return runs;
}

/** The scenarios that take long, each with its rows. */
const LONG: Readonly<Record<LongName, (context: Context, runtimes: readonly SystemName[]) => Promise<Results>>> = {
  growth,
  overload: async (context) => ({ rows: [await overload(context)], runs: [] }),
  soak,
  idle: async (context, runtimes) => {
    const rows: Row[] = [];
    for (const runtime of runtimes) rows.push(await idle(context, runtime));
    return { rows, runs: [] };
  },
};

async function runAll(context: Context, runtimes: readonly SystemName[]): Promise<Results> {
  const { options } = context;
  const runs = options.scenarios.length > 0 ? await runClosed(context, ['floor', ...runtimes]) : [];
  const groups = Map.groupBy(runs, ({ scenario, system }) => `${scenario} ${system}`);
  const inOrder = [...groups.values()].toSorted((a, b) => order(a[0]!) - order(b[0]!));
  const rows = inOrder.map((group) => rowOf(group));
  for (const name of options.long) {
    const results = await LONG[name](context, runtimes);
    rows.push(...results.rows);
    runs.push(...results.runs);
  }
  return { rows, runs };
}

const order = ({ scenario }: Run): number => Object.keys(SCENARIOS).indexOf(scenario);

function printCosts({ system, scenario, turns, costs }: Run): void {
  if (!costs) return;
  const { byOwner, byStep } = breakDown(costs.profiles);
  const parts: [string, string[]][] = [
    ['CPU by library and folder', breakdownLines(byOwner, turns)],
    ['CPU by the file of src/ that it was used for, else by library', breakdownLines(byStep, turns)],
    ['PostgreSQL: calls and time per turn', costLines(costs.statements, turns)],
    ['Redis: calls and time per turn', costLines(costs.commands, turns)],
  ];
  for (const [title, lines] of parts)
    if (lines.length > 0) console.log(`\n${system}, ${scenario}. ${title}:\n${lines.join('\n')}`);
}

const options = readOptions();
const hasDapr = findDapr(process.env['PATH'] ?? '') !== null;
const runtimes = options.runtimes.filter((runtime) => runtime !== 'dapr' || hasDapr);
const context = await createContext(options);
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
    void context.stop().finally(() => process.exit(130));
  });
}
try {
  const { rows, runs } = await runAll(context, runtimes);
  await context.stop();
  console.log(`${tableOf(rows)}\n\n${provenanceLine()}`);
  if (runtimes.length < options.runtimes.length) console.log('dapr was not measured: run `npm run dapr:build` first');
  for (const run of runs) printCosts(run);
  writeJson(options.json, rows, runs);
  const faults = rows.flatMap((row) => row.faults.map((fault) => `${row.system}, ${row.scenario}: ${fault}`));
  if (faults.length > 0) console.log(`\n${faults.join('\n')}`);
  const verdict = options.check ? check(runs, options.update) : null;
  if (verdict) console.log(verdict.line);
  if (faults.length > 0 || verdict?.holds === false) process.exitCode = 1;
} catch (error) {
  await context.stop();
  if (!interrupted) throw error; // an interrupt makes calls fail; those errors are expected
}
