// A scripted model whose calls hang after some chunks, until the test knows that they were hung up on.
import type { ModelCall, ModelScript, ScriptedModel } from './model.ts';

/** Calls whose message begins with `slow` write two words and then nothing more; the others echo. */
export const holdSlow =
  (more: (call: ModelCall) => ModelScript = () => ({})) =>
  (call: ModelCall): ModelScript =>
    call.kind === 'chat' && call.lastUserMessage.startsWith('slow')
      ? { text: 'one two three four', hang: 3 }
      : more(call);

/** Resolves when the model has this call. */
export async function asked(model: ScriptedModel, text: string): Promise<ModelCall> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const call = model.chatCalls.find(({ lastUserMessage }) => lastUserMessage === text);
    if (call) return call;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the model was never asked: ${text}`);
}

/** Resolves when the caller has hung up on the call. */
export function hungUp({ signal }: ModelCall): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Time for what the model wrote to reach the worker; nothing outside tells of it before the turn ends. */
export const heardByWorker = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000));
