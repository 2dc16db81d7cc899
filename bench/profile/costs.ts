// The cost of statements and commands, per turn. No I/O.

export interface Cost {
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
}

/** Parses the section `commandstats` of Redis' INFO. */
export function parseCommandStats(info: string): Cost[] {
  return [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm)].map(([, name, calls, usec]) => ({
    name: name!,
    calls: Number(calls),
    ms: Number(usec) / 1000,
  }));
}

const NAME_CHARACTERS = 100;
/** What happens less often than once in a hundred turns is not part of a turn. */
const LEAST_CALLS = 0.01;

/** Lines with calls and microseconds per turn, the most expensive first. */
export function costLines(costs: readonly Cost[], turns: number): string[] {
  return costs
    .filter(({ calls }) => calls / turns >= LEAST_CALLS)
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ name, calls, ms }) => {
      const figures = `${(calls / turns).toFixed(2).padStart(7)} × ${((ms * 1000) / turns).toFixed(0).padStart(5)} µs`;
      return `${figures}  ${name.replaceAll(/\s+/g, ' ').slice(0, NAME_CHARACTERS)}`;
    });
}
