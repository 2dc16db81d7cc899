// The Dapr actor runtime: calls go through the sidecar to the process where Dapr placed the user's actor. A process
// with the role `actors` hosts some of the actors.
import { setTimeout as sleep } from 'node:timers/promises';
import { TimedOut, within } from '../concurrency/within.ts';
import { Unavailable } from '../domain/errors.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import { unwrap, type ActorRuntime, type CallResult } from '../actors/runtime.ts';
import type { MethodArgs, MethodName, MethodReply } from '../actors/user-session.ts';
import type { ActorHost } from './actor-host.ts';
import { actorPath } from './actor-state.ts';
import { isSuccess, SidecarClient, type SidecarAddress } from './sidecar.ts';

/** Longer than Dapr's own retries and draining, because a call that timed out here may still run. */
const CALL_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 100;
/** While an actor moves to another host (about 2.5 s), the sidecar answers with errors, and its own retries go to the
 *  old address. The caller must therefore retry. Every method is idempotent. */
const MOVING_MS = 5_000;
const MOVING_POLL_MS = 200;
/** An ordinary user id. The call of `ping` changes nothing. */
const PROBE_ID = 'readiness-probe';

interface DaprRuntimeOptions {
  readonly sidecar: SidecarAddress;
  /** Milliseconds that `start` waits for an actor to answer. */
  readonly readyWithinMs: number;
  /** Starts the actor host of this process; null: this process hosts no actors. */
  readonly host: () => Promise<ActorHost | null>;
}

/** The sidecar answered with an error or not at all. The call can be repeated at once. */
class SidecarError extends Unavailable {}

export class DaprRuntime implements ActorRuntime {
  readonly name = 'dapr';
  readonly #options: DaprRuntimeOptions;
  readonly #client: SidecarClient;
  #host: ActorHost | null = null;

  constructor(options: DaprRuntimeOptions) {
    this.#options = options;
    this.#client = new SidecarClient(options.sidecar);
  }

  async start(): Promise<void> {
    this.#host ??= await this.#options.host();
    const deadline = Date.now() + this.#options.readyWithinMs;
    for (;;) {
      try {
        await this.call(PROBE_ID, 'ping', {});
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await sleep(READY_POLL_MS);
      }
    }
  }

  async call<M extends MethodName>(userId: string, method: M, args: MethodArgs<M>): Promise<MethodReply<M>> {
    const retryUntil = Date.now() + MOVING_MS;
    for (;;) {
      try {
        return unwrap(await this.#invoke(userId, method, args)) as MethodReply<M>;
      } catch (error) {
        if (!(error instanceof SidecarError) || Date.now() > retryUntil) throw error;
        await sleep(MOVING_POLL_MS);
      }
    }
  }

  async #invoke(userId: string, method: MethodName, args: unknown): Promise<CallResult> {
    const path = `${actorPath(userId)}/method/${method}`;
    try {
      return await inSpan(`UserSession/${method}`, { kind: 'client' }, async () => {
        // daprd passes the trace header on to the host of the actor.
        const call = this.#client.send('POST', path, { body: JSON.stringify(args), traceparent: traceparent() });
        const response = await within(CALL_TIMEOUT_MS, call);
        if (!isSuccess(response)) throw new Error(`${response.status} ${response.text}`);
        return JSON.parse(response.text) as CallResult;
      });
    } catch (error) {
      // Not repeated here, because the call may still run.
      if (error instanceof TimedOut) throw new Unavailable('actors', { detail: error.message });
      throw new SidecarError('actors', { detail: (error as Error).message, cause: error });
    }
  }

  async stop(): Promise<void> {
    await this.#host?.stop();
    this.#host = null;
  }
}
