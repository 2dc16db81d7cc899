// The arguments of `npm run bench`. No I/O.
import { parseArgs } from 'node:util';
import { SCENARIO_NAMES, type ScenarioName } from './scenarios/shapes.ts';

export const LONG_NAMES = ['growth', 'overload', 'soak', 'idle'] as const;
export type LongName = (typeof LONG_NAMES)[number];

export interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly long: readonly LongName[];
  readonly runtimes: readonly ('embedded' | 'dapr')[];
  readonly reps: number;
  /** Instead of the turns of the scenario; null: as the scenario says. */
  readonly turns: number | null;
  /** Duration of overload, soak and idle; null: their own. */
  readonly minutes: number | null;
  readonly profile: boolean;
  readonly check: boolean;
  /** With `check`: write the baseline. */
  readonly update: boolean;
  readonly json: string;
}

export const USAGE = `usage: npm run bench -- [scenario…] [options]

scenarios: ${SCENARIO_NAMES.join(' ')} (all of these if none is named), ${LONG_NAMES.join(' ')}
  --runtime R   embedded, dapr or both (default: both, if there is a daprd)
  --reps N      repetitions; the table has their medians (default: 3)
  --turns N     turns of a repetition, instead of those of the scenario
  --minutes N   duration of overload (default: 2), soak (60) and idle (20)
  --profile     one repetition, and the cost per step, library, statement and Redis command
  --check       compare the CPU of S2 with that of the floor; fails if the ratio is over 25 % above baseline.json
  --update      with --check: write baseline.json
  --json FILE   where the results are written (default: bench/results/latest.json)`;

const DEFINITIONS = {
  runtime: { type: 'string', default: 'both' },
  reps: { type: 'string', default: '3' },
  turns: { type: 'string' },
  minutes: { type: 'string' },
  profile: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  update: { type: 'boolean', default: false },
  json: { type: 'string', default: 'bench/results/latest.json' },
} as const;

const RUNTIMES = { embedded: ['embedded'], dapr: ['dapr'], both: ['embedded', 'dapr'] } as const;

function positive(name: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!(number > 0)) throw new Error(`--${name} is ${value}, not a positive number`);
  return number;
}

/** Parses the arguments. @throws Error with the reason */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...args], options: DEFINITIONS, allowPositionals: true });
  const unknown = positionals.filter((name) => ![...SCENARIO_NAMES, ...LONG_NAMES].includes(name as ScenarioName));
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(' ')}`);
  if (!(values.runtime in RUNTIMES)) throw new Error(`--runtime is ${values.runtime}, not embedded, dapr or both`);
  const named = SCENARIO_NAMES.filter((name) => positionals.includes(name));
  const byDefault = positionals.length > 0 ? named : values.profile ? (['S2'] as const) : SCENARIO_NAMES;
  return {
    scenarios: byDefault,
    long: LONG_NAMES.filter((name) => positionals.includes(name)),
    runtimes: RUNTIMES[values.runtime as keyof typeof RUNTIMES],
    reps: values.profile ? 1 : positive('reps', values.reps)!,
    turns: positive('turns', values.turns),
    minutes: positive('minutes', values.minutes),
    profile: values.profile,
    check: values.check,
    update: values.update,
    json: values.json,
  };
}
