// One request to the API: JSON in and out, and what went wrong as an exception that can be shown.

interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly applied?: Readonly<Record<string, unknown>>;
}

/** The API said no. `message` is for people. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;

  constructor(status: number, problem: ProblemDocument) {
    const faults = problem.errors?.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
    super(faults ?? problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
  }
}

/** Nobody answered: the network or the server is away. Whether the request was carried out is not known. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor(cause: unknown) {
    super('turnkeeper cannot be reached.', { cause });
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

let unauthorized = (): void => {};
/** What is done when the server does not know (any more) who we are. */
export const whenUnauthorized = (act: () => void): void => void (unauthorized = act);

/** Gives status and JSON body of a 2xx. @throws ApiProblem, Unreachable */
export async function request<T>(path: string, { method, body, headers, signal }: Call = {}): Promise<Answered<T>> {
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
  const json = parsed(text);
  if (response.status === 401) unauthorized();
  if (!response.ok) throw new ApiProblem(response.status, json ?? {});
  return { status: response.status, body: json as T };
}

/** The JSON body alone. @throws ApiProblem, Unreachable */
export const call = async <T>(path: string, options?: Call): Promise<T> => (await request<T>(path, options)).body;

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `/users/{id}/turns` with the id as it must stand in a path, and a query of what is there. */
export function pathTo(
  parts: readonly string[],
  query: Readonly<Record<string, string | number | null | undefined>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/${parts.map(encodeURIComponent).join('/')}${search && `?${search}`}`;
}

/** What to tell people of an exception. */
export const told = (error: unknown): string =>
  error instanceof ApiProblem || error instanceof Unreachable ? error.message : 'Something went wrong in this page.';
