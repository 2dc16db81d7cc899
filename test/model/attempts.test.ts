import test from 'ava';
import { backoffMs, completeWithRetries } from '../../src/model/attempts.ts';
import { retryAfterMs } from '../../src/model/failure.ts';
import { ModelError, type Model } from '../../src/model/model.ts';

test('the backoff grows, has jitter, and is capped', (t) => {
  t.is(backoffMs(1, null, 1), 500);
  t.is(backoffMs(1, null, 0), 250);
  t.is(backoffMs(3, null, 1), 2_000);
  t.is(backoffMs(30, null, 1), 20_000);
});

test('the wait that the endpoint asks for is used, up to a maximum', (t) => {
  t.is(backoffMs(1, 3_000, 0.5), 3_000);
  t.is(backoffMs(1, 3_600_000, 0.5), 60_000);
});

test('Retry-After is read in milliseconds, in seconds and as a date', (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  t.is(retryAfterMs(new Headers({ 'retry-after-ms': '120', 'retry-after': '9' }), now), 120);
  t.is(retryAfterMs(new Headers({ 'retry-after': '9' }), now), 9_000);
  t.is(retryAfterMs(new Headers({ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }), now), 5_000);
  t.is(retryAfterMs(new Headers({ 'retry-after': 'Thu, 01 Jan 2025 00:00:00 GMT' }), now), 0);
  t.is(retryAfterMs(new Headers({ 'retry-after': 'soon' }), now), null);
  t.is(retryAfterMs(new Headers(), now), null);
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
