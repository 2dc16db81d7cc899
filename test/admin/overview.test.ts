// The overview of the whole deployment: it is read from rows and queues, so all processes return the same.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { sumByAssistant } from '../../src/domain/statistics.ts';
import { startApp } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { SCRIPTED_MODEL } from '../support/model.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import { decide, park } from '../reviews/support.ts';

interface OverviewJson {
  readonly turns: { queued: number; postponed: number; running: number; awaiting_review: number };
  readonly oldest_waiting_s: number | null;
  readonly queues_answer: boolean;
  readonly topics: {
    topic: string;
    waiting: number;
    active: number;
    failed: number;
    oldest_waiting_s: number | null;
  }[];
  readonly by_hour: { hour: string; by_status: Record<string, number> }[];
  readonly failures: { code: string; count: number }[];
  readonly assistants: {
    assistant: string;
    model: string | null;
    turns: number;
    failed: number;
    input_tokens: number;
    output_tokens: number;
  }[];
  readonly takeovers: number;
  readonly model: {
    requests: number;
    errors: number;
    latency_p50_s: number | null;
    latency_p95_s: number | null;
    input_tokens: number;
    output_tokens: number;
  };
  readonly outbox: { waiting: number; age_s: number };
}

const overviewOf = async (url: string): Promise<OverviewJson> => {
  const { status, body } = await call<OverviewJson>(url, '/admin/overview');
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

test('the overview of an empty deployment has zero counts and every topic', async (t) => {
  const { url } = await startApp(t);
  const overview = await overviewOf(url);
  t.deepEqual(overview.turns, { queued: 0, postponed: 0, running: 0, awaiting_review: 0 });
  t.is(overview.oldest_waiting_s, null);
  t.true(overview.queues_answer);
  t.deepEqual(overview.topics.map(({ topic }) => topic).toSorted(), [
    'chat-requests',
    'conversations',
    'human-review',
    'messages',
    'review-decisions',
    'summaries',
  ]);
  t.is(overview.by_hour.length, 48);
  t.deepEqual(overview.failures, []);
  t.deepEqual(overview.assistants, []);
  t.is(overview.takeovers, 0);
  t.deepEqual(overview.model, {
    requests: 0,
    errors: 0,
    latency_p50_s: null,
    latency_p95_s: null,
    input_tokens: 0,
    output_tokens: 0,
  });
});

test('final, failed, awaiting and retried turns are counted, with the same result at every ingress', async (t) => {
  const app = await startApp(t, { settings: { MODEL_MAX_ATTEMPTS: '2', WORKER_CONCURRENCY: '4' } });
  const { url, model } = app;
  const second = await startSecondIngress(t, app);
  for (const user of ['ann', 'bob']) await waitForTurn(url, (await chat(url, { user_id: user, text: 'Hi' })).turn_id);
  await park(url, 'carl', 'urgent');
  const { review } = await park(url, 'dora', 'urgent');
  await decide(url, review!.review_id, { decision: 'reject' });
  model.script(() => ({ status: 500 }));
  const failed = await waitForTurn(url, (await chat(url, { user_id: 'eve', text: 'Hi' })).turn_id);
  t.is(failed.status, 'failed');

  for (const base of [url, second.url]) {
    const overview = await overviewOf(base);
    t.deepEqual(overview.turns, { queued: 0, postponed: 0, running: 0, awaiting_review: 1 });
    const sum = (status: string) => overview.by_hour.reduce((all, { by_status }) => all + by_status[status]!, 0);
    t.deepEqual(['completed', 'rejected', 'failed', 'cancelled', 'expired'].map(sum), [2, 1, 1, 0, 0]);
    const hours = overview.by_hour.map(({ hour }) => Date.parse(hour));
    t.true(hours.slice(1).every((hour, n) => hour === hours[n]! + 3_600_000));
    t.true(Date.now() - hours.at(-1)! < 3_600_000 + 60_000);
    t.deepEqual(overview.failures, [{ code: 'model_unavailable', count: 1 }]);
    // Two completed turns, the rejected one, and two attempts of the failed one. The turn awaiting review is not final.
    t.is(overview.model.requests, 5);
    t.is(overview.model.errors, 2);
    t.true(overview.model.latency_p50_s! > 0 && overview.model.latency_p50_s! <= overview.model.latency_p95_s!);
    t.true(overview.model.input_tokens > 0 && overview.model.output_tokens > 0);
  }
});

test('queued turns and takeovers are counted', async (t) => {
  const app = await startApp(t);
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder.raw(`insert into turns (turn_id, user_id, session_id, seq, status, epoch, takeovers, text, metadata, tags, lease_until, created_at, finished_at)
    select gen_random_uuid(), 'user-' || n, gen_random_uuid(), 1, case n when 1 then 'running' else 'completed' end, 2 * n - 1, n - 1, 'x', '{}', '[]',
      case n when 1 then now() + interval '1 hour' end, now() - interval '3 minutes', case when n > 1 then now() - (n - 2) * interval '20 hours' end
    from generate_series(1, 4) n`);
  // Queued behind the running turn of the same user, so that no worker claims it.
  await builder.raw(`insert into turns (turn_id, user_id, session_id, seq, text, metadata, tags, created_at)
    values (gen_random_uuid(), 'user-1', gen_random_uuid(), 2, 'x', '{}', '[]', now() - interval '2 minutes')`);
  const overview = await overviewOf(app.url);
  t.like(overview.turns, { queued: 1, running: 1 });
  t.true(overview.oldest_waiting_s! >= 120 && overview.oldest_waiting_s! < 200);
  // One takeover of a turn that is final now, and two of one 20 hours ago. The turn of 40 hours ago is not counted, and a
  // claim that was released raises the epoch but is no takeover.
  t.is(overview.takeovers, 3);
});

test('while Redis is unavailable, the overview says so and still contains the counts of the rows', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'Hi' })).turn_id);
  await redis.stop();
  const overview = await overviewOf(url);
  t.false(overview.queues_answer);
  t.deepEqual(overview.topics, []);
  t.is(overview.by_hour.at(-1)!.by_status['completed']! + overview.by_hour.at(-2)!.by_status['completed']!, 1);
  await redis.restart();
  await eventually('the queues are available', async () => (await overviewOf(url)).queues_answer);
});

