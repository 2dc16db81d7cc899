// The embedded actor runtime: UserSession methods run in this process, behind one queue for each user.
import { inSpan } from '../telemetry/tracing.ts';
import { Mailbox } from './mailbox.ts';
import { Reachability } from './reachability.ts';
import { runMethod, unwrap, type ActorRuntime, type CallResult } from './runtime.ts';
import type { ActorState } from '../domain/memory.ts';
import type { MethodArgs, MethodName, MethodReply, SessionStore } from './user-session.ts';

/** Allows one process per database to run embedded actors. */
export interface ProcessLease {
  /** Rejects if another process holds the lease. `lost` is called if another process takes it over later. */
  acquire(lost: () => void): Promise<void>;
  release(): Promise<void>;
}

interface EmbeddedOptions {
  readonly store: SessionStore;
  readonly state: ActorState;
  readonly lease: ProcessLease;
  /** Called when another process took over the lease: this process must end. */
  readonly onLost: () => void;
}

export class EmbeddedRuntime implements ActorRuntime {
  readonly name = 'embedded';
  readonly reachability = new Reachability();
  readonly #options: EmbeddedOptions;
  readonly #mailbox = new Mailbox();
  #open = false;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#open) return;
    await this.#options.lease.acquire(() => {
      this.#open = false;
      this.#options.onLost();
    });
    this.#open = true;
  }

  async call<M extends MethodName>(userId: string, method: M, args: MethodArgs<M>): Promise<MethodReply<M>> {
    const result = await inSpan(`UserSession/${method}`, {}, () => this.run(userId, method, args));
    return unwrap(result) as MethodReply<M>;
  }

  /** Runs the method like `call`. Never rejects: an error becomes a result with a code. */
  async run(userId: string, method: MethodName, args: unknown): Promise<CallResult> {
    if (!this.#open) return { ok: false, code: 'unavailable', detail: 'the embedded actors are not running' };
    const { store, state } = this.#options;
    const context = { userId, store, state, now: () => new Date() };
    return this.#mailbox.run(userId, () => runMethod(context, method, args));
  }

  async stop(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#mailbox.idle();
    await this.#options.lease.release();
  }
}
