// Runs a server as a child process under a guardian (guardian.ts), with its own log file, and waits until it is ready.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GUARDIAN_SCRIPT, guardianName } from './guardian.ts';
import { type Exit, ServiceError } from './service.ts';

export interface ChildOptions {
  /** Used in the name of the log file and in error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The log file is `<dataDir>/logs/<name>.log`. */
  readonly dataDir: string;
  /** The child's whole environment. Missing: the child inherits the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs the child as this user. Only root can set it. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Whether the child can be used. Polled every 50 ms. A rejection counts as "not yet". */
  readonly ready: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
  /** The signal that makes this program shut down quickly and cleanly. Default: SIGTERM. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  /** Time from the stop signal to SIGKILL. Default: 10 s. */
  readonly stopTimeoutMs?: number;
}

export interface Child {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  readonly stop: () => Promise<void>;
  /** Sends a signal and does not wait. For crash tests. */
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT') => void;
}

/** The child did not start, ended before it was ready, or was not ready in time. `log` is the end of its output. */
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

/**
 * Starts the program and waits until it is ready.
 * @throws ChildFailed if it does not become ready; no process of it is left running then
 */
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
  commands.on('error', () => {}); // a write to a guardian that is ending: its child has already ended
  const exited = new Promise<Exit>((resolve) => {
    guardian.once('error', () => resolve({ code: SIGNAL_BASE - 1, signal: null }));
    guardian.once('exit', (code, signal) => resolve(exitOf(code, signal)));
  });
  const pid = await readPid(guardian.stdio[3] as Readable);
  if (pid === null) throw new ChildFailed(options.name, `did not start (${describe(await exited)})`, logFile, '');
  // A guardian that was killed leaves its child running.
  guardian.once('exit', (_code, signal) => signal && killProcess(pid));

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

/** Reads the child's pid, the only line that the guardian writes. Null: the guardian ended without writing it. */
function readPid(stream: Readable): Promise<number | null> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.once('error', () => resolve(null));
    stream.once('close', () => resolve(/^\d+\n$/.test(text) ? Number(text) : null));
  });
}

/** A shell reports a signal as exit code 128 + its number. */
function exitOf(code: number | null, signal: string | null): Exit {
  if (code === null || code <= SIGNAL_BASE) return { code, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_BASE)?.[0];
  return name ? { code: null, signal: name } : { code, signal };
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has already ended.
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
