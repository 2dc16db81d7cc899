// Runs turnkeeper as a separate process, as `npm start` does, and kills it with SIGKILL.
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Owner } from './owner.ts';

const ROOT = join(import.meta.dirname, '../..');
const READY_MS = 60_000;

export interface AppProcess {
  readonly pid: number;
  readonly url: string;
  /** The lines that it has written to stdout and stderr so far. */
  readonly output: () => string;
  /** Kills the process and all its descendants at once, like a power cut. */
  killAll(): Promise<void>;
  /** Sends the signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

/** Returns the pids of the process and all its descendants, read from /proc. */
export function treeOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = Number(readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').pop()!.split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // The process ended meanwhile.
    }
  }
  const withDescendants = (of: number): number[] => [of, ...(children.get(of) ?? []).flatMap(withDescendants)];
  return withDescendants(pid);
}

export const isAlive = (pid: number): boolean => {
  try {
    // A zombie is dead: its parent has not yet read its exit code.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()![0] !== 'Z';
  } catch {
    return false;
  }
};

/** Kills the process. Ignores a process that has already ended. */
function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface StartOptions {
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/**
 * Starts the process and waits until it logs that it is ready.
 * @throws with its output, if it ends first or is not ready in time
 */
export async function startProcess(t: Owner, { args = ['scripts/start.mjs'], env }: StartOptions): Promise<AppProcess> {
  const base = Object.fromEntries(
    ['PATH', 'HOME', 'XDG_CACHE_HOME'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const child = spawn(process.execPath, [...args], {
    cwd: ROOT,
    env: { ...base, PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = endOf(child);
  const lines: string[] = [];
  const pid = child.pid!;
  const killAll = async () => {
    const pids = treeOf(pid);
    for (const each of pids) killNow(each);
    await exited;
    while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) await killAll();
  });
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in time:\n${lines.join('\n')}`)), READY_MS);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const found = /turnkeeper is ready(?: at (\S+))?/.exec(line);
        if (found) resolve(found[1] ?? '');
      });
    }
    void exited.then((code) => reject(new Error(`ended with ${code}:\n${lines.join('\n')}`)));
    void exited.finally(() => clearTimeout(timer));
  });
  return {
    pid,
    url,
    output: () => lines.join('\n'),
    exited,
    killAll,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}
