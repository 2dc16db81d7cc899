// Runs a server as a child process: guarded (see guardian.ts), with a log file of its own, waited for until it answers.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GUARDIAN_SCRIPT, guardianName } from './guardian.ts';
import { type Exit, ServiceError } from './service.ts';

export interface ChildOptions {
  /** Names the log file and the error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its log is `<dataDir>/logs/<name>.log`. */
  readonly dataDir: string;
  /** Replaces our environment when given; else the child inherits it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run as this user; only for root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** True when the child can be used. Asked again and again; a throw counts as "not yet". */
  readonly ready: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
  /** What asks this program for a quick, clean end. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  /** SIGKILL after this long. */
  readonly stopTimeoutMs?: number;
}

export interface Child {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  readonly stop: () => Promise<void>;
  /** Sends a signal and does not wait; for tests of what survives a crash. */
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT') => void;
}

/** The child ended before it was ready, or was not ready in time. `log`: the end of what it wrote. */
export class ChildFailed extends ServiceError {
  readonly log: string;
  constructor(name: string, reason: string, logFile: string, log: string) {
    super(`${name} ${reason}. The end of ${logFile}:\n${log.trimEnd() || '(empty)'}`);
    this.log = log;
  }
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const PROBE_EVERY_MS = 50;
const LOG_SHOWN_BYTES = 4_000;
const SIGNAL_BASE = 128;

/** Starts the program and waits until it is ready. When that fails, nothing of it is left running. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const logs = join(options.dataDir, 'logs');
  if (!existsSync(logs)) mkdirSync(logs, { recursive: true, mode: 0o700 });
  const logFile = join(logs, `${options.name}.log`);
  const fd = openSync(logFile, 'a', 0o600);
  const logFrom = fstatSync(fd).size;
  const child = await spawnGuarded(options, fd, logFile).finally(() => closeSync(fd));
  const endOfLog = () => readFrom(logFile, logFrom);

  let exit: Exit | undefined;
  void child.exited.then((value) => (exit = value));
  const deadline = Date.now() + (options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  while (!(await options.ready().catch(() => false))) {
    if (exit) throw new ChildFailed(options.name, `ended at once (${describe(exit)})`, logFile, endOfLog());
    if (Date.now() > deadline) {
      await child.stop();
      throw new ChildFailed(options.name, 'was not ready in time', logFile, endOfLog());
    }
    await Promise.race([sleep(PROBE_EVERY_MS), child.exited]);
  }
  return child;
}

async function spawnGuarded(options: ChildOptions, log: number, logFile: string): Promise<Child> {
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const script = ['-c', GUARDIAN_SCRIPT, guardianName(process.pid), stopSignal.slice('SIG'.length), options.command];
  const guardian = spawn('/bin/sh', [...script, ...options.args], {
    detached: true,
    stdio: ['pipe', log, log, 'pipe'],
    ...(options.env ? { env: options.env } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...options.user,
  });
  const commands = guardian.stdin as Writable;
  commands.on('error', () => {}); // written to a guardian that is just ending: the child is gone, which is the aim
  const exited = new Promise<Exit>((resolve) => {
    guardian.once('error', () => resolve({ code: SIGNAL_BASE - 1, signal: null }));
    guardian.once('exit', (code, signal) => resolve(exitOf(code, signal)));
  });
  const pid = await readPid(guardian.stdio[3] as Readable);
  if (pid === null) throw new ChildFailed(options.name, `did not start (${describe(await exited)})`, logFile, '');
  // A guardian that was killed has left its child to us.
  guardian.once('exit', (_code, signal) => signal && endNow(pid));

  const kill: Child['kill'] = (signal) => void commands.write(`${signal.slice('SIG'.length)}\n`);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    kill(stopSignal);
    const forced = setTimeout(() => kill('SIGKILL'), options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(forced);
  };
  return { pid, logFile, exited, kill, stop: () => (stopping ??= stop()) };
}

/** The guardian's first and only line; null when it ended without one. */
function readPid(stream: Readable): Promise<number | null> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.once('error', () => resolve(null));
    stream.once('close', () => resolve(/^\d+\n$/.test(text) ? Number(text) : null));
  });
}

/** A shell tells a signal as 128 + its number. */
function exitOf(code: number | null, signal: string | null): Exit {
  if (code === null || code <= SIGNAL_BASE) return { code, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_BASE)?.[0];
  return name ? { code: null, signal: name } : { code, signal };
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // already gone
  }
}

const describe = ({ code, signal }: Exit) => (signal ? `signal ${signal}` : `exit code ${code}`);

function readFrom(file: string, position: number): string {
  const fd = openSync(file, 'r');
  try {
    const start = Math.max(position, fstatSync(fd).size - LOG_SHOWN_BYTES);
    const buffer = Buffer.alloc(LOG_SHOWN_BYTES);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, LOG_SHOWN_BYTES, start));
  } finally {
    closeSync(fd);
  }
}
