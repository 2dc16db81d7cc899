// Reads other processes from the process table, to tell an orphan from an unrelated process with the same pid.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { GUARDIAN_GRACE_S, ownerOfGuardian } from './guardian.ts';
import { InUseError } from './service.ts';

export interface ProcessInfo {
  readonly parent: number;
  /** The command line, arguments separated by spaces. */
  readonly command: string;
}

/** After its owner has ended, a guardian ends within its grace period. This waits 5 s longer. */
const GUARDED_WAIT_MS = (GUARDIAN_GRACE_S + 5) * 1_000;
const ORPHAN_TERM_MS = 10_000;
const POLL_MS = 100;

/** Null: no such process runs. A zombie counts as not running. */
export function processInfo(pid: number): ProcessInfo | null {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  } catch {
    return null;
  }
}

/** The working folder of a process. Null: there is no /proc, or it cannot be read. */
export function workingFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

// Linux uses /proc, because small images do not contain ps.
function fromProc(pid: number): ProcessInfo | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may contain any character, including brackets.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  return { parent: Number(parent), command };
}

function fromPs(pid: number): ProcessInfo | null {
  const line = execFileSync('ps', ['-o', 'ppid=,stat=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  const found = /^(\d+)\s+(\S+)\s+(.*)$/s.exec(line);
  if (!found || found[2]!.startsWith('Z')) return null;
  return { parent: Number(found[1]), command: found[3]! };
}

/**
 * Ends the server `pid` that a killed process left behind, if `isOurs` recognises its command line. A server with a
 * guardian is not an orphan: either its owner runs, or the owner has ended and the guardian stops the server within
 * seconds.
 * @throws InUseError if its owner runs
 */
export async function endOrphan(pid: number, isOurs: (command: string) => boolean, what: string): Promise<void> {
  const current = () => {
    const info = processInfo(pid);
    return info && isOurs(info.command) ? info : null;
  };
  const guardian = () => {
    const info = processInfo(current()?.parent ?? 0);
    return info && ownerOfGuardian(info.command) !== null ? info : null;
  };
  // The guardian is still a child of its owner. If the owner ends, the guardian gets another parent.
  const isOwned = () => {
    const info = guardian();
    return info !== null && info.parent === ownerOfGuardian(info.command);
  };
  if (isOwned() || !(await until(() => guardian() === null, GUARDED_WAIT_MS))) {
    throw new InUseError(`${what} is in use by another turnkeeper (its server has pid ${pid}).`);
  }
  if (!current()) return;
  process.kill(pid, 'SIGTERM');
  if (await until(() => current() === null, ORPHAN_TERM_MS)) return;
  process.kill(pid, 'SIGKILL');
  await until(() => current() === null, ORPHAN_TERM_MS);
}

async function until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; !condition(); await sleep(POLL_MS)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}