test('past hours are counted once and stay in the overview', async (t) => {
  const { url, databaseUrl } = await startApp(t);
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  let seq = 0;
  const addCompleted = (hoursAgo: number) =>
    builder.raw(
      `insert into turns (turn_id, user_id, session_id, seq, status, text, metadata, tags, finished_at)
       values (gen_random_uuid(), 'ann', gen_random_uuid(), ?, 'completed', 'x', '{}', '[]', now() - ?::float8 * interval '1 hour')`,
      [(seq += 1), hoursAgo],
    );
  const sum = async () =>
    (await overviewOf(url)).by_hour.reduce((all, { by_status: byStatus }) => all + byStatus['completed']!, 0);
  await addCompleted(0);
  await addCompleted(3);
  await addCompleted(40);
  await addCompleted(60);
  t.is(await sum(), 3);
  await addCompleted(0);
  t.is(await sum(), 4);
  t.is(await sum(), 4);
});

test('final turns are counted by assistant and model: failed ones without a model, and their tokens', async (t) => {
  const file = assistantsFile(t, {
    default: 'support',
    assistants: { support: {}, poet: { models: ['verse-1'] } },
  });
  const { url, model } = await startApp(t, { settings: { ASSISTANTS: file.path } });
  model.script(({ body, lastUserMessage }) => {
    if (lastUserMessage === 'break') return { status: 400 };
    return body['model'] === 'verse-1' ? { text: 'A long verse. '.repeat(50) } : {};
  });
  const settled = async (user: string, assistant: string | undefined, text: string) =>
    waitForTurn(url, (await chat(url, { user_id: user, text, assistant })).turn_id);
  const ann = await settled('ann', undefined, 'Hi');
  const bob = await settled('bob', 'support', 'Hi');
  const cleo = await settled('cleo', 'poet', 'Hi');
  await settled('dora', 'poet', 'break');
  await park(url, 'eve', 'urgent'); // Not final.
  t.deepEqual((await overviewOf(url)).assistants, [
    { assistant: 'poet', model: 'verse-1', turns: 1, failed: 0, ...cleo.usage! },
    {
      assistant: 'support',
      model: SCRIPTED_MODEL,
      turns: 2,
      failed: 0,
      input_tokens: ann.usage!.input_tokens + bob.usage!.input_tokens,
      output_tokens: ann.usage!.output_tokens + bob.usage!.output_tokens,
    },
    { assistant: 'poet', model: null, turns: 1, failed: 1, input_tokens: 0, output_tokens: 0 },
  ]);
});

test('the turns by assistant are those of exactly 24 hours; older versions named no assistant; at most 50 rows', async (t) => {
  const { url, databaseUrl } = await startApp(t);
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  const add = (user: string, assistant: string | null, hoursAgo: number[], tokens = 10) =>
    builder.raw(
      `insert into turns (turn_id, user_id, session_id, seq, status, assistant, model, input_tokens, output_tokens, text, metadata, tags, finished_at)
       select gen_random_uuid(), ?, gen_random_uuid(), row_number() over (), 'completed', ?::text, 'm', ?::int8, 1, 'x', '{}', '[]', now() - ago * interval '1 hour'
       from unnest(?::float8[]) ago`,
      [user, assistant, tokens, hoursAgo],
    );
  await add('ann', null, [0, 0.9, 23.95, 24.05, 30]);
  await add('bob', 'turnkeeper', [5, 5.5, 12]);
  const expected = { assistant: 'turnkeeper', model: 'm', turns: 6, failed: 0, input_tokens: 60, output_tokens: 6 };
  t.deepEqual((await overviewOf(url)).assistants, [expected]);
  // The hours that are over come from the cache, and the rest is counted again.
  await add('cleo', 'turnkeeper', [0, 0]);
  t.deepEqual((await overviewOf(url)).assistants, [{ ...expected, turns: 8, input_tokens: 80, output_tokens: 8 }]);
  for (let n = 1; n <= 55; n += 1) await add(`user-${n}`, `assistant-${n}`, [0], 1_000 * n);
  const { assistants } = await overviewOf(url);
  t.is(assistants.length, 50);
  t.deepEqual([assistants[0]!.assistant, assistants.at(-1)!.assistant], ['assistant-55', 'assistant-6']);
});

test('counts of several hours are added by assistant and model, most tokens first, then most turns', (t) => {
  const count = (assistant: string, model: string | null, turns: number, tokens: number) => ({
    assistant,
    model,
    turns,
    failed: model === null ? turns : 0,
    inputTokens: tokens,
    outputTokens: tokens * 2,
  });
  const counts = [count('a', 'm', 1, 5), count('b', null, 2, 0), count('a', 'm', 2, 6), count('b', 'm', 1, 20)];
  counts.push(count('a', null, 3, 0), count('b', null, 2, 0), count('c', null, 4, 0));
  t.deepEqual(sumByAssistant(counts, 4), [
    count('b', 'm', 1, 20),
    count('a', 'm', 3, 11),
    count('b', null, 4, 0),
    count('c', null, 4, 0),
  ]);
});
