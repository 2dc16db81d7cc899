import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { backoffMs, completeWithRetries, sideAttempts, type Attempts, type Pause } from '../../src/model/attempts.ts';
import { rateLimitResetMs, retryAfterMs } from '../../src/model/waits.ts';
import { ModelError, type Model } from '../../src/model/model.ts';

test('the backoff grows, has jitter, and is capped', (t) => {
  t.is(backoffMs(1, null, 1), 500);
  t.is(backoffMs(1, null, 0), 250);
  t.is(backoffMs(3, null, 1), 2_000);
  t.is(backoffMs(30, null, 1), 20_000);
});

test('the wait that the endpoint asks for is used, and one beyond the time left is not waited for', (t) => {
  t.is(backoffMs(1, 3_000, 0.5, 120_000), 3_000);
  t.is(backoffMs(1, 90_000, 0.5, 120_000), 90_000);
  t.is(backoffMs(1, 120_000, 0.5, 120_000), 120_000);
  t.is(backoffMs(1, 120_001, 0.5, 120_000), null);
  t.is(backoffMs(1, null, 1, 200), 200, 'the last attempt begins when the time ends');
  t.is(backoffMs(1, null, 1, 0), null);
  t.is(backoffMs(1, 0, 1, -1), null);
});

test('an endpoint that asks for no wait again and again is not called without pause', (t) => {
  t.deepEqual(
    [1, 2, 3, 4, 5, 6, 20].map((failed) => backoffMs(failed, 0, 1)),
    [0, 0, 0, 500, 1_000, 2_000, 20_000],
  );
  t.is(backoffMs(20, 30_000, 1), 30_000);
});

test('Retry-After is read in milliseconds, in seconds and as a date', (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  t.is(retryAfterMs(new Headers({ 'retry-after-ms': '120', 'retry-after': '9' }), now), 120);
  t.is(retryAfterMs(new Headers({ 'retry-after': '9' }), now), 9_000);
  t.is(retryAfterMs(new Headers({ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }), now), 5_000);
  t.is(retryAfterMs(new Headers({ 'retry-after': 'Thu, 01 Jan 2025 00:00:00 GMT' }), now), 0);
  t.is(retryAfterMs(new Headers({ 'retry-after': 'soon' }), now), null);
  t.is(retryAfterMs(new Headers({ 'retry-after-ms': '', 'retry-after': '9' }), now), 9_000);
  t.is(retryAfterMs(new Headers({ 'retry-after-ms': '-1', 'retry-after': '' }), now), null);
  t.is(retryAfterMs(new Headers(), now), null);
  // Several fields of one name: each server on the way may add one.
  t.is(retryAfterMs(new Headers({ 'retry-after': '120, 5, -1' }), now), 120_000);
  t.is(retryAfterMs(new Headers({ 'retry-after-ms': '1500, 900' }), now), 1_500);
  const dates = ['Thu, 01 Jan 2026 00:00:05 GMT', 'Thursday, 01-Jan-26 00:00:09 GMT', '2'].join(', ');
  t.is(retryAfterMs(new Headers({ 'retry-after': dates }), now), 9_000);
  t.is(retryAfterMs(new Headers({ 'retry-after': `${'9'.repeat(400)}, 1` }), now), Infinity);
});

test('an abort during the backoff rejects with the reason of the signal, and no further attempt is made', async (t) => {
  const controller = new AbortController();
  const reason = new Error('the claim was lost');
  let calls = 0;
  const model: Model = {
    async complete() {
      calls += 1;
      setTimeout(() => controller.abort(reason), 20);
      throw new ModelError('model_unavailable', 'unavailable', { retryable: true, retryAfterMs: 10_000 });
    },
  };
  const request = { messages: [], signal: controller.signal };
  t.is(await t.throwsAsync(completeWithRetries(model, request, { max: 3 })), reason);
  t.is(calls, 1);
});

