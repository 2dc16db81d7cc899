// The processes of a benchmark: turnkeeper with the parts it brings, the model, the driver; and what they cost.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { DATABASE, SUPERUSER } from '../src/dev/postgres-cluster.ts';
import { postgresHome } from '../src/dev/postgres-home.ts';

const ROOT = join(import.meta.dirname, '..');
const READY_MS = 120_000;
/** USER_HZ: what /proc counts in, on every Linux that Node runs on. */
const TICK_MS = 10;
const OWN_VARIABLES = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'LANG'];

export type Runtime = 'embedded' | 'dapr';

/** Starts a script of this folder that reports `{ ready }`, and ends with us. */
export async function startScript(name: string): Promise<{ child: ChildProcess; ready: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, name)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ ready }] = (await once(child, 'message')) as [{ ready: string }];
  return { child, ready };
}

/** Asks for an end and waits for it. */
export async function end(child: ChildProcess, message?: object): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  if (message) child.send(message);
  else child.disconnect();
  await ended;
}

export interface Turnkeeper {
  readonly url: string;
  readonly pid: number;
  readonly database: pg.Client;
  stop(): Promise<void>;
}

/** turnkeeper as `npm start` runs it, on a fresh PostgreSQL (durable) and Redis of its own, with the model given. */
export async function startTurnkeeper(runtime: Runtime, modelUrl: string): Promise<Turnkeeper> {
  // In the checkout and not in the temporary folder, which may be in memory, where a flush to disk costs nothing.
  const parent = join(ROOT, '.turnkeeper');
  mkdirSync(parent, { recursive: true });
  const dataDir = mkdtempSync(join(parent, `bench-${runtime}-`));
  chmodSync(dataDir, 0o711); // started by root, PostgreSQL runs as another user
  const own = Object.fromEntries(
    OWN_VARIABLES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const settings = {
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATA_DIR: dataDir,
    ACTOR_RUNTIME: runtime,
    OPENAI_BASE_URL: modelUrl,
    OPENAI_MODEL: 'bench',
  };
  const args = ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/main.ts'), '--migrate'];
  const child = spawn(process.execPath, args, {
    env: { ...own, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const remove = () => {
    for (const folder of [postgresHome(dataDir).folder, dataDir])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const url = await addressOf(child);
    const home = postgresHome(dataDir).folder;
    const [port, password] = ['port', 'password'].map((name) => readFileSync(join(home, name), 'utf8').trim());
    const database = new pg.Client({
      host: '127.0.0.1',
      port: Number(port),
      user: SUPERUSER,
      database: DATABASE,
      password,
    });
    await database.connect();
    const stop = async () => {
      await database.end();
      await end(child, { stop: 'SIGTERM' });
      remove();
    };
    return { url, pid: child.pid!, database, stop };
  } catch (error) {
    await end(child, { stop: 'SIGTERM' });
    remove();
    throw error;
  }
}

/** The address in its banner. What it says later goes to our standard error. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    let ready = false;
    const fail = (why: string) => reject(new Error(`turnkeeper ${why}:\n${lines.join('\n')}`));
    const timer = setTimeout(fail, READY_MS, 'was not ready in time');
    child.once('exit', (code, signal) => fail(`ended (${signal ?? code}) before it was ready`));
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        const found = /turnkeeper is ready at (\S+)/.exec(line);
        if (line.startsWith('{')) process.stderr.write(`${line}\n`);
        else if (!ready) lines.push(line);
        if (!found) return;
        ready = true;
        clearTimeout(timer);
        resolve(found[1]!);
      });
    }
  });
}

const KINDS: readonly [RegExp, string][] = [
  [/^postgres/, 'postgres'],
  [/^(redis|valkey)/, 'redis'],
  [/^(daprd|placement)/, 'daprd'],
];

/** CPU milliseconds so far of `pid` and all below it, by kind of process; null where there is no /proc. */
export function cpuMsByKind(pid: number): Record<string, number> | null {
  const processes = new Map<number, { parent: number; kind: string; cpuMs: number }>();
  try {
    for (const entry of readdirSync('/proc')) if (/^\d+$/.test(entry)) readStat(Number(entry), processes);
  } catch {
    return null;
  }
  const isBelow = (of: number): boolean => of === pid || (processes.has(of) && isBelow(processes.get(of)!.parent));
  const sums: Record<string, number> = {};
  for (const [each, { kind, cpuMs }] of processes) {
    if (isBelow(each)) sums[each === pid ? 'node' : kind] = (sums[each === pid ? 'node' : kind] ?? 0) + cpuMs;
  }
  return sums;
}

function readStat(pid: number, into: Map<number, { parent: number; kind: string; cpuMs: number }>): void {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return; // it ended while we looked; its parent counts it from now on
  }
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  // User and system time, its own and that of its ended children.
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + fields[index]!, 0);
  into.set(pid, {
    parent: fields[1]!,
    kind: KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other',
    cpuMs: ticks * TICK_MS,
  });
}
