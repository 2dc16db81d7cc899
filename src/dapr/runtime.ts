// The Dapr runtime: calls go through the sidecar to wherever Dapr placed the user's actor; a process with the role
// `actors` hosts some of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { HTTPClient } from '@dapr/dapr';
import { TimedOut, within } from '../concurrency/within.ts';
import { Unavailable } from '../domain/errors.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import { unwrap, type ActorRuntime, type CallResult } from '../actors/runtime.ts';
import { ACTOR_TYPE, type MethodArgs, type MethodName, type MethodReply } from '../actors/user-session.ts';
import type { ActorHost } from './actor-host.ts';
import { actorIdOf, clientOptions, type SidecarAddress } from './sidecar.ts';

/** Above all that Dapr does by itself (retries, draining), since a call that is given up may still run. */
const CALL_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 100;
/** While an actor moves to another host (some 2.5 s) the sidecar answers with errors, and its own retries go to the old
 *  address: repeating is up to us. Every method may be repeated. */
const MOVING_MS = 5_000;
const MOVING_POLL_MS = 200;
/** An id like any other; asking it changes nothing. */
const PROBE_ID = 'readiness-probe';

interface DaprRuntimeOptions {
  readonly sidecar: SidecarAddress;
  /** Milliseconds to wait at the start until an actor answers. */
  readonly readyWithinMs: number;
  /** Starts our actor host; undefined: this process hosts none. */
  readonly host: (() => Promise<ActorHost>) | undefined;
}

/** The sidecar answered with an error, or not at all. The call can be repeated at once. */
class SidecarError extends Unavailable {}

export class DaprRuntime implements ActorRuntime {
  readonly name = 'dapr';
  readonly #options: DaprRuntimeOptions;
  readonly #client: HTTPClient;
  #host: ActorHost | undefined;

  constructor(options: DaprRuntimeOptions) {
    this.#options = options;
    this.#client = new HTTPClient(clientOptions(options.sidecar));
  }

  async start(): Promise<void> {
    this.#host ??= await this.#options.host?.();
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
    const patientUntil = Date.now() + MOVING_MS;
    for (;;) {
      try {
        return unwrap(await this.#invoke(userId, method, args)) as MethodReply<M>;
      } catch (error) {
        if (!(error instanceof SidecarError) || Date.now() > patientUntil) throw error;
        await sleep(MOVING_POLL_MS);
      }
    }
  }

  async #invoke(userId: string, method: MethodName, args: unknown): Promise<CallResult> {
    const path = `/actors/${ACTOR_TYPE}/${encodeURIComponent(actorIdOf(userId))}/method/${method}`;
    try {
      return await inSpan(`UserSession/${method}`, { kind: 'client' }, () => {
        const place = traceparent();
        // Not by the SDK's proxy: it takes no headers, and daprd passes the trace on to wherever the actor lives.
        const headers = { 'Content-Type': 'application/json', ...(place !== null && { traceparent: place }) };
        const call = this.#client.execute(path, { method: 'POST', headers, body: [args] });
        return within(CALL_TIMEOUT_MS, call as Promise<CallResult>);
      });
    } catch (error) {
      // The call may still run: it is not repeated here.
      if (error instanceof TimedOut) throw new Unavailable('actors', { detail: error.message });
      throw new SidecarError('actors', { detail: (error as Error).message, cause: error });
    }
  }

  async stop(): Promise<void> {
    await this.#host?.stop();
    this.#host = undefined;
  }
}
