// Error responses (RFC 9457). The table has every error code of the API with its status and title.
import type { Dependency, Unavailable } from '../domain/errors.ts';

export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The request body is not valid JSON' },
  invalid_request: { status: 400, title: 'The request is not valid for this operation' },
  malformed_path: { status: 400, title: 'The percent-encoding of the path is not valid' },
  malformed_http: { status: 400, title: 'The request is not valid HTTP' },
  unauthorized: { status: 401, title: 'The request has no valid key, token or session' },
  forbidden: { status: 403, title: 'The caller is not allowed to do this' },
  foreign_origin: { status: 403, title: 'The Host or Origin of the request is not allowed' },
  route_not_found: { status: 404, title: 'No operation has this path' },
  user_not_found: { status: 404, title: 'No user has this id' },
  model_not_found: { status: 404, title: 'No model has this name' },
  turn_not_found: { status: 404, title: 'No turn has this id' },
  session_not_found: { status: 404, title: 'No session has this id' },
  asset_not_found: { status: 404, title: 'No asset has this name' },
  erasure_not_found: { status: 404, title: 'No erasure has this id' },
  review_not_found: { status: 404, title: 'No review has this id' },
  webhook_not_found: { status: 404, title: 'No webhook has this id' },
  delivery_not_found: { status: 404, title: 'The webhook has no delivery with this id' },
  dead_letter_not_found: { status: 404, title: 'The topic has no dead letter with this id' },
  method_not_allowed: { status: 405, title: 'The path does not support this method' },
  request_timeout: { status: 408, title: 'The request was not received in time' },
  user_busy: { status: 409, title: 'The user has queued or running turns' },
  user_being_erased: { status: 409, title: 'The user is being erased' },
  turn_finished: { status: 409, title: 'The turn is already final' },
  changed: { status: 409, title: 'The review is about something else' },
  not_retryable: { status: 409, title: 'The turn cannot be retried' },
  already_decided: { status: 409, title: 'The review has already ended' },
  drafting: { status: 409, title: 'A new draft is being written' },
  revision_limit: { status: 409, title: 'The review has had all its new drafts' },
  claimed_by_other: { status: 409, title: 'Another reviewer has claimed the review' },
  webhook_limit: { status: 409, title: 'The maximum number of webhooks is reached' },
  webhook_disabled: { status: 409, title: 'The webhook is disabled' },
  review_expired: { status: 410, title: 'The deadline of the review has passed' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  unsupported_media_type: { status: 415, title: 'The type or encoding of the request body is not supported' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used with a different request body' },
  turn_failed: { status: 422, title: 'The turn failed and has no reply' },
  turn_cancelled: { status: 422, title: 'The turn was cancelled and has no reply' },
  turn_expired: { status: 422, title: 'The reply was not reviewed before the deadline' },
  turn_unfinished: { status: 422, title: 'The request ended before the turn was final' },
  rate_limited: { status: 429, title: 'The user has created too many turns in a minute' },
  budget_exhausted: { status: 429, title: 'A budget of tokens is exhausted' },
  user_queue_full: { status: 429, title: 'The user has too many queued turns' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal_error: { status: 500, title: 'An internal error occurred' },
  queue_full: { status: 503, title: 'Too many turns are queued' },
  outcome_unknown: { status: 503, title: 'The request may have been applied' },
  database_unavailable: { status: 503, title: 'The database is unavailable' },
  actors_unavailable: { status: 503, title: 'The actors are unavailable' },
  queues_unavailable: { status: 503, title: 'The queues are unavailable' },
  issuer_unavailable: { status: 503, title: 'The token issuer is unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Whether a path, which may have a query, belongs to OpenAI's API. */
export const isOpenAiPath = (path: string): boolean => /^\/v1(?=[/?]|$)/.test(path);

export const PROBLEM_TYPE = 'application/problem+json';

/** One validation error of the input. */
export interface Fault {
  /** JSON Pointer into the body, or `/path/…`, `/query/…`, `/header/…`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemExtras {
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Extension members of the document (RFC 9457, 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** The underlying error, for the log. */
  readonly cause?: unknown;
}

/** An error response. The outermost middleware writes it as problem+json. */
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

/** The problem for a request with these faults. */
export const invalidRequest = (errors: readonly Fault[]): Problem =>
  new Problem('invalid_request', `The request has ${errors.length === 1 ? '1 error' : `${errors.length} errors`}.`, {
    errors,
  });

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly errors?: readonly Fault[];
}

/** The problem as a JSON document. */
export function problemDocument({ code, message, errors, members }: Problem): ProblemDocument {
  const { status, title } = PROBLEMS[code];
  return { type: `/docs/errors#${code}`, title, status, detail: message, code, ...(errors && { errors }), ...members };
}

const RETRY_AFTER = { 'retry-after': '2' };

const UNAVAILABLE: Readonly<Record<Dependency, readonly [ProblemCode, string]>> = {
  database: ['database_unavailable', 'Nothing was changed. Retry the request.'],
  actors: ['actors_unavailable', 'The memory of users is unavailable. Retry the request.'],
  queues: ['queues_unavailable', 'The queues are unavailable. Retry the request.'],
};

const OUTCOME_UNKNOWN =
  'The request may have been applied: its outcome did not arrive. Repeat it with the same idempotency key.';

/** The problem for an unavailable dependency. */
export function unavailableProblem({ dependency, outcomeUnknown }: Unavailable): Problem {
  const [code, detail] = outcomeUnknown ? (['outcome_unknown', OUTCOME_UNKNOWN] as const) : UNAVAILABLE[dependency];
  return new Problem(code, detail, { headers: RETRY_AFTER });
}
