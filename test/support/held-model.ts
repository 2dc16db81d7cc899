// Scripts for model calls that hang after some chunks, and functions that wait for calls and for their abort.
import type { ModelCall, ModelScript, ScriptedModel } from './model.ts';

/** Calls whose message starts with `slow` send two words and then hang. Other calls follow `more`, or echo. */
export const hangSlowCalls =
  (more: (call: ModelCall) => ModelScript = () => ({})) =>
  (call: ModelCall): ModelScript =>
    call.kind === 'chat' && call.lastUserMessage.startsWith('slow')
      ? { text: 'one two three four', hang: 3 }
      : more(call);

/** Resolves when the model has received a call with this last user message. */
export async function waitForCall(model: ScriptedModel, text: string): Promise<ModelCall> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const call = model.chatCalls.find(({ lastUserMessage }) => lastUserMessage === text);
    if (call) return call;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the model received no call: ${text}`);
}

/** Resolves when the caller has aborted the call. */
export function callAborted({ signal }: ModelCall): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Waits for the model's deltas to reach the worker. This cannot be observed from outside before the turn is final. */
export const waitForDeltas = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000));
