// Calls turnkeeper's public HTTP API.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, Failure, Unreachable, type ProblemBody } from './failure.ts';

/** Timeout until the response headers arrive. The longest wait of the server is 5 s, for a decision. */
const RESPONSE_MS = 30_000;

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ApiOptions {
  readonly url: string;
  readonly key: string | undefined;
  /** Total seconds to wait for a server that sends Retry-After or is unavailable. */
  readonly patienceS: number;
  /** Called before each wait. */
  readonly onWait: (why: string) => void;
}

export interface Result<T> {
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

  /** Returns the status and the JSON body; undefined if the body is empty.
   *  @throws Unreachable, ApiError; Failure if the body is not JSON */
  async json<T>(path: string, call: Call = {}): Promise<Result<T>> {
    const response = await this.open(path, { ...call, headers: { accept: 'application/json', ...call.headers } });
    const text = await response.text().catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    try {
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
    } catch {
      throw new Failure('failed', `${this.#options.url}${path} did not return JSON.`);
    }
  }

  /** Returns a successful response with its body unread. Retries as `Retry-After` says, for `patienceS` at most.
   *  @throws Unreachable, ApiError */
  async open(path: string, call: Call = {}): Promise<Response> {
    const { patienceS, onWait } = this.#options;
    let retried = false;
    for (const deadline = performance.now() + patienceS * 1_000; ;) {
      let response: Response;
      try {
        response = await this.#fetch(path, call);
      } catch (error) {
        // The request may have been accepted. The idempotency key prevents a second turn.
        if (call.headers?.['idempotency-key'] === undefined || retried) throw error;
        if (!(error instanceof Unreachable) || error.notSent) throw error;
        retried = true;
        continue;
      }
      if (response.ok) return response;
      const problem = await problemOf(response);
      const waitMs = retryAfterMs(response);
      if (waitMs === null || performance.now() + waitMs > deadline) throw new ApiError(withWait(problem, waitMs));
      onWait(`${problem.title}. Retrying in ${waitMs / 1_000} s…`);
      await sleep(waitMs, undefined, call.signal ? { signal: call.signal } : {});
    }
  }

  async #fetch(path: string, { method = 'GET', body, headers = {}, signal }: Call): Promise<Response> {
    const { url, key } = this.#options;
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new Error(`no response within ${RESPONSE_MS / 1_000} s`)),
      RESPONSE_MS,
    );
    try {
      return await fetch(url + path, {
        method,
        headers: {
          ...headers,
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
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
    // If the name has several addresses, the cause has a code but no message.
    const why = cause?.message || cause?.code || message;
    return new Unreachable(`Cannot reach ${this.#options.url}: ${why}`, /ECONNREFUSED|ENOTFOUND/.test(why));
  }
}

async function problemOf(response: Response): Promise<ProblemBody> {
  const { status, statusText } = response;
  const body = (await response.json().catch(() => ({}))) as Partial<ProblemBody> | null;
  return { ...body, status, title: body?.title ?? `HTTP ${status} ${statusText}`.trim() };
}

/** The wait that a 429 or 503 asks for: nothing was done, or the request may be repeated, and may succeed later. Null: do not retry. */
function retryAfterMs({ status, headers }: Response): number | null {
  const value = headers.get('retry-after');
  if ((status !== 429 && status !== 503) || value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

const withWait = (problem: ProblemBody, waitMs: number | null): ProblemBody =>
  waitMs === null
    ? problem
    : { ...problem, detail: `${problem.detail ?? ''} Retry after ${Math.ceil(waitMs / 1_000)} s.`.trim() };
