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
/** So many retries may follow as closely as the endpoint asks for. The later ones are at least as far apart as without its
 *  advice: an endpoint that asks for 0 seconds again and again must not be called without pause. */
const CLOSE_RETRIES = 3;
/** Maximum number of attempts that end with a malformed reply: another one is rarely better. */
const MALFORMED_ATTEMPTS = 4;
/** Maximum number of attempts for moderation and summaries: a turn does not fail without them. */
const SIDE_ATTEMPTS = 4;

const exponentialMs = (failed: number, random: number): number =>
  Math.min(CAP_MS, BASE_MS * 2 ** (failed - 1)) * (0.5 + random / 2);

/** Milliseconds before attempt `failed + 1`; null: the time left ends before it may begin, so there is none. The wait is
 *  what the endpoint asks for, otherwise exponential with jitter, and then the last attempt begins when the time ends.
 *  Pure. */
export function backoffMs(
  failed: number,
  retryAfterMs: number | null,
  random: number,
  leftMs = Infinity,
): number | null {
  if (leftMs <= 0 || (retryAfterMs ?? 0) > leftMs) return null;
  if (retryAfterMs === null) return Math.min(leftMs, exponentialMs(failed, random));
  const floorMs = failed > CLOSE_RETRIES ? exponentialMs(failed - CLOSE_RETRIES, random) : 0;
  return Math.min(leftMs, Math.max(retryAfterMs, floorMs));
}

/** Waits for so many milliseconds, or until the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const pauseHere: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {});

export interface Attempts {
  /** Maximum number of attempts, without those whose request was adapted to the endpoint afterwards; null: no limit. */
  readonly max: number | null;
  /** Milliseconds from now until the last attempt may begin; missing: no limit. The first attempt is always made. */
  readonly forMs?: number;
  /** Called before every attempt except the first. */
  readonly onRetry?: (error: ModelError, failed: number) => void;
  /** Waits before an attempt; missing: does nothing else meanwhile. */
  readonly pause?: Pause;
}

/** The attempts of a call without which a turn does not fail. */
export const sideAttempts = (max: number | null, forMs: number): Attempts => ({
  max: Math.min(max ?? SIDE_ATTEMPTS, SIDE_ATTEMPTS),
  forMs,
});

/** Repeats the attempt until it succeeds, fails with an error that is not retryable, or the limits are reached. Rejects
 *  with the last ModelError, or with the signal's reason. */
async function withRetries<T>(attempt: () => Promise<T>, signal: AbortSignal, attempts: Attempts): Promise<T> {
  const { max, forMs = Infinity, onRetry, pause = pauseHere } = attempts;
  const startedAt = performance.now();
  let [adapted, malformed] = [0, 0];
  for (let failed = 1; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ModelError) || !error.retryable) throw error;
      if (error.adapted) {
        adapted += 1;
        onRetry?.(error, failed);
        continue;
      }
      const counted = failed - adapted;
      if (counted >= (max ?? Infinity)) throw error;
      if (error.code === 'model_malformed_reply' && (malformed += 1) >= MALFORMED_ATTEMPTS) throw error;
      const leftMs = startedAt + forMs - performance.now();
      const waitMs = backoffMs(counted, error.retryAfterMs, Math.random(), leftMs);
      if (waitMs === null) throw error;
      onRetry?.(error, failed);
      await pause(waitMs, signal);
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
