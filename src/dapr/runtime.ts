// The Dapr actor runtime: calls go through the sidecar to the process where Dapr placed the user's actor. A process
// with the role `actors` hosts some of the actors.
import { setTimeout as sleep } from 'node:timers/promises';
import { TimedOut, within } from '../concurrency/within.ts';
import { Unavailable } from '../domain/errors.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { Reachability } from '../actors/reachability.ts';
import { unansweredCall, unwrap, type ActorRuntime, type CallResult } from '../actors/runtime.ts';
import { READS, type MethodArgs, type MethodName, type MethodReply } from '../actors/user-session.ts';
import type { ActorHost } from './actor-host.ts';
import { actorPath } from './actor-state.ts';
import { isSuccess, SidecarClient, type SidecarAddress } from './sidecar.ts';
import { SidecarWatch } from './sidecar-watch.ts';

/** Longer than Dapr's own retries and draining, because a call that timed out here may still run. */
const CALL_TIMEOUT_MS = 30_000;
/** A call without an answer is sent again after each of these times: the host of the actor may have died, and its sidecar
 *  keeps the call until the actor has moved. Together they are as long as the timeout. */
const RESEND_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const READY_POLL_MS = 100;
/** While an actor moves to another host (1 to 2.5 s), the sidecar answers with errors, and its own retries go to the
 *  old address. The caller must therefore retry. */
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
/** With these the call has not reached an actor. */
const NOT_CALLED = /ECONNREFUSED|ERR_ACTOR_NO_ADDRESS|did not find address/;

/** Whether the method may run once more after its caller got an answer, because a frozen host continues. A late claim
 *  delays one turn by a lease; a late change of the memory could undo a newer one. */
const isSentAgain = (method: MethodName): boolean => method === 'claim' || READS.has(method);

/** The first answer or error. Calls without an answer are not ended, because that makes some versions of Dapr run two
 *  calls of an actor at once (docs/decisions/0032-sidecar-client.md). `noAnswer` is called after each time without one.
 *  @throws Unavailable after the timeout */
async function firstAnswer(
  method: MethodName,
  send: () => Promise<CallResult>,
  noAnswer: () => void,
): Promise<CallResult> {
  const calls: Promise<CallResult>[] = [];
  for (const ms of isSentAgain(method) ? RESEND_MS : [CALL_TIMEOUT_MS]) {
    calls.push(send());
    try {
      return await within(ms, Promise.race(calls));
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      noAnswer();
    }
  }
  throw unansweredCall(method, new TimedOut('the actor does not answer'));
}

export class DaprRuntime implements ActorRuntime {
  readonly name = 'dapr';
  readonly #options: DaprRuntimeOptions;
  readonly #client: SidecarClient;
  readonly #watch: SidecarWatch;
  readonly #calls = new Set<Promise<unknown>>();
  #host: ActorHost | null = null;
  #stopped = false;

  constructor(options: DaprRuntimeOptions) {
    this.#options = options;
    this.#client = new SidecarClient(options.sidecar);
    this.#watch = new SidecarWatch(this.#client);
  }

  get reachability(): Reachability {
    return this.#watch.reachability;
  }

  async start(): Promise<void> {
    this.#host ??= await this.#options.host();
    const deadline = performance.now() + this.#options.readyWithinMs;
    for (;;) {
      try {
        await this.call(PROBE_ID, 'ping', {});
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(READY_POLL_MS);
      }
    }
  }

  async call<M extends MethodName>(userId: string, method: M, args: MethodArgs<M>): Promise<MethodReply<M>> {
    if (this.#stopped) throw new Unavailable('actors', { detail: 'this process is stopping' });
    const call = this.#call(userId, method, args);
    this.#calls.add(call);
    try {
      return (await call) as MethodReply<M>;
    } finally {
      this.#calls.delete(call);
    }
  }

  async #call(userId: string, method: MethodName, args: unknown): Promise<unknown> {
    const retryUntil = performance.now() + MOVING_MS;
    for (let outcomeUnknown = false; ;) {
      try {
        const send = () => this.#invoke(userId, method, args);
        return unwrap(await firstAnswer(method, send, () => this.#watch.suspect()));
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        outcomeUnknown ||= error.outcomeUnknown;
        if (!(error instanceof SidecarError) || this.#stopped || performance.now() > retryUntil)
          throw new Unavailable('actors', { detail: error.message, cause: error, outcomeUnknown });
        await sleep(MOVING_POLL_MS);
      }
    }
  }

  async #invoke(userId: string, method: MethodName, args: unknown): Promise<CallResult> {
    const path = `${actorPath(userId)}/method/${method}`;
    try {
      return await inSpan(`UserSession/${method}`, { kind: 'client' }, async () => {
        // daprd passes the trace header on to the host of the actor.
        const call = { body: JSON.stringify(args), traceparent: traceparent() };
        const response = await this.#client.send('POST', path, call);
        if (!isSuccess(response)) throw new Error(`${response.status} ${response.text}`);
        this.#watch.heard();
        return JSON.parse(response.text) as CallResult;
      });
    } catch (error) {
      this.#watch.suspect();
      const { message } = error as Error;
      const outcomeUnknown = !READS.has(method) && !NOT_CALLED.test(message);
      throw new SidecarError('actors', { detail: message, cause: error, outcomeUnknown });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.stop();
    await Promise.allSettled(this.#calls);
    await this.#host?.stop();
    this.#host = null;
  }
}
