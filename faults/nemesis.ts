// Injects the faults of a schedule, heals them, and waits until the turns that they struck have ended.
import { setTimeout as sleep } from 'node:timers/promises';
import { random } from '../bench/clients/client.ts';
import type { Injected, Kind, Loss, Strike } from './injectors/kind.ts';
import type { History } from './load/history.ts';
import type { Load } from './load/load.ts';
import type { Cycle } from './schedule.ts';
import type { Struck } from './strikes.ts';
import type { System } from './system/system.ts';

/** Pause after a cycle whose turns have ended. */
const BETWEEN_MS = 3_000;
/** After this time the next cycle begins although turns have not ended; the check of the recovery reports it. */
const RECOVERY_MS = 45_000;
const POLL_MS = 100;

export interface NemesisOptions {
  readonly system: System;
  readonly load: Load;
  readonly history: History;
  readonly say: (line: string) => void;
}

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly strikes: Struck[] = [];
  readonly losses: Loss[] = [];
  /** Faults that could not be injected, with the reason. */
  readonly failed: string[] = [];

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  /** Runs the cycles until the time is over, and those that are required. Returns how many were not run. */
  async run(cycles: readonly Cycle[], until: number): Promise<number> {
    let notRun = 0;
    for (const { kinds, seeds, isRequired } of cycles) {
      if (Date.now() > until && !isRequired) {
        notRun += 1;
        continue;
      }
      const together = kinds.length > 1;
      await Promise.all(kinds.map((kind, n) => this.#strike(kind, seeds[n]!, together)));
      await this.recovered();
      await sleep(BETWEEN_MS);
    }
    return notRun;
  }

  async #strike(kind: Kind, seed: number, together: boolean): Promise<void> {
    const { system, load, history, say } = this.#options;
    system.nameCalls();
    const at = Date.now();
    const open = system.base.model.open();
    const inFlight = history.inFlight.length;
    const lost: Strike['lost'] = (from, why) => {
      const loss: Loss = { from, why, at: Date.now(), until: Date.now() };
      // A freeze that is not healed yet lasts.
      if (why !== 'killed') loss.until = Infinity;
      this.losses.push(loss);
      return loss;
    };
    let injected: Injected;
    try {
      injected = await kind.inject({ system, load, draw: random(seed), lost });
    } catch (error) {
      this.failed.push(`${kind.name}: ${(error as Error).message}`);
      return;
    }
    const { target = null, detail = '' } = injected;
    const struck = kind.strikes === 'calls' ? open.filter(({ from }) => from === target).length : inFlight;
    await sleep(kind.seconds * 1000);
    await this.#heal(kind, injected);
    const healedAt = Date.now();
    this.strikes.push({ kind, at, healedAt, struck, target, detail, together });
    const seconds = ((healedAt - at) / 1000).toFixed(1);
    say(`${new Date(at).toISOString()} ${kind.name}${detail && ` (${detail})`}: ${seconds} s, ${struck} in flight`);
  }

  async #heal({ name }: Kind, { heal }: Injected): Promise<void> {
    try {
      await heal();
    } catch (error) {
      this.failed.push(`healing ${name}: ${(error as Error).message}`);
    }
  }

  /** Resolves when the turns that are in flight now have ended, or after RECOVERY_MS. */
  async recovered(): Promise<void> {
    const before = new Set(this.#options.history.inFlight);
    const deadline = Date.now() + RECOVERY_MS;
    while (Date.now() < deadline) {
      if (!this.#options.history.inFlight.some((sent) => before.has(sent))) return;
      await sleep(POLL_MS);
    }
  }

  /** Ends whatever is still disturbed. */
  healAll(): void {
    const { base, processes } = this.#options.system;
    for (const link of base.links) link.heal();
    for (const clock of base.clocks.values()) clock.heal();
    base.model.heal();
    base.receiver.heal();
    for (const process of processes) process.signal('SIGCONT');
  }
}
