// Reads CPU time and memory of processes from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** The unit of CPU times in /proc (USER_HZ), the same on every Linux that Node supports. */
const TICK_MS = 10;

/** Kinds of processes by the name in /proc. All others are `node`: those of turnkeeper, and the shells that guard the
 *  services, which sleep. */
const KINDS: readonly [RegExp, string][] = [
  [/^postgres/, 'postgres'],
  [/^(redis|valkey)/, 'redis'],
  [/^(daprd|placement)/, 'dapr'],
];

export interface Usage {
  /** User and system time in milliseconds so far, by kind of process. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** Proportional set size: memory that processes share counts once. */
  readonly mib: number;
}

interface Process {
  readonly parent: number;
  readonly name: string;
  readonly cpuMs: number;
}

/** Parses a /proc/<pid>/stat. The CPU time includes that of ended children. */
export function parseStat(stat: string): Process {
  const end = stat.lastIndexOf(')');
  const fields = stat
    .slice(end + 2)
    .split(' ')
    .map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
  return { parent: fields[1]!, name: stat.slice(stat.indexOf('(') + 1, end), cpuMs: ticks * TICK_MS };
}

function readProcesses(): Map<number, Process> {
  const processes = new Map<number, Process>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      processes.set(Number(entry), parseStat(readFileSync(`/proc/${entry}/stat`, 'utf8')));
    } catch {
      // It has ended since the folder was read. Its time is now counted for its parent.
    }
  }
  return processes;
}

function kibOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has ended
  }
}

/** The ids of these processes and of all their descendants. */
export function treeOf(roots: readonly number[], processes = readProcesses()): number[] {
  const isInTree = (pid: number): boolean =>
    roots.includes(pid) || (processes.has(pid) && isInTree(processes.get(pid)!.parent));
  return [...processes.keys()].filter(isInTree);
}

/** What these processes and their descendants have used so far. */
export function usageOf(roots: readonly number[]): Usage {
  const processes = readProcesses();
  const cpuMs: Record<string, number> = {};
  let kib = 0;
  for (const pid of treeOf(roots, processes)) {
    const { name, cpuMs: used } = processes.get(pid)!;
    const kind = KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'node';
    cpuMs[kind] = (cpuMs[kind] ?? 0) + used;
    kib += kibOf(pid);
  }
  return { cpuMs, mib: kib / 1024 };
}

/** The sum over all kinds. */
export const totalOf = (cpuMs: Usage['cpuMs']): number => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0);

/** The CPU time between two readings, by kind, divided by `by`. */
export function cpuBetween(before: Usage, after: Usage, by: number): Record<string, number> {
  const kinds = Object.entries(after.cpuMs).map(([kind, ms]) => [kind, (ms - (before.cpuMs[kind] ?? 0)) / by] as const);
  return Object.fromEntries(kinds);
}
