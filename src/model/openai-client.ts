// The openai SDK as we use it: no retry of its own, and nothing logged.
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