test('the time until a rate limit is reset is read in every notation, and the limits that are used up count', (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const msOf = (headers: Record<string, string>) => rateLimitResetMs(new Headers(headers), now);
  for (const [value, ms] of [
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['120ms', 120],
    ['7.66s', 7_660],
    ['1d', 86_400_000],
    ['30', 30_000],
    ['0.5', 500],
    [String(now / 1000 + 20), 20_000],
    [String(now + 20_000), 20_000],
    [String(now / 1000 - 20), 0],
    ['2026-01-01T00:00:05Z', 5_000],
    ['soon', null],
    ['5x', null],
    ['', null],
  ] as const)
    t.is(msOf({ 'x-ratelimit-reset-requests': value }), ms, value);
  const both = { 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-reset-tokens': '6m0s' };
  t.is(msOf({ ...both, 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-remaining-tokens': '900' }), 1_000);
  t.is(msOf({ ...both, 'x-ratelimit-remaining-requests': '59', 'x-ratelimit-remaining-tokens': '0' }), 360_000);
  t.is(msOf({ ...both, 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-remaining-tokens': '0' }), 360_000);
  t.is(msOf(both), 1_000);
  for (const used of ['0', '0.0', '-5'])
    t.is(msOf({ ...both, 'x-ratelimit-remaining-tokens': used }), 360_000, `${used} remain`);
  t.is(msOf({ 'x-ratelimit-reset-tokens': '1s, 6m0s' }), 360_000);
  t.is(msOf({ 'x-ratelimit-reset': '3', 'x-ratelimit-remaining': '0' }), 3_000);
  t.is(msOf({ 'x-ratelimit-limit-requests': '60' }), null);
});

/** Runs a call whose attempts all fail with this error, and returns the number of attempts and the milliseconds. */
async function failing(
  failure: ModelError,
  attempts: Attempts,
): Promise<{ readonly calls: number; readonly ms: number; readonly pauses: readonly number[] }> {
  let calls = 0;
  const pauses: number[] = [];
  const model: Model = {
    async complete() {
      calls += 1;
      throw failure;
    },
  };
  const pause: Pause = async (ms) => {
    pauses.push(ms);
    await sleep(ms);
  };
  const from = performance.now();
  const request = { messages: [], signal: new AbortController().signal };
  await Promise.allSettled([completeWithRetries(model, request, { ...attempts, pause })]);
  return { calls, ms: performance.now() - from, pauses };
}

test('a call is retried until its time ends, and the number of attempts is a further limit', async (t) => {
  const unavailable = new ModelError('model_unavailable', 'no', { retryable: true, retryAfterMs: null });
  const all = await failing(unavailable, { max: null, forMs: 2_000 });
  t.true(all.ms >= 1_990 && all.ms < 3_000 && all.calls >= 3, JSON.stringify(all));
  t.is((await failing(unavailable, { max: 2, forMs: 60_000 })).calls, 2);
  t.is((await failing(unavailable, { max: null, forMs: 0 })).calls, 1);
  t.is((await failing(unavailable, { max: null, forMs: -5 })).calls, 1, 'the first attempt is always made');
  const later = new ModelError('model_rate_limited', 'no', { retryable: true, retryAfterMs: 5_000 });
  t.deepEqual((await failing(later, { max: null, forMs: 4_000 })).pauses, [], 'fails at once');
  const refused = new ModelError('model_refused', 'no', { retryable: false });
  t.is((await failing(refused, { max: null, forMs: 60_000 })).calls, 1);
});

test('a malformed reply, moderation and a summary have at most four attempts', async (t) => {
  const soon = { retryable: true, retryAfterMs: 1 };
  const malformed = new ModelError('model_malformed_reply', 'no', soon);
  t.is((await failing(malformed, { max: null, forMs: 60_000 })).calls, 4);
  t.is((await failing(malformed, { max: 3, forMs: 60_000 })).calls, 3);
  const unavailable = new ModelError('model_unavailable', 'no', soon);
  t.is((await failing(unavailable, sideAttempts(null, 60_000))).calls, 4);
  t.is((await failing(unavailable, sideAttempts(9, 60_000))).calls, 4);
  t.is((await failing(unavailable, sideAttempts(2, 60_000))).calls, 2);
});
