// RFC 9457 problems: one table of codes, one error class, one place that gives them their wire form.

/** Every problem the ingress answers: status and title by code. Explained in docs/errors.md and at /docs/errors. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_json: { status: 400, title: 'The body is not JSON' },
  unauthenticated: { status: 401, title: 'No known key was given' },
  forbidden: { status: 403, title: 'The key does not give this right' },
  foreign_origin: { status: 403, title: 'The Host or Origin is not ours' },
  route_not_found: { status: 404, title: 'There is no such path' },
  turn_not_found: { status: 404, title: 'There is no such turn' },
  session_not_found: { status: 404, title: 'There is no such session' },
  user_not_found: { status: 404, title: 'There is no such user' },
  method_not_allowed: { status: 405, title: 'The path does not know this method' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not declared as JSON' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used with another body' },
  user_queue_full: { status: 429, title: 'The user has too many waiting turns' },
  internal_error: { status: 500, title: 'Something went wrong here' },
  not_implemented: { status: 501, title: 'Not available yet' },
  queue_full: { status: 503, title: 'Too many turns wait' },
  database_unavailable: { status: 503, title: 'The database does not answer' },
  actors_unavailable: { status: 503, title: 'The actors do not answer' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface Fault {
  /** JSON Pointer into the body; `/query/…`, `/path/…` or `/header/…` elsewhere. */
  readonly pointer: string;
  readonly detail: string;
}

interface ProblemExtras {
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown anywhere below the problem middleware; carries its whole answer. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly Fault[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, { errors, headers = {}, cause }: ProblemExtras = {}) {
    super(detail, cause === undefined ? {} : { cause });
    this.code = code;
    this.errors = errors;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /** The body of the answer. */
  toJSON(): object {
    const { status, title } = PROBLEMS[this.code];
    return {
      type: `/docs/errors#${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      ...(this.errors ? { errors: this.errors } : {}),
    };
  }
}

const RETRY_SOON = { headers: { 'retry-after': '2' } };

/** What an error of the parts below means to a client; unknown errors say nothing to it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { name } = (error ?? {}) as { name?: string };
  if (name === 'DatabaseUnavailable')
    return new Problem('database_unavailable', 'The database does not answer; try again soon.', {
      ...RETRY_SOON,
      cause: error,
    });
  if (name === 'ActorsUnavailable')
    return new Problem('actors_unavailable', 'The actors do not answer; try again soon.', {
      ...RETRY_SOON,
      cause: error,
    });
  return new Problem('internal_error', 'The request failed here; it was logged.', { cause: error });
}
