// Keeps the children of this process running: starts them, restarts one that ends, stops all.
import { wakeUp, type WakeUp } from '../concurrency/wake-up.ts';
import { within } from '../concurrency/within.ts';
import type { Log } from '../telemetry/log.ts';
import type { ChildProcess } from './cluster.ts';
import { Requests, type Handler } from './requests.ts';

export interface SupervisorOptions {
  readonly count: number;
  readonly fork: () => ChildProcess;
  /** What the child with this name (`1` to `n`) needs to start. */
  readonly order: (name: string) => unknown;
  /** Answers the requests of children, by kind. */
  readonly handlers: Readonly<Record<string, Handler>>;
  /** Called when no child can be kept running. */
  readonly onFatal: (reason: string) => void;
  /** Called when the number of ready children changes. */
  readonly onReady: (count: number) => void;
  readonly onRestart: () => void;
  readonly log: Log;
  /** Milliseconds before the first restart. Each child that fails at once doubles it. Default: 250. */
  readonly restartMs?: number;
  /** Milliseconds that a child gets to stop before it is killed. Default: 25 s. */
  readonly stopMs?: number;
}

/** Longer than the time that a child gives its running work. */
const STOP_MS = 25_000;
const RESTART_MS = 250;
const LONGEST_RESTART_MS = 8_000;
/** A child that ends sooner than this has failed at once. */
const STEADY_MS = 10_000;
/** After so many in a row, and if no other child is ready, the instance is given up. */
const FAILURES = 5;

/** A running child. */
interface Running {
  readonly process: ChildProcess;
  readonly requests: Requests;
  ready: boolean;
}

/** How a child ended. */
interface End {
  readonly reason: string;
  readonly wasReady: boolean;
  readonly lifeMs: number;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running = new Set<Running>();
  readonly #restartNow: WakeUp[] = [];
  #stopping = false;
  #loops: Promise<void>[] = [];
  #url: string | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Resolves when every child is ready, with the address where they listen; null: they do not listen. Rejects with
   *  the reason if a child cannot start. */
  async start(): Promise<string | null> {
    const { count } = this.#options;
    const firstStarts = Array.from({ length: count }, (_, index) => {
      const started = Promise.withResolvers<void>();
      this.#loops.push(this.#keep(String(index + 1), started));
      return started.promise;
    });
    await Promise.all(firstStarts);
    return this.#url;
  }

  /** Asks every child that is ready. Returns the answers that arrive in time. */
  async askAll(kind: string, timeoutMs: number): Promise<unknown[]> {
    const answers = await Promise.allSettled(this.#ready().map(({ requests }) => requests.ask(kind, {}, timeoutMs)));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  #ready(): Running[] {
    return [...this.#running].filter((child) => child.ready);
  }

  /** Asks every child to stop, and kills those that take too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { wake } of this.#restartNow) wake();
    for (const child of this.#running) {
      // A child that is still starting may not read messages yet, and it has no work to finish.
      if (child.ready) child.process.port.send({ stop: 'SIGTERM' }, () => {});
      else child.process.kill();
    }
    const ended = Promise.all(this.#loops);
    await within(this.#options.stopMs ?? STOP_MS, ended).catch(() => {
      for (const { process } of this.#running) process.kill();
    });
    await ended;
  }

  /** Runs one child after the other until the stop. */
  async #keep(name: string, firstStart: PromiseWithResolvers<void>): Promise<void> {
    const { log, onFatal, onRestart, restartMs = RESTART_MS } = this.#options;
    const pause = wakeUp();
    this.#restartNow.push(pause);
    let failures = 0;
    // An operator prefers one process too few to an instance that stops, so one that keeps failing is tried again.
    for (let first = true; !this.#stopping; first = false) {
      const { reason, wasReady, lifeMs } = await this.#runOnce(name, firstStart.resolve);
      if (first && !wasReady) firstStart.reject(new Error(reason));
      if (this.#stopping || (first && !wasReady)) return;
      failures = lifeMs < STEADY_MS ? failures + 1 : 0;
      if (failures >= FAILURES && this.#ready().length === 0) {
        onFatal(`no process stays up; process ${name} failed ${failures} times in a row, the last time: ${reason}`);
        return;
      }
      const delayMs = Math.min(restartMs * 2 ** Math.max(failures - 1, 0), LONGEST_RESTART_MS);
      log.error({ child: name, reason, delayMs }, 'A process ended unexpectedly and is restarted.');
      onRestart();
      await pause.wait(delayMs);
    }
  }

  async #runOnce(name: string, onReady: () => void): Promise<End> {
    const { fork, handlers, order } = this.#options;
    const process = fork();
    const child: Running = { process, requests: new Requests(process.port), ready: false };
    const startedAt = performance.now();
    let failure: string | null = null;
    const serve = (kind: string, handler: (body: unknown) => unknown) =>
      child.requests.serve(kind, async (body) => handler(body));
    serve('order', () => order(name));
    serve('ready', (body) => {
      this.#url = (body as { url: string | null }).url;
      child.ready = true;
      this.#changed();
      onReady();
      return null;
    });
    serve('failed', (body) => {
      failure = (body as { reason: string }).reason;
      return null;
    });
    for (const [kind, handler] of Object.entries(handlers)) child.requests.serve(kind, handler);
    this.#running.add(child);
    const exit = await process.exited;
    this.#running.delete(child);
    const end = { reason: failure ?? exit, wasReady: child.ready, lifeMs: performance.now() - startedAt };
    child.ready = false;
    this.#changed();
    return end;
  }

  #changed(): void {
    this.#options.onReady(this.#ready().length);
  }
}
