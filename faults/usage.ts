// What the processes hold: open files, memory, connections to the database.
import { readdirSync, readFileSync } from 'node:fs';
import { withDatabase } from './system/database.ts';
import type { System } from './system/system.ts';

const KIB = 1024;

export interface Usage {
  /** Open files of each process, with those of its children. */
  readonly files: Readonly<Record<string, number>>;
  /** Resident memory of each process in MiB, with that of its children. */
  readonly mib: Readonly<Record<string, number>>;
  readonly connections: number;
  /** Connections that are idle inside a transaction. */
  readonly idleInTransaction: number;
}

function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0; // it has ended
  }
}

function kibOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has ended
  }
}

/** What the processes hold now. */
export async function usageOf({ processes, base }: System): Promise<Usage> {
  const { rows } = await withDatabase(base.postgres.url, (client) =>
    client.query<{ connections: number; idle: number }>(
      `select count(*)::int4 as connections, count(*) filter (where state like 'idle in transaction%')::int4 as idle
       from pg_stat_activity where application_name = 'turnkeeper'`,
    ),
  );
  const sum = (of: (pid: number) => number) =>
    Object.fromEntries(processes.map(({ name, pids }) => [name, pids.reduce((total, pid) => total + of(pid), 0)]));
  return {
    files: sum(filesOf),
    mib: sum((pid) => Math.round(kibOf(pid) / KIB)),
    connections: rows[0]!.connections,
    idleInTransaction: rows[0]!.idle,
  };
}
