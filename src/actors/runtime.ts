// The port behind which UserSession actors run: in this process, or wherever Dapr placed them.
import { Unavailable } from '../domain/errors.ts';
import { METHODS, type MethodArgs, type MethodName, type MethodReply, type SessionContext } from './user-session.ts';

export interface ActorRuntime {
  readonly name: 'dapr' | 'embedded';
  /** Runs the method on the user's actor, one call of a user at a time. The method may run although the call rejects.
   *  Rejects with Unavailable. */
  call<M extends MethodName>(userId: string, method: M, args: MethodArgs<M>): Promise<MethodReply<M>>;
  /** Resolves once actors answer. */
  start(): Promise<void>;
  /** Takes no more calls and waits for those that run. */
  stop(): Promise<void>;
}

/** Errors cross the actor boundary as values: Dapr would replace them by an empty 500. */
export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: 'unavailable' | 'invalid_arguments' | 'internal_error';
      readonly detail: string;
    };

/** Runs one method on one actor. Never rejects. An Unavailable error becomes a result of its own. */
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
    const { message } = error as Error;
    return { ok: false, code: error instanceof Unavailable ? 'unavailable' : 'internal_error', detail: message };
  }
}

/** The value, or the error that the result stands for. */
export function unwrap(result: CallResult): unknown {
  if (result.ok) return result.value;
  if (result.code === 'unavailable') throw new Unavailable('actors', { detail: result.detail });
  throw new Error(`UserSession ${result.code}: ${result.detail}`);
}
