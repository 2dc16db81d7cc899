// The port for calls to UserSession actors, which run in this process or where Dapr placed them, and the call result
// that both runtimes share.
import { Unavailable } from '../domain/errors.ts';
import type { Reachability } from './reachability.ts';
import {
  METHODS,
  READS,
  type MethodArgs,
  type MethodName,
  type MethodReply,
  type SessionContext,
} from './user-session.ts';

export interface ActorRuntime {
  readonly name: 'dapr' | 'embedded';
  readonly reachability: Reachability;
  /** Runs the method on the user's actor, one call of a user at a time. If the call rejects, the method may still have
   *  run. @throws Unavailable */
  call<M extends MethodName>(userId: string, method: M, args: MethodArgs<M>): Promise<MethodReply<M>>;
  /** Resolves when actors answer calls. */
  start(): Promise<void>;
  /** Rejects new calls and waits for running ones. */
  stop(): Promise<void>;
}

/** Errors cross the actor boundary as values, because Dapr would replace a thrown error by an empty 500. */
export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: 'unavailable' | 'outcome_unknown' | 'invalid_arguments' | 'internal_error';
      readonly detail: string;
    };

/** Validates the arguments and runs one method on one actor. Never rejects: an error becomes a result with a code, and
 *  an Unavailable error gets the code `unavailable`, or `outcome_unknown` if the method may have written. */
export async function runMethod(context: SessionContext, method: MethodName, args: unknown): Promise<CallResult> {
  const entry = METHODS[method];
  const parsed = entry.args.safeParse(args);
  if (!parsed.success) return { ok: false, code: 'invalid_arguments', detail: parsed.error.message };
  try {
    return {
      ok: true,
      value: await (entry.run as (context: SessionContext, args: unknown) => Promise<unknown>)(context, parsed.data),
    };
  } catch (error) {
    return { ok: false, code: codeOf(error), detail: (error as Error).message };
  }
}

const codeOf = (error: unknown) => {
  if (!(error instanceof Unavailable)) return 'internal_error';
  return error.outcomeUnknown ? 'outcome_unknown' : 'unavailable';
};

/** The error of a call that was sent and not answered: a method that writes may have run. */
export const unansweredCall = (method: MethodName, error: Error): Unavailable =>
  new Unavailable('actors', { detail: error.message, cause: error, outcomeUnknown: !READS.has(method) });

/** Returns the value of a result, or throws its error. @throws Unavailable */
export function unwrap(result: CallResult): unknown {
  if (result.ok) return result.value;
  if (result.code === 'unavailable' || result.code === 'outcome_unknown')
    throw new Unavailable('actors', { detail: result.detail, outcomeUnknown: result.code === 'outcome_unknown' });
  throw new Error(`UserSession ${result.code}: ${result.detail}`);
}
