// Finds out whether the sidecar can reach actors. While a sidecar is not connected to the placement service, it holds all
// calls of actors without an answer. Dapr 1.14 disconnects it when the actor host beside it does not answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Reachability } from '../actors/reachability.ts';
import { within } from '../concurrency/within.ts';
import { isSuccess, type SidecarClient } from './sidecar.ts';

const CHECK_MS = 250;
const ANSWER_MS = 1_000;
/** After the last failed call the sidecar is checked for this long: it may notice its lost host only later. */
const SUSPECTED_MS = 5_000;

const METADATA = z.object({ actorRuntime: z.object({ placement: z.string().optional() }).optional() });

export class SidecarWatch {
  readonly reachability = new Reachability();
  readonly #client: Pick<SidecarClient, 'send'>;
  #suspectedUntil = 0;
  #checking = false;
  #stopped = false;

  constructor(client: Pick<SidecarClient, 'send'>) {
    this.#client = client;
  }

  /** A call of an actor failed or has had no answer for some time: checks the sidecar until it is found to be in order. */
  suspect(): void {
    this.#suspectedUntil = performance.now() + SUSPECTED_MS;
    if (!this.#checking) void this.#check();
  }

  async #check(): Promise<void> {
    this.#checking = true;
    while (!this.#stopped && (performance.now() < this.#suspectedUntil || !this.reachability.isReachable)) {
      this.reachability.set(await this.#isConnected());
      await sleep(CHECK_MS, undefined, { ref: false });
    }
    this.#checking = false;
  }

  async #isConnected(): Promise<boolean> {
    try {
      const response = await within(ANSWER_MS, this.#client.send('GET', '/v1.0/metadata'));
      if (!isSuccess(response)) return false;
      const { actorRuntime } = METADATA.parse(JSON.parse(response.text));
      return !actorRuntime?.placement?.includes('disconnected');
    } catch {
      return false;
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}
