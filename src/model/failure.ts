// Converts errors of the openai SDK to ModelErrors. Pure.
import { APIConnectionError, APIError } from 'openai';
import { dateAheadMs, retryAfterMs as headerMs } from '../domain/retry-after.ts';
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
  const exact = headers?.get('retry-after-ms')?.trim() ?? '';
  return /^\d+(?:\.\d+)?$/.test(exact) ? Number(exact) : headerMs(headers?.get('retry-after'), now);
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/;
/** A larger number of seconds is a point in time. So is a larger number of its milliseconds. */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e12;

/** Milliseconds of a `6m0s`, of a number of seconds, or until a point in time; null: invalid. */
function resetMs(value: string, now: number): number | null {
  if (DURATION.test(value))
    return [...value.matchAll(/([\d.]+)(ms|[dhms])/g)].reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit!]!,
      0,
    );
  if (!/^\d+(?:\.\d+)?$/.test(value)) return dateAheadMs(value, now);
  const number = Number(value);
  if (number < EPOCH_S) return number * 1_000;
  return Math.max(0, (number < EPOCH_MS ? number * 1_000 : number) - now);
}

const RESET = /^x-ratelimit-reset(-.+)?$/;

/** Milliseconds until a rate limit allows another request, from `x-ratelimit-reset-requests`, `…-tokens` and the like;
 *  null: no valid header. Limits that are used up must all be reset. If none of them says that it is, the first one to be
 *  reset may be enough. */
export function rateLimitResetMs(headers: Headers | undefined, now: number): number | null {
  const limits = [...(headers ?? [])].flatMap(([name, value]) => {
    const [found, kind = ''] = RESET.exec(name) ?? [];
    const ms = found === undefined ? null : resetMs(value.trim(), now);
    return ms === null ? [] : [{ ms, isUsedUp: headers!.get(`x-ratelimit-remaining${kind}`)?.trim() === '0' }];
  });
  const usedUp = limits.filter(({ isUsedUp }) => isUsedUp);
  if (usedUp.length > 0) return Math.max(...usedUp.map(({ ms }) => ms));
  return limits.length > 0 ? Math.min(...limits.map(({ ms }) => ms)) : null;
}

/** Milliseconds that the response asks us to wait; null: it does not. Other responses than 429 have the state of the rate
 *  limits too, but no need to wait for them. */
function waitOf({ status, headers }: APIError, now: number): number | null {
  const found = headers;
  return retryAfterMs(found, now) ?? (status === 429 ? rateLimitResetMs(found, now) : null);
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
      retryAfterMs: waitOf(error as APIError, now),
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
