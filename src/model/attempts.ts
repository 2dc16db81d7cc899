// The only retry layer for calls of models.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ModelError,
  type Completion,
  type CompletionRequest,
  type Moderated,
  type ModerationRequest,
  type Model,
  type Moderator,
} from './model.ts';

const BASE_MS = 500;
const CAP_MS = 20_000;
/** Maximum wait before a retry. A longer Retry-After is shortened to it. */
const RETRY_AFTER_CAP_MS = 60_000;

/** Milliseconds before attempt `failed + 1`: what the endpoint asked for, otherwise exponential with jitter. Pure. */
export function backoffMs(failed: number, retryAfterMs: number | null, random: number): number {
  if (retryAfterMs !== null) return Math.min(retryAfterMs, RETRY_AFTER_CAP_MS);
  return Math.min(CAP_MS, BASE_MS * 2 ** (failed - 1)) * (0.5 + random / 2);
}

export interface Attempts {
  /** Maximum number of attempts, without those whose request was adapted to the endpoint afterwards. */
  readonly max: number;
  /** Called before every attempt except the first. */
  readonly onRetry?: (error: ModelError, failed: number) => void;
}

/** Repeats the attempt until it succeeds, fails with an error that is not retryable, or has failed `max` times.
 *  Rejects with the last ModelError, or with the signal's reason. */
async function withRetries<T>(attempt: () => Promise<T>, signal: AbortSignal, { max, onRetry }: Attempts): Promise<T> {
  let adapted = 0;
  for (let failed = 1; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ModelError) || !error.retryable) throw error;
      if (error.adapted) adapted += 1;
      else if (failed - adapted >= max) throw error;
      onRetry?.(error, failed);
      if (error.adapted) continue;
      // An aborted sleep rejects with its own error, not with the signal's reason.
      await sleep(backoffMs(failed, error.retryAfterMs, Math.random()), undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}

export const completeWithRetries = (
  model: Model,
  request: CompletionRequest,
  attempts: Attempts,
): Promise<Completion> => withRetries(() => model.complete(request), request.signal, attempts);

export const moderateWithRetries = (
  moderator: Moderator,
  request: ModerationRequest,
  attempts: Attempts,
): Promise<readonly Moderated[]> => withRetries(() => moderator.moderate(request), request.signal, attempts);
