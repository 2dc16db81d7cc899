// The arguments of `npm run faults`. No I/O.
import { parseArgs } from 'node:util';
import { KINDS, ROW_OF_TOOLS } from './injectors/kinds.ts';
import type { Runtime } from './system/system.ts';

export interface Options {
  /** Minutes of load and faults, for all runtimes together. */
  readonly minutes: number;
  readonly seed: number;
  readonly runtimes: readonly Runtime[];
  /** Rows of the matrix; null: the rows that fit. */
  readonly rows: readonly number[] | null;
  /** Names of kinds; null: all of the rows. */
  readonly kinds: readonly string[] | null;
  readonly clients: number;
  /** The checkout that is tested. Missing: this one. */
  readonly root: string | null;
  readonly mutants: readonly string[] | null;
  readonly json: string;
}

export const USAGE = `usage: npm run faults -- [options]

  --minutes N    minutes of load and faults, shared by the runtimes (default: 10)
  --seed N       seed of the schedule and the load (default: a random one, which is printed)
  --runtime R    embedded, dapr or both (default: both, if there is a daprd)
  --rows 1,7     only kinds of faults of these rows of the matrix (default: the rows that fit); ${ROW_OF_TOOLS} is the kill
                 run of tools, which ends with its turns
  --kinds A,B    only these kinds: ${KINDS.map(({ name }) => name).join(' ')}
  --clients N    clients that send turns at the same time (default: 96)
  --root DIR     the checkout to test (default: this one)
  --mutants [A]  remove one safeguard at a time from a copy; the campaign must fail and name the check
  --json FILE    where the results are written (default: faults/results/latest.json)

The last line is the verdict. The exit code is 0 only if every invariant holds.`;

const DEFINITIONS = {
  minutes: { type: 'string', default: '10' },
  seed: { type: 'string' },
  runtime: { type: 'string', default: 'both' },
  rows: { type: 'string' },
  kinds: { type: 'string' },
  clients: { type: 'string', default: '96' },
  root: { type: 'string' },
  mutants: { type: 'boolean', default: false },
  json: { type: 'string', default: 'faults/results/latest.json' },
} as const;

const RUNTIMES = { embedded: ['embedded'], dapr: ['dapr'], both: ['embedded', 'dapr'] } as const;
const HIGHEST_SEED = 2 ** 31 - 1;

function number(name: string, value: string, isValid: (value: number) => boolean): number {
  if (value.trim() === '' || !isValid(Number(value))) throw new Error(`--${name} is ${value}`);
  return Number(value);
}

const list = (value: string | undefined): string[] | null =>
  value === undefined ? null : value.split(',').map((each) => each.trim());

/** Parses the arguments. @throws Error with the reason */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...args], options: DEFINITIONS, allowPositionals: true });
  if (positionals.length > 0 && !values.mutants) throw new Error(`unknown: ${positionals.join(' ')}`);
  if (!(values.runtime in RUNTIMES)) throw new Error(`--runtime is ${values.runtime}, not embedded, dapr or both`);
  const rows = list(values.rows)?.map((row) =>
    number('rows', row, (n) => Number.isInteger(n) && n >= 1 && n <= ROW_OF_TOOLS),
  );
  const kinds = list(values.kinds);
  const unknown = kinds?.find((kind) => !KINDS.some(({ name }) => name === kind));
  if (unknown !== undefined) throw new Error(`--kinds: there is no kind ${unknown}`);
  const isSeed = (n: number) => Number.isInteger(n) && n >= 0 && n <= HIGHEST_SEED;
  return {
    minutes: number('minutes', values.minutes, (n) => n > 0),
    seed: values.seed === undefined ? Math.floor(Math.random() * HIGHEST_SEED) : number('seed', values.seed, isSeed),
    runtimes: RUNTIMES[values.runtime as keyof typeof RUNTIMES],
    rows: rows ?? null,
    kinds,
    clients: number('clients', values.clients, (n) => Number.isInteger(n) && n >= 1),
    root: values.root ?? null,
    mutants: values.mutants ? positionals : null,
    json: values.json,
  };
}
