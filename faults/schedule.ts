// The schedule of faults: which kinds strike together, in which order. A seed gives the same schedule. No I/O.
import { random } from '../bench/clients/client.ts';
import type { Kind } from './injectors/kind.ts';

/** Faults that strike at the same time, or one alone. */
export interface Cycle {
  readonly kinds: readonly Kind[];
  /** The seed of the draws of each fault. */
  readonly seeds: readonly number[];
  /** It runs even if the time is over: it is the first one of a row that was asked for, or the first one of all. */
  readonly isRequired: boolean;
}

/** The share of cycles with a second fault. The first strike of a kind is alone, so that its recovery can be measured. */
const TOGETHER_SHARE = 0.5;
/** Seconds between two cycles, and the seconds until the turns of a cycle are settled, on average. */
const BETWEEN_S = 3;
const RECOVERY_S = 6;
/** A kind that strikes only the calls of one process strikes more often, so that it hits enough turns. */
const [STRIKES, STRIKES_OF_CALLS] = [1, 3];
const SEEDS = 2 ** 31;

export const secondsOf = ({ kinds }: Cycle): number =>
  Math.max(...kinds.map(({ seconds }) => seconds)) + BETWEEN_S + RECOVERY_S;

function shuffled<T>(items: readonly T[], draw: () => number): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(Math.floor(draw() * rest.length), 1)[0]!);
}

/** The kinds in their order, those first that are the only ones so far of one of the rows. */
function coveringFirst(kinds: readonly Kind[], rows: readonly number[]): { first: Kind[]; rest: Kind[] } {
  const [first, rest]: Kind[][] = [[], []];
  const covered = new Set<number>();
  for (const kind of kinds) {
    const fresh = kind.rows.filter((row) => rows.includes(row) && !covered.has(row));
    for (const row of fresh) covered.add(row);
    (fresh.length > 0 ? first! : rest!).push(kind);
  }
  return { first: first!, rest: rest! };
}

export interface ScheduleOptions {
  readonly kinds: readonly Kind[];
  readonly seconds: number;
  readonly seed: number;
  /** Rows that were asked for: each is struck, even if the time is short. */
  readonly rows?: readonly number[];
}

/** Cycles for the kinds, as many as fit. In a short run only some kinds strike; in a long run the kinds repeat. */
export function scheduleOf({ kinds, seconds, seed, rows = [] }: ScheduleOptions): Cycle[] {
  const draw = random(seed);
  const cycles: Cycle[] = [];
  const struck = new Set<Kind>();
  let left = seconds;
  while (kinds.length > 0) {
    const { first: required, rest } = coveringFirst(shuffled(kinds, draw), cycles.length === 0 ? rows : []);
    for (const first of [...required, ...rest]) {
      for (let strike = first.strikes === 'calls' ? STRIKES_OF_CALLS : STRIKES; strike > 0; strike -= 1) {
        const others = struck.has(first) ? kinds.filter(({ group }) => group !== first.group) : [];
        struck.add(first);
        const second = draw() < TOGETHER_SHARE ? others[Math.floor(draw() * others.length)] : undefined;
        const chosen = second ? [first, second] : [first];
        const seeds = chosen.map(() => Math.floor(draw() * SEEDS));
        const isRequired = required.includes(first) || cycles.length === 0;
        const cycle = { kinds: chosen, seeds, isRequired };
        if (secondsOf(cycle) > left && !isRequired) return cycles;
        left -= secondsOf(cycle);
        cycles.push(cycle);
      }
    }
  }
  return cycles;
}
