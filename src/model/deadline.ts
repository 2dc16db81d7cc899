// A deadline over a whole attempt. Not AbortSignal.timeout: that lives on until its time, long after the attempt.

/** Runs `work` with a signal that aborts with `signal` or after `ms`; `late()`: the time was up. */
export async function withDeadline<T>(
  signal: AbortSignal,
  ms: number,
  work: (either: AbortSignal, late: () => boolean) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), ms);
  try {
    return await work(AbortSignal.any([signal, deadline.signal]), () => deadline.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
}
