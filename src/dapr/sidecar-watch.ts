// Finds out whether the sidecar can reach actors. While a sidecar is not connected to the placement service, it holds all
// calls of actors without an answer. Dapr 1.14 disconnects it when the actor host beside it does not answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Reachability } from '../actors/reachability.ts';
import { isSuccess, type SidecarClient, type SidecarResponse } from './sidecar.ts';

const CHECK_MS = 250;
/** A sidecar that answers nothing for this long is dead or frozen. On a busy machine an answer can take a second. */
const SILENT_MS = 2_500;
/** After the last failed call the sidecar is checked for this long: it may notice its lost host only later. */
const SUSPECTED_MS = 5_000;

const METADATA = z.object({
  actorRuntime: z.object({ runtimeStatus: z.string().optional(), placement: z.string().optional() }).optional(),
});

/** A sidecar that starts holds calls too. What the sidecar does not report is taken to be in order: another version, or one
 *  that is configured not to answer this request, must not stop its worker for ever. */
function isConnected(response: SidecarResponse): boolean {
  if (!isSuccess(response)) return true;
  const { runtimeStatus, placement } = METADATA.parse(JSON.parse(response.text)).actorRuntime ?? {};
  return runtimeStatus !== 'INITIALIZING' && placement?.includes('disconnected') !== true;
}

export class SidecarWatch {
  readonly reachability = new Reachability();
  readonly #client: Pick<SidecarClient, 'send'>;
  #suspectedUntil = 0;
  #isConnected = true;
  #heardAt = 0;
  #checking = false;
  #stopped = false;

  constructor(client: Pick<SidecarClient, 'send'>) {
    this.#client = client;
  }

  /** A call of an actor failed or has had no answer for some time: checks the sidecar for five seconds, and from then on
   *  until it can reach actors. */
  suspect(): void {
    this.#suspectedUntil = performance.now() + SUSPECTED_MS;
    if (!this.#checking) void this.#check();
  }

  /** The sidecar answered a call. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  async #check(): Promise<void> {
    this.#checking = true;
    this.heard();
    while (!this.#stopped && (performance.now() < this.#suspectedUntil || !this.reachability.isReachable)) {
      void this.#ask();
      await sleep(CHECK_MS, undefined, { ref: false });
      this.reachability.set(this.#isConnected && performance.now() - this.#heardAt < SILENT_MS);
    }
    this.#checking = false;
  }

  /** Asks the sidecar for its connection. A late answer counts too. */
  async #ask(): Promise<void> {
    const signal = AbortSignal.timeout(SILENT_MS);
    try {
      const response = await this.#client.send('GET', '/v1.0/metadata', { signal });
      this.#isConnected = isConnected(response);
      this.heard();
    } catch {
      if (!signal.aborted) this.#isConnected = false;
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}
