// A process of turnkeeper with one or all roles. It is started again if it ends, as an orchestrator does.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { treeOf } from '../../bench/systems/usage.ts';
import { signalTo } from './server.ts';

const RESTART_MS = 1_000;
const STOP_MS = 40_000;

export interface Exit {
  readonly name: string;
  readonly at: number;
  readonly how: string;
}

export interface RoleOptions {
  readonly name: string;
  /** The checkout whose `src/main.ts` runs. */
  readonly root: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFolder: string;
}

export class RoleProcess {
  readonly name: string;
  readonly #options: RoleOptions;
  #child: ChildProcess | undefined;
  #isReady = false;
  /** Ended by the campaign: its end is no fault, and `start` is called later. */
  #isDown = true;
  #timer: NodeJS.Timeout | undefined;
  /** Ends that nobody asked for, of a process that had been ready. */
  readonly unexpected: Exit[] = [];

  constructor(options: RoleOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.exitCode === null && this.#child.signalCode === null ? this.#child.pid! : null;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** The process and all its descendants. */
  get pids(): number[] {
    return this.pid === null ? [] : treeOf([this.pid]);
  }

  /** Starts the process and does not wait until it is ready. */
  start(): void {
    this.#isDown = false;
    const { root, args, env, logFolder, name } = this.#options;
    const log = openSync(join(logFolder, `${name}.log`), 'a', 0o600);
    const main = ['--disable-warning=ExperimentalWarning', join(root, 'src/main.ts'), ...args];
    const child = spawn(process.execPath, main, { cwd: root, env, stdio: ['ignore', 'pipe', log, 'ipc'] });
    closeSync(log);
    this.#child = child;
    this.#isReady = false;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.startsWith('turnkeeper is ready')) this.#isReady = true;
    });
    child.once('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child || this.#isDown) return;
    // A process that finds a service down when it starts ends with an error and is started again.
    if (this.#isReady) this.unexpected.push({ name: this.name, at: Date.now(), how });
    this.#isReady = false;
    this.#timer = setTimeout(() => this.start(), RESTART_MS);
  }

  /** Ends it with SIGKILL. `start` starts it again. */
  kill(): void {
    this.#isDown = true;
    clearTimeout(this.#timer);
    for (const pid of this.pids) signalTo(pid, 'SIGKILL');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of this.pids) signalTo(pid, signal);
  }

  /** Stops it in order. Resolves with the milliseconds that it took. */
  async stop(): Promise<number> {
    this.#isDown = true;
    clearTimeout(this.#timer);
    const [child, began] = [this.#child, performance.now()];
    if (this.pid === null || !child) return 0;
    const exited = once(child, 'exit');
    this.signal('SIGCONT');
    const forced = setTimeout(() => this.kill(), STOP_MS);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(forced);
    return performance.now() - began;
  }
}
