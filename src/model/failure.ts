// Converts errors of the openai SDK to ModelErrors. Pure.
import { APIConnectionError, APIError } from 'openai';
import { ModelError, type ModelErrorCode } from './model.ts';

interface Meaning {
  readonly code: ModelErrorCode;
  readonly detail: string;
  readonly retryable: boolean;
}

/** Statuses with a specific meaning. Any other 4xx is a fault of our request, any other 5xx one of the endpoint. */
const BY_STATUS: Readonly<Record<number, Meaning>> = {
  401: { code: 'model_unauthorized', detail: 'the model endpoint refused the key', retryable: false },
  403: { code: 'model_unauthorized', detail: 'the model endpoint denied access', retryable: false },
  404: { code: 'model_not_found', detail: 'the model endpoint does not know the model or the path', retryable: false },
  408: { code: 'model_timeout', detail: 'the model endpoint timed out', retryable: true },
  409: { code: 'model_unavailable', detail: 'the model endpoint reported a conflict', retryable: true },
  429: {
    code: 'model_rate_limited',
    detail: 'the model endpoint accepts no more requests at the moment',
    retryable: true,
  },
};
const CLIENT_FAULT: Meaning = {
  code: 'model_invalid_request',
  detail: 'the model endpoint refused the request',
  retryable: false,
};
const SERVER_FAULT: Meaning = { code: 'model_unavailable', detail: 'the model endpoint failed', retryable: true };

/** Error codes in the body by which endpoints refuse the content. */
const REFUSALS = new Set(['content_filter', 'content_policy_violation', 'moderation_blocked']);
/** Error codes of a 429 that does not end by waiting. */
const EXHAUSTED = new Set(['insufficient_quota', 'billing_hard_limit_reached']);

/** Milliseconds from `retry-after-ms`, or from `retry-after` in seconds or as a date; null: no valid header. */
export function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const exact = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const value = headers?.get('retry-after');
  if (value === null || value === undefined) return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function meaningOf(error: APIError): Meaning {
  const { status, code } = error;
  if (REFUSALS.has(code ?? ''))
    return { code: 'model_refused', detail: 'the model endpoint refused the content', retryable: false };
  if (EXHAUSTED.has(code ?? ''))
    return { code: 'model_rate_limited', detail: 'the quota at the model endpoint is used up', retryable: false };
  if (status === undefined) return SERVER_FAULT;
  return BY_STATUS[status] ?? (status >= 400 && status < 500 ? CLIENT_FAULT : SERVER_FAULT);
}

/** Converts any error of an attempt to a ModelError. `timedOut`: our own timeout ended the attempt. */
export function failureOf(error: unknown, timedOut: boolean, now: number): ModelError {
  if (error instanceof ModelError) return error;
  if (timedOut)
    return new ModelError('model_timeout', 'the model did not answer in time', { retryable: true, cause: error });
  if (error instanceof APIConnectionError) {
    return new ModelError('model_unavailable', 'the model endpoint cannot be reached', {
      retryable: true,
      cause: error,
    });
  }
  if (error instanceof APIError) {
    const { code, detail, retryable } = meaningOf(error as APIError);
    return new ModelError(code, detail, {
      retryable,
      retryAfterMs: retryAfterMs(error.headers as Headers | undefined, now),
      cause: error,
    });
  }
  if (error instanceof SyntaxError) {
    return new ModelError('model_malformed_reply', 'the model endpoint sent an invalid response', {
      retryable: true,
      cause: error,
    });
  }
  // If the connection breaks during a stream, the error is one of the transport.
  return new ModelError('model_unavailable', 'the connection to the model endpoint broke', {
    retryable: true,
    cause: error,
  });
}
