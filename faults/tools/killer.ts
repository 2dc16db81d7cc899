// Kills workers with SIGKILL while calls of tools are running.
import { setTimeout as sleep } from 'node:timers/promises';
import { pidsByPort } from '../system/owner.ts';
import type { System } from '../system/system.ts';
import type { Callers } from './callers.ts';
import type { Ledger } from './ledger.ts';

/** Time between two kills. */
const [SHORTEST_MS, LONGEST_MS] = [1_500, 4_000];
/** A process that has just started has no work yet. An instance gives up if its children end sooner than 10 s. */
const STEADY_MS = { embedded: 10_500, dapr: 5_000 } as const;
/** A kill waits until a worker has so many running calls. */
const RUNNING_CALLS = 4;
const POLL_MS = 50;

export interface KillerOptions {
  readonly system: System;
  readonly callers: Callers;
  readonly ledger: Ledger;
  readonly draw: () => number;
}

/** A worker that can be killed, by its process. */
interface Worker {
  readonly pid: number;
  restart(): void;
}

function workersOf({ runtime, targets, processes }: System): Worker[] {
  if (runtime === 'dapr')
    return processes
      .filter(({ name, pid, isReady }) => name.startsWith('worker') && pid !== null && isReady)
      .map((process) => ({
        pid: process.pid!,
        restart: () => {
          process.kill();
          process.start();
        },
      }));
  // The parent starts a child again.
  return targets('worker').map(({ name }) => ({ pid: Number(name.replace('child-', '')), restart: () => {} }));
}

export class Killer {
  readonly #options: KillerOptions;
  /** When each process was first seen. */
  readonly #seen = new Map<number, number>();
  /** How many workers there are when all run. */
  #count = 2;

  constructor(options: KillerOptions) {
    this.#options = options;
  }

  /** Kills until the signal aborts. */
  async run(end: AbortSignal): Promise<void> {
    const { callers, draw } = this.#options;
    const pause = (ms: number) => sleep(ms, undefined, { signal: end }).catch(() => {});
    while (!end.aborted) {
      await pause(SHORTEST_MS + draw() * (LONGEST_MS - SHORTEST_MS));
      let target = this.#busiest();
      for (; !target && !end.aborted; target = this.#busiest()) await pause(POLL_MS);
      if (end.aborted || !target) return;
      callers.kill(target.pid);
      target.restart();
    }
  }

  /** The worker with the most running calls. Undefined: none has enough of them, or one that was killed has not started
   *  again: on a busy machine that takes long, and the turns would only wait. */
  #busiest(): Worker | undefined {
    const { system, ledger } = this.#options;
    const workers = workersOf(system);
    for (const { pid } of workers) if (!this.#seen.has(pid)) this.#seen.set(pid, Date.now());
    const pids = pidsByPort(workers.map(({ pid }) => pid));
    this.#count = Math.max(this.#count, workers.length);
    if (new Set(pids.values()).size < this.#count) return undefined;
    const running = Map.groupBy(ledger.open, ({ port }) => pids.get(port));
    const callsOf = ({ pid }: Worker) => running.get(pid)?.length ?? 0;
    return workers
      .filter(({ pid }) => Date.now() - this.#seen.get(pid)! >= STEADY_MS[system.runtime])
      .filter((worker) => callsOf(worker) >= RUNNING_CALLS)
      .toSorted((a, b) => callsOf(b) - callsOf(a))[0];
  }
}
