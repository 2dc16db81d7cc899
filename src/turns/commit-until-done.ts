// Repeats a commit whose work was already done.
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../domain/errors.ts';
import { inSpan } from '../telemetry/tracing.ts';

const COMMIT_RETRY_MS = 500;

/** Retries the commit until the database accepts it or the signal aborts, because the call before it was already paid for.
 *  If the response of a successful commit is lost, the retry matches no row and the outcome is `lost`; the row is
 *  correct. */
export async function commitUntilDone<T>(commit: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await inSpan('commit', {}, commit);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      // The rejection of `sleep` is an AbortError, not the signal's reason.
      await sleep(COMMIT_RETRY_MS, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}
