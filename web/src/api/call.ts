// Requests to the API: JSON in and out. Errors are exceptions with a message for the user.

interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly applied?: Readonly<Record<string, unknown>>;
}

/** The API returned an error. `message` is for the user. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  /** The members of the request that it is about, as JSON pointers. */
  readonly pointers: readonly string[];

  constructor(status: number, problem: ProblemDocument) {
    const errors = problem.errors?.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
    super(errors ?? problem.detail ?? problem.title ?? `The server returned HTTP ${status}.`);
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.pointers = problem.errors?.map(({ pointer }) => pointer) ?? [];
  }
}

/** No response: the network or the server is unavailable. The request may have been processed. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor(cause: unknown) {
    super('No response from the server.', { cause });
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Result<T> {
  readonly status: number;
  readonly body: T;
}

let unauthorized = (): void => {};
/** Sets the handler of a 401: the browser has no valid session. */
export const onUnauthorized = (handler: () => void): void => void (unauthorized = handler);

/** Returns the status and the JSON body of a 2xx. @throws ApiProblem, Unreachable */
export async function request<T>(path: string, { method, body, headers, signal }: Call = {}): Promise<Result<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(error);
  }
  const json = parse(text);
  if (response.status === 401) unauthorized();
  if (!response.ok) throw new ApiProblem(response.status, json ?? {});
  return { status: response.status, body: json as T };
}

/** Returns the JSON body only. @throws ApiProblem, Unreachable */
export const call = async <T>(path: string, options?: Call): Promise<T> => (await request<T>(path, options)).body;

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Builds a path from encoded segments, with a query of the non-empty values. */
export function pathTo(
  parts: readonly string[],
  query: Readonly<Record<string, string | number | null | undefined>> = {},
): string {
  const present = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(present.map(([name, value]) => [name, String(value)])).toString();
  return `/${parts.map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

/** The text that the user sees for an exception. */
export const errorText = (error: unknown): string =>
  error instanceof ApiProblem || error instanceof Unreachable
    ? error.message
    : 'Something went wrong. Reload the page.';
