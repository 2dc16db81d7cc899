// The openai SDK as we use it: no retry of its own, nothing logged, one deadline for a whole attempt.
import OpenAI from 'openai';

export interface Endpoint {
  /** Undefined: the SDK's own, OpenAI. */
  readonly baseUrl: string | undefined;
  readonly apiKey: string | undefined;
  /** Seconds for a whole attempt, its stream included. */
  readonly timeoutS: number;
}

export const clientOf = ({ baseUrl, apiKey, timeoutS }: Endpoint): OpenAI =>
  new OpenAI({
    // An endpoint that asks for no key is sent one all the same: the SDK insists on having it.
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl ?? null,
    maxRetries: 0,
    timeout: timeoutS * 1000,
    logLevel: 'off',
  });

/** Runs `work` with a signal that aborts with `signal` or after `ms`; `late()`: the time was up. An
 *  AbortSignal.timeout would live on until its time, long after the attempt. */
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
