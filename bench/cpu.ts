// Reads the CPU time of processes from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** The unit of CPU times in /proc (USER_HZ), the same on every Linux that Node supports. */
const TICK_MS = 10;

const KINDS: readonly [RegExp, string][] = [
  [/^postgres/, 'postgres'],
  [/^(redis|valkey)/, 'redis'],
  [/^(daprd|placement)/, 'daprd'],
];

/** CPU milliseconds used so far by `pid` and its descendants, by kind of process. Empty if there is no /proc. */
export function cpuMsByKind(pid: number): Record<string, number> {
  const processes = new Map<number, { parent: number; kind: string; cpuMs: number }>();
  try {
    for (const entry of readdirSync('/proc')) if (/^\d+$/.test(entry)) readStat(Number(entry), processes);
  } catch {
    return {};
  }
  const isInTree = (of: number): boolean => of === pid || (processes.has(of) && isInTree(processes.get(of)!.parent));
  const sums: Record<string, number> = {};
  for (const [each, { kind, cpuMs }] of processes) {
    if (isInTree(each)) sums[each === pid ? 'node' : kind] = (sums[each === pid ? 'node' : kind] ?? 0) + cpuMs;
  }
  return sums;
}

/** CPU milliseconds used so far by one process, without its descendants. */
export const cpuMsOf = (pid: number): number => cpuMsByKind(pid)['node'] ?? 0;

function readStat(pid: number, into: Map<number, { parent: number; kind: string; cpuMs: number }>): void {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return; // It has ended since the folder was read. Its time is now counted for its parent.
  }
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // User and system time of the process and of its ended children.
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + fields[index]!, 0);
  into.set(pid, {
    parent: fields[1]!,
    kind: KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other',
    cpuMs: ticks * TICK_MS,
  });
}
