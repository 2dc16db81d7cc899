// turnkeeper as a process of its own, as `npm start` runs it, and the end of it by kill -9.
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
  /** All it wrote so far. */
  readonly output: () => string;
  /** Ends it and every part of it at once, as a power cut does. */
  killAll(): Promise<void>;
  /** Asks it to stop; resolves to its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

/** The process and all below it, by /proc. */
export function treeOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = Number(readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').pop()!.split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended while we looked.
    }
  }
  const below = (of: number): number[] => [of, ...(children.get(of) ?? []).flatMap(below)];
  return below(pid);
}

export const isAlive = (pid: number): boolean => {
  try {
    // A zombie is dead: it only waits for its parent to look.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()![0] !== 'Z';
  } catch {
    return false;
  }
};

/** One that ends by itself meanwhile is as good as killed. */
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

/** Starts it and waits until it says that it is ready. Rejects with its output where it ends before. */
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
