import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { chat, eventually, waitForTurn } from '../support/client.ts';
import type { ModelScript } from '../support/model.ts';

interface Row {
  readonly what: string;
  readonly script: ModelScript;
  readonly code: string;
  /** Model calls until the turn fails. MODEL_MAX_ATTEMPTS is 2 in this test. */
  readonly calls: 1 | 2;
}

const FAILURES: readonly Row[] = [
  { what: '400', script: { status: 400 }, code: 'model_invalid_request', calls: 1 },
  { what: '401', script: { status: 401 }, code: 'model_unauthorized', calls: 1 },
  { what: '403', script: { status: 403 }, code: 'model_unauthorized', calls: 1 },
  { what: '404', script: { status: 404 }, code: 'model_not_found', calls: 1 },
  { what: '422', script: { status: 422 }, code: 'model_invalid_request', calls: 1 },
  {
    what: 'a content refusal by status',
    script: { status: 400, code: 'content_filter' },
    code: 'model_refused',
    calls: 1,
  },
  {
    what: 'a content refusal in the stream',
    script: { finishReason: 'content_filter' },
    code: 'model_refused',
    calls: 1,
  },
  {
    what: 'an exhausted quota',
    script: { status: 429, code: 'insufficient_quota' },
    code: 'model_quota_exhausted',
    calls: 1,
  },
  { what: '402', script: { status: 402 }, code: 'model_quota_exhausted', calls: 1 },
  {
    what: 'a prompt that is too long',
    script: { status: 400, code: 'context_length_exceeded' },
    code: 'model_context_too_long',
    calls: 1,
  },
  {
    what: 'an unknown end',
    script: { finishReason: 'insufficient_system_resource' },
    code: 'model_unavailable',
    calls: 2,
  },
  {
    what: 'an empty end',
    script: { finishReason: '', body: (body) => body.replace('data: [DONE]', '') },
    code: 'model_unavailable',
    calls: 2,
  },
  {
    what: 'a page',
    script: { type: 'text/html', body: () => '<!doctype html>' },
    code: 'model_malformed_reply',
    calls: 1,
  },
  {
    what: 'an error in a stream',
    script: { body: () => 'data: {"error":{"code":400}}\n\n' },
    code: 'model_invalid_request',
    calls: 1,
  },
  { what: '429', script: { status: 429, headers: { 'retry-after-ms': '10' } }, code: 'model_rate_limited', calls: 2 },
  { what: '500', script: { status: 500, headers: { 'retry-after-ms': '10' } }, code: 'model_unavailable', calls: 2 },
  { what: '503', script: { status: 503, headers: { 'retry-after-ms': '10' } }, code: 'model_unavailable', calls: 2 },
  { what: 'a reset', script: { reset: true }, code: 'model_unavailable', calls: 2 },
  { what: 'a reset in mid-stream', script: { reset: 2 }, code: 'model_unavailable', calls: 2 },
  { what: 'a malformed stream', script: { malformed: true }, code: 'model_malformed_reply', calls: 2 },
  { what: 'an empty reply', script: { text: '' }, code: 'model_malformed_reply', calls: 2 },
  { what: 'silence', script: { hang: true }, code: 'model_timeout', calls: 2 },
  { what: 'silence in mid-stream', script: { hang: 2 }, code: 'model_timeout', calls: 2 },
  { what: 'a trickle', script: { text: 'word '.repeat(200), trickleMs: 100 }, code: 'model_timeout', calls: 2 },
];

test('each kind of model failure fails its turn with its own error code, and the next turn runs', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_TIMEOUT_S: '1', MODEL_MAX_ATTEMPTS: '2' } });
  const scripts = new Map(FAILURES.map(({ what, script }) => [what, script]));
  model.script((call) => (call.kind === 'chat' ? (scripts.get(call.lastUserMessage) ?? {}) : {}));
  await Promise.all(
    FAILURES.map(async ({ what, code, calls }, index) => {
      const userId = `user-${index}`;
      const failing = await chat(url, { user_id: userId, text: what });
      const behind = await chat(url, { user_id: userId, text: `behind ${what}` });
      const failed = await waitForTurn(url, failing.turn_id);
      t.like(failed, { status: 'failed', reply: null, attempts: calls, error: { code } }, what);
      t.is(model.count(what), calls, what);
      t.like(await waitForTurn(url, behind.turn_id), { status: 'completed', reply: `echo: behind ${what}` }, what);
    }),
  );
});

test('a transient failure is retried, and the completed turn has the number of attempts', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => (call.attempt < 3 ? { status: 500, headers: { 'retry-after-ms': '10' } } : {}));
  const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'third time lucky' })).turn_id);
  t.like(turn, { status: 'completed', reply: 'echo: third time lucky', attempts: 3 });
});

test('a retry waits as long as Retry-After asks', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => (call.attempt === 1 ? { status: 429, headers: { 'retry-after': '2' } } : {}));
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'patience' })).turn_id);
  const [first, second] = model.chatCalls;
  t.true(second!.at - first!.at >= 1_950, `${second!.at - first!.at} ms`);
});

