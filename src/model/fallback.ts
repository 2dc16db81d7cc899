// A completion by one of several models, in their order.
import { ModelError, type Completion, type Model, type ModelErrorCode } from './model.ts';
import type { CountTokens } from './tokens.ts';

/** A model that a turn may use. */
export interface Candidate {
  readonly name: string;
  readonly model: Model;
  /** Milliseconds in which failed attempts are repeated before the next model is called. Of the last one it has no effect. */
  readonly retryMs: number;
  readonly countTokens: CountTokens;
  readonly takesPictures: boolean;
  readonly takesTools: boolean;
}

/** Errors of the request or of its content: another model would get the same. Other errors another model may not have,
 *  although another attempt with the same model would. */
const OF_THE_REQUEST: ReadonlySet<ModelErrorCode> = new Set([
  'model_invalid_request',
  'model_refused',
  'model_reply_too_long',
  'model_context_too_long',
]);

const mayHaveOthers = (error: unknown): error is ModelError =>
  error instanceof ModelError && (error.retryable || !OF_THE_REQUEST.has(error.code));

export interface Fallback {
  /** Milliseconds from now until the last attempt may begin. */
  readonly forMs: number;
  /** Completes with one model; its last attempt begins within `forMs` milliseconds. Rejects like `completeWithRetries`. */
  readonly complete: (candidate: Candidate, forMs: number) => Promise<Completion>;
  /** Called before the next model is called. */
  readonly onFallback?: (error: ModelError, failed: Candidate) => void;
}

/** Completes with the first model that can: the next one is called if a model is unavailable, has no quota left, or has
 *  used up its time. The last one gets what is left of the time. Rejects with the ModelError of the last model that was
 *  called, or with the signal's reason. */
export async function completeWithFallback(
  candidates: readonly Candidate[],
  { forMs, complete, onFallback }: Fallback,
): Promise<Completion> {
  const endsAt = performance.now() + forMs;
  const leftMs = () => endsAt - performance.now();
  for (const candidate of candidates.slice(0, -1)) {
    try {
      return await complete(candidate, Math.min(candidate.retryMs, leftMs()));
    } catch (error) {
      if (!mayHaveOthers(error)) throw error;
      onFallback?.(error, candidate);
    }
  }
  return complete(candidates.at(-1)!, leftMs());
}
