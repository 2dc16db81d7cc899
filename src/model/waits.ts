// How long a response asks us to wait before the next call. Pure.
import { dateAheadMs, longestOf, retryAfterMs as headerMs } from '../domain/retry-after.ts';

const NUMBER = /^\d+(?:\.\d+)?$/;

/** Milliseconds from `retry-after-ms`, or from `retry-after` in seconds or as a date; null: no valid header. */
export function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const exact = longestOf(headers?.get('retry-after-ms'), (value) => (NUMBER.test(value) ? Number(value) : null));
  return exact ?? headerMs(headers?.get('retry-after'), now);
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
  if (!NUMBER.test(value)) return dateAheadMs(value, now);
  const number = Number(value);
  if (number < EPOCH_S) return number * 1_000;
  return Math.max(0, (number < EPOCH_MS ? number * 1_000 : number) - now);
}

const RESET = /^x-ratelimit-reset(-.+)?$/;
/** Nothing remains, or less. */
const USED_UP = /^(?:0+(?:\.0+)?|-.+)$/;

/** Milliseconds until a rate limit allows another request, from `x-ratelimit-reset-requests`, `…-tokens` and the like;
 *  null: no valid header. Limits that are used up must all be reset. If none of them says that it is, the first one to be
 *  reset may be enough. */
export function rateLimitResetMs(headers: Headers | undefined, now: number): number | null {
  const limits = [...(headers ?? [])].flatMap(([name, value]) => {
    const [found, kind = ''] = RESET.exec(name) ?? [];
    const ms = found === undefined ? null : longestOf(value.trim(), (each) => resetMs(each, now));
    return ms === null
      ? []
      : [{ ms, isUsedUp: USED_UP.test(headers!.get(`x-ratelimit-remaining${kind}`)?.trim() ?? '') }];
  });
  const usedUp = limits.filter(({ isUsedUp }) => isUsedUp);
  if (usedUp.length > 0) return Math.max(...usedUp.map(({ ms }) => ms));
  return limits.length > 0 ? Math.min(...limits.map(({ ms }) => ms)) : null;
}

/** Milliseconds that the response asks us to wait; null: it does not. Other responses than 429 have the state of the rate
 *  limits too, but no need to wait for them. */
export const waitOf = (status: number | undefined, headers: Headers | undefined, now: number): number | null =>
  retryAfterMs(headers, now) ?? (status === 429 ? rateLimitResetMs(headers, now) : null);