test('a failed turn is not part of the history in the next prompt', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => (call.lastUserMessage === 'bad' ? { status: 400 } : {}));
  const bad = await chat(url, { user_id: 'ann', text: 'bad' });
  const good = await chat(url, { user_id: 'ann', text: 'good', metadata: { session_id: bad.session_id } });
  await waitForTurn(url, good.turn_id);
  const contents = model.chatCalls.at(-1)!.messages.map(({ content }) => content);
  t.false(contents.includes('bad'));
});

test('while a turn waits for the model, its user waits in order and other users are answered', async (t) => {
  const { url, model } = await startApp(t, { settings: { WORKER_CONCURRENCY: '1', REVIEW_KEYWORDS: 'none' } });
  model.script(({ kind, lastUserMessage, attempt }) =>
    kind === 'chat' && lastUserMessage === 'first' && attempt === 1
      ? { status: 429, headers: { 'x-ratelimit-reset-requests': '3s', 'x-ratelimit-remaining-requests': '0' } }
      : {},
  );
  const first = await chat(url, { user_id: 'ann', text: 'first' });
  const second = await chat(url, { user_id: 'ann', text: 'second' });
  await eventually('the first call', async () => model.count('first') === 1);
  const other = await waitForTurn(url, (await chat(url, { user_id: 'ben', text: 'other' })).turn_id);
  t.is(model.count('first'), 1, 'the other user did not wait');
  const [done, after] = [await waitForTurn(url, first.turn_id), await waitForTurn(url, second.turn_id)];
  t.deepEqual(
    [other, done, after].map(({ status }) => status),
    ['completed', 'completed', 'completed'],
  );
  t.is(done.attempts, 2);
  const [one, two] = model.chatCalls.filter(({ lastUserMessage }) => lastUserMessage === 'first');
  t.true(two!.at - one!.at >= 2_950, `${two!.at - one!.at} ms`);
  t.true(model.chatCalls.find(({ lastUserMessage }) => lastUserMessage === 'second')!.at >= two!.at);
});

test('a turn is retried for MODEL_RETRY_S, and a Retry-After beyond it fails the turn at once', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_RETRY_S: '3', REVIEW_KEYWORDS: 'none' } });
  model.script(({ lastUserMessage }) =>
    lastUserMessage === 'later' ? { status: 429, headers: { 'retry-after': '4' } } : { status: 503 },
  );
  const later = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'later' })).turn_id);
  t.like(later, { status: 'failed', attempts: 1, error: { code: 'model_rate_limited' } });
  const down = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'down' })).turn_id);
  t.like(down, { status: 'failed', error: { code: 'model_unavailable' } });
  const calls = model.chatCalls.filter(({ lastUserMessage }) => lastUserMessage === 'down');
  t.is(down.attempts, calls.length);
  const ms = calls.at(-1)!.at - calls[0]!.at;
  t.true(calls.length >= 3 && ms >= 2_800 && ms < 6_000, `${calls.length} calls in ${ms} ms`);
});

test('with MODEL_RETRY_S=0 no model call is repeated', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_RETRY_S: '0', REVIEW_KEYWORDS: 'none' } });
  model.script(() => ({ status: 500 }));
  for (let number = 0; number < 10; number += 1) {
    const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: `m${number}` })).turn_id);
    t.is(turn.attempts, 1);
  }
});

test('the time of a turn counts from its first claim, over all claims, and not while it is queued', async (t) => {
  const settings = { MODEL_RETRY_S: '60', REVIEW_KEYWORDS: 'none', WORKER_CONCURRENCY: '1' };
  const { url, model, databaseUrl } = await startApp(t, { settings });
  const blocked = Promise.withResolvers<void>();
  model.script(async ({ kind, lastUserMessage, attempt }) => {
    if (lastUserMessage === 'blocking') await blocked.promise;
    return kind === 'chat' && lastUserMessage !== 'blocking' && attempt === 1 ? { status: 503 } : {};
  });
  await chat(url, { user_id: 'cleo', text: 'blocking' });
  await eventually('the place is taken', async () => model.count('blocking') === 1);
  const claimed = await chat(url, { user_id: 'ann', text: 'claimed before' });
  const queued = await chat(url, { user_id: 'ben', text: 'queued' });
  const builder = await connect(databaseUrl, { poolSize: 1 });
  await builder.raw("update turns set created_at = now() - interval '90 seconds' where status = 'queued'");
  await builder.raw("update turns set retry_from = now() - interval '80 seconds' where turn_id = ?", [claimed.turn_id]);
  await builder.destroy();
  blocked.resolve();
  t.like(await waitForTurn(url, claimed.turn_id), { status: 'failed', attempts: 1 });
  t.like(await waitForTurn(url, queued.turn_id), { status: 'completed', attempts: 2 });
});
