// turnkeeper's public HTTP API, as any other client calls it.
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, Refused, Unreachable, type ProblemAnswer } from './failure.ts';

/** For an answer to begin. The longest that the server takes by itself is 5 s, for a decision. */
const ANSWER_MS = 30_000;

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ApiOptions {
  readonly url: string;
  readonly key: string | undefined;
  /** Seconds to wait, in all, for a server that asks to come back later or is away. */
  readonly patienceS: number;
  /** Told before each waiting. */
  readonly onWait: (why: string) => void;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export class Api {
  readonly patienceS: number;
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.patienceS = options.patienceS;
  }

  /** Calls and reads the JSON of the answer; undefined where there is none.
   *  @throws Unreachable, Refused; Failure where the answer is not turnkeeper's */
  async json<T>(path: string, call: Call = {}): Promise<Answer<T>> {
    const response = await this.open(path, { ...call, headers: { accept: 'application/json', ...call.headers } });
    const text = await response.text().catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    try {
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
    } catch {
      throw new Failure('failed', `${this.#options.url}${path} answers with something that is not JSON.`);
    }
  }

  /** Calls and gives the answer with its body unread. Comes back as `Retry-After` asks, as long as patience lasts.
   *  @throws Unreachable, Refused */
  async open(path: string, call: Call = {}): Promise<Response> {
    const { patienceS, onWait } = this.#options;
    let repeated = false;
    for (const deadline = Date.now() + patienceS * 1_000; ;) {
      let response: Response;
      try {
        response = await this.#fetch(path, call);
      } catch (error) {
        // It may have been accepted. The key makes sure that it is not accepted twice.
        if (call.headers?.['idempotency-key'] === undefined || repeated) throw error;
        if (!(error instanceof Unreachable) || error.refused) throw error;
        repeated = true;
        continue;
      }
      if (response.ok) return response;
      const problem = await problemOf(response);
      const waitMs = retryAfterMs(response);
      if (waitMs === null || Date.now() + waitMs > deadline) throw new Refused(withWait(problem, waitMs));
      onWait(`${problem.title}. Trying again in ${waitMs / 1_000} s …`);
      await sleep(waitMs, undefined, call.signal ? { signal: call.signal } : {});
    }
  }

  async #fetch(path: string, { method = 'GET', body, headers = {}, signal }: Call): Promise<Response> {
    const { url, key } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_MS / 1_000} s`)), ANSWER_MS);
    try {
      return await fetch(url + path, {
        method,
        headers: {
          ...headers,
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw this.#unreachable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #unreachable(error: unknown): Unreachable {
    const { message, cause } = error as Error & { cause?: Error & { code?: string } };
    // For a name with several addresses the cause has a code and no message.
    const why = cause?.message || cause?.code || message;
    return new Unreachable(`Cannot reach ${this.#options.url}: ${why}`, /ECONNREFUSED|ENOTFOUND/.test(why));
  }
}

async function problemOf(response: Response): Promise<ProblemAnswer> {
  const { status, statusText } = response;
  const sent = (await response.json().catch(() => ({}))) as Partial<ProblemAnswer> | null;
  return { ...sent, status, title: sent?.title ?? `HTTP ${status} ${statusText}`.trim() };
}

/** Only for statuses that say that nothing was done and that it may be otherwise later. */
function retryAfterMs({ status, headers }: Response): number | null {
  const value = headers.get('retry-after');
  if ((status !== 429 && status !== 503) || value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

const withWait = (problem: ProblemAnswer, waitMs: number | null): ProblemAnswer =>
  waitMs === null
    ? problem
    : { ...problem, detail: `${problem.detail ?? ''} Come back in ${Math.ceil(waitMs / 1_000)} s.`.trim() };
