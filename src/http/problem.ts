// Errors as clients see them (RFC 9457). One table: every code the ingress can answer, its status and its title.
import type { Dependency } from '../domain/errors.ts';

export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_request: { status: 400, title: 'The request breaks the rules of this operation' },
  malformed_path: { status: 400, title: 'The path is not validly percent-encoded' },
  malformed_http: { status: 400, title: 'This is not valid HTTP' },
  unauthorized: { status: 401, title: 'A valid key, token or session is needed' },
  forbidden: { status: 403, title: 'Whoever is signed in has no right to do that' },
  foreign_origin: { status: 403, title: 'The Host or Origin of the request is not ours' },
  route_not_found: { status: 404, title: 'There is nothing at this path' },
  user_not_found: { status: 404, title: 'There is no such user' },
  model_not_found: { status: 404, title: 'There is no such model' },
  turn_not_found: { status: 404, title: 'There is no such turn' },
  session_not_found: { status: 404, title: 'There is no such session' },
  asset_not_found: { status: 404, title: 'There is no such asset' },
  erasure_not_found: { status: 404, title: 'There is no such erasure' },
  review_not_found: { status: 404, title: 'There is no such review' },
  webhook_not_found: { status: 404, title: 'There is no such webhook' },
  delivery_not_found: { status: 404, title: 'There is no such delivery' },
  dead_letter_not_found: { status: 404, title: 'There is no such dead letter' },
  method_not_allowed: { status: 405, title: 'This path does not know that method' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  user_busy: { status: 409, title: 'This user has unfinished turns' },
  user_being_erased: { status: 409, title: 'This user is being erased' },
  turn_finished: { status: 409, title: 'The turn has ended already' },
  already_decided: { status: 409, title: 'Something else was decided first' },
  claimed_by_other: { status: 409, title: 'Another reviewer is at it' },
  webhook_limit: { status: 409, title: 'There are as many webhooks as there may be' },
  webhook_disabled: { status: 409, title: 'The webhook is disabled' },
  review_expired: { status: 410, title: 'The deadline of the review has passed' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not of a type that can be read' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key came with another body before' },
  turn_failed: { status: 422, title: 'The turn failed and has no reply' },
  turn_cancelled: { status: 422, title: 'The turn was cancelled and has no reply' },
  turn_expired: { status: 422, title: 'Nobody reviewed the reply in time' },
  turn_unfinished: { status: 422, title: 'The turn goes on, but this request waits no longer' },
  user_queue_full: { status: 429, title: 'Too many turns of this user wait' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  queue_full: { status: 503, title: 'Too many turns wait' },
  database_unavailable: { status: 503, title: 'The database does not answer' },
  actors_unavailable: { status: 503, title: 'The actors do not answer' },
  queues_unavailable: { status: 503, title: 'The queues do not answer' },
  issuer_unavailable: { status: 503, title: 'The issuer of tokens does not answer' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_TYPE = 'application/problem+json';

/** One thing that is wrong with the input. */
export interface Fault {
  /** JSON Pointer into the body, or `/path/…`, `/query/…`, `/header/…`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemExtras {
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the document beyond the usual ones (RFC 9457, 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** The error behind it, for the log. */
  readonly cause?: unknown;
}

/** Thrown anywhere below the outermost middleware, which writes it as problem+json. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly Fault[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail, { cause: extras.cause });
    this.code = code;
    this.errors = extras.errors;
    this.headers = extras.headers ?? {};
    this.members = extras.members ?? {};
  }
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly errors?: readonly Fault[];
}

/** The JSON document of a problem. */
export function problemDocument({ code, message, errors, members }: Problem): ProblemDocument {
  const { status, title } = PROBLEMS[code];
  return { type: `/docs/errors#${code}`, title, status, detail: message, code, ...(errors && { errors }), ...members };
}

const RETRY_AFTER = { 'retry-after': '2' };

const UNAVAILABLE: Readonly<Record<Dependency, readonly [ProblemCode, string]>> = {
  database: ['database_unavailable', 'Nothing was done. Please try again.'],
  actors: ['actors_unavailable', 'The memory of users cannot be reached now. Please try again.'],
  queues: ['queues_unavailable', 'The queues cannot be reached now. Please try again.'],
};

/** The problem for a dependency that is away. Nothing was changed, or the change is safe to repeat. */
export function unavailableProblem(dependency: Dependency): Problem {
  const [code, detail] = UNAVAILABLE[dependency];
  return new Problem(code, detail, { headers: RETRY_AFTER });
}
