// The actors of another process of this machine: calls go to the parent process, which runs the embedded actors.
import { z } from 'zod';
import { Unavailable } from '../domain/errors.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import type { EmbeddedRuntime } from './embedded-runtime.ts';
import { Reachability } from './reachability.ts';
import { unansweredCall, unwrap, type ActorRuntime, type CallResult } from './runtime.ts';
import { METHODS, type MethodArgs, type MethodName, type MethodReply } from './user-session.ts';

/** The kind of the request. */
export const ACTOR_CALL = 'actor-call';

/** Longer than the time limits of the statements that an actor runs. */
const CALL_TIMEOUT_MS = 30_000;

const CALL = z.strictObject({
  userId: z.string(),
  method: z.enum(Object.keys(METHODS) as [MethodName, ...MethodName[]]),
  args: z.unknown(),
  traceparent: z.string().nullable(),
});

export interface ForwardedOptions {
  /** Sends the request to the process with the actors. Rejects if that process does not answer. */
  readonly ask: (kind: string, body: unknown, timeoutMs: number) => Promise<unknown>;
  /** Default: 30 s. */
  readonly timeoutMs?: number;
}

export class ForwardedRuntime implements ActorRuntime {
  readonly name = 'embedded';
  readonly reachability = new Reachability();
  readonly #options: ForwardedOptions;
  #open = false;

  constructor(options: ForwardedOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#open = true;
  }

  async call<M extends MethodName>(userId: string, method: M, args: MethodArgs<M>): Promise<MethodReply<M>> {
    if (!this.#open) throw new Unavailable('actors', { detail: 'this process is stopping' });
    const { ask, timeoutMs = CALL_TIMEOUT_MS } = this.#options;
    const result = await inSpan(`UserSession/${method}`, { kind: 'client' }, () =>
      ask(ACTOR_CALL, { userId, method, args, traceparent: traceparent() }, timeoutMs).catch((error: Error) => {
        throw unansweredCall(method, error);
      }),
    );
    return unwrap(result as CallResult) as MethodReply<M>;
  }

  /** Calls that are under way are answered by the other process, which outlives this one. */
  async stop(): Promise<void> {
    this.#open = false;
  }
}

/** Answers the call of a ForwardedRuntime with the actors of this process. */
export async function answerCall(runtime: Pick<EmbeddedRuntime, 'run'>, body: unknown): Promise<CallResult> {
  const { userId, method, args, traceparent: parent } = CALL.parse(body);
  return inSpan(`UserSession/${method} host`, { kind: 'server', parent }, () => runtime.run(userId, method, args));
}
