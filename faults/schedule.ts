// The schedule of faults: which kinds strike together, in which order. A seed gives the same schedule. No I/O.
import { random } from '../bench/clients/client.ts';
import type { Kind } from './injectors/kind.ts';

/** Faults that strike at the same time, or one alone. */
export interface Cycle {
  readonly kinds: readonly Kind[];
  /** The seed of the draws of each fault. */
  readonly seeds: readonly number[];
}

const TOGETHER_SHARE = 0.25;
/** Seconds between two cycles, and the seconds until the turns of a cycle are settled, on average. */
const BETWEEN_S = 5;
const RECOVERY_S = 6;
/** Every kind strikes so often that it hits enough turns. */
export const STRIKES_PER_KIND = 3;
const SEEDS = 2 ** 31;

export const secondsOf = ({ kinds }: Cycle): number =>
  Math.max(...kinds.map(({ seconds }) => seconds)) + BETWEEN_S + RECOVERY_S;

function shuffled<T>(items: readonly T[], draw: () => number): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(Math.floor(draw() * rest.length), 1)[0]!);
}

/** Cycles for the kinds, as many as fit. In a short run only some kinds strike, so that each strikes often enough; in a
 *  long run the kinds repeat. */
export function scheduleOf(kinds: readonly Kind[], seconds: number, seed: number): Cycle[] {
  const draw = random(seed);
  const cycles: Cycle[] = [];
  let left = seconds;
  for (let rest = shuffled(kinds, draw); ; rest = rest.length > 0 ? rest : shuffled(kinds, draw)) {
    const first = rest.shift();
    if (!first) return cycles;
    for (let strike = 0; strike < STRIKES_PER_KIND; strike += 1) {
      const others = kinds.filter(({ group }) => group !== first.group);
      // The first strike of a kind is alone, so that its recovery can be measured.
      const together = strike > 0 && others.length > 0 && draw() < TOGETHER_SHARE;
      const chosen = together ? [first, others[Math.floor(draw() * others.length)]!] : [first];
      const cycle = { kinds: chosen, seeds: chosen.map(() => Math.floor(draw() * SEEDS)) };
      if (secondsOf(cycle) > left) return cycles;
      left -= secondsOf(cycle);
      cycles.push(cycle);
    }
  }
}
