/** The work did not finish in time. It was not cancelled and may still finish. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** The result of `work`. Rejects with TimedOut if it takes longer than `ms` milliseconds. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
