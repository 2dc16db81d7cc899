// The operators' look at the whole deployment: counted from rows and queues, and true whatever process is asked.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { call, chat, ended, eventually } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import { decide, park } from '../reviews/support.ts';

interface OverviewJson {
  readonly turns: { queued: number; running: number; awaiting_review: number };
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

const look = async (url: string): Promise<OverviewJson> => {
  const { status, body } = await call<OverviewJson>(url, '/admin/overview');
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
};

test('of nothing there is nothing to see, and every topic is named', async (t) => {
  const { url } = await startApp(t);
  const seen = await look(url);
  t.deepEqual(seen.turns, { queued: 0, running: 0, awaiting_review: 0 });
  t.is(seen.oldest_waiting_s, null);
  t.true(seen.queues_answer);
  t.deepEqual(seen.topics.map(({ topic }) => topic).toSorted(), [
    'chat-requests',
    'conversations',
    'human-review',
    'messages',
    'review-decisions',
    'summaries',
  ]);
  t.is(seen.by_hour.length, 48);
  t.deepEqual(seen.failures, []);
  t.is(seen.takeovers, 0);
  t.deepEqual(seen.model, {
    requests: 0,
    errors: 0,
    latency_p50_s: null,
    latency_p95_s: null,
    input_tokens: 0,
    output_tokens: 0,
  });
});

test('what ended, failed, waits and was retried is counted, the same at every ingress', async (t) => {
  const app = await startApp(t, { settings: { MODEL_MAX_ATTEMPTS: '2', WORKER_CONCURRENCY: '4' } });
  const { url, model } = app;
  const second = await startSecondIngress(t, app);
  for (const user of ['ann', 'bob']) await ended(url, (await chat(url, { user_id: user, text: 'Hi' })).turn_id);
  await park(url, 'carl', 'urgent');
  const { review } = await park(url, 'dora', 'urgent');
  await decide(url, review!.review_id, { decision: 'reject' });
  model.script(() => ({ status: 500 }));
  const failed = await ended(url, (await chat(url, { user_id: 'eve', text: 'Hi' })).turn_id);
  t.is(failed.status, 'failed');

  for (const base of [url, second.url]) {
    const seen = await look(base);
    t.deepEqual(seen.turns, { queued: 0, running: 0, awaiting_review: 1 });
    const sum = (status: string) => seen.by_hour.reduce((all, { by_status }) => all + by_status[status]!, 0);
    t.deepEqual(['completed', 'rejected', 'failed', 'cancelled', 'expired'].map(sum), [2, 1, 1, 0, 0]);
    const hours = seen.by_hour.map(({ hour }) => Date.parse(hour));
    t.true(hours.slice(1).every((hour, n) => hour === hours[n]! + 3_600_000));
    t.true(Date.now() - hours.at(-1)! < 3_600_000 + 60_000);
    t.deepEqual(seen.failures, [{ code: 'model_unavailable', count: 1 }]);
    // Two, the rejected one, and two attempts of the failed one; what waits for a person has not ended.
    t.is(seen.model.requests, 5);
    t.is(seen.model.errors, 2);
    t.true(seen.model.latency_p50_s! > 0 && seen.model.latency_p50_s! <= seen.model.latency_p95_s!);
    t.true(seen.model.input_tokens > 0 && seen.model.output_tokens > 0);
  }
});

test('turns that wait, takeovers and events that lie about are seen', async (t) => {
  const app = await startApp(t);
  const builder = await connect(app.databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder.raw(`insert into turns (turn_id, user_id, session_id, seq, status, epoch, text, metadata, tags, lease_until, created_at, finished_at)
    select gen_random_uuid(), 'user-' || n, gen_random_uuid(), 1, case n when 1 then 'running' else 'completed' end, n, 'x', '{}', '[]',
      case n when 1 then now() + interval '1 hour' end, now() - interval '3 minutes', case when n > 1 then now() - (n - 2) * interval '20 hours' end
    from generate_series(1, 4) n`);
  // Behind the running one of the same user, so that nobody takes it.
  await builder.raw(`insert into turns (turn_id, user_id, session_id, seq, text, metadata, tags, created_at)
    values (gen_random_uuid(), 'user-1', gen_random_uuid(), 2, 'x', '{}', '[]', now() - interval '2 minutes')`);
  const seen = await look(app.url);
  t.like(seen.turns, { queued: 1, running: 1 });
  t.true(seen.oldest_waiting_s! >= 120 && seen.oldest_waiting_s! < 200);
  // Epoch 2 just now, 3 twenty hours ago; 4 is longer ago than a day.
  t.is(seen.takeovers, 3);
});

test('while Redis is away the rows are still told, and that it is away', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  await ended(url, (await chat(url, { user_id: 'ann', text: 'Hi' })).turn_id);
  await redis.stop();
  const away = await look(url);
  t.false(away.queues_answer);
  t.deepEqual(away.topics, []);
  t.is(away.by_hour.at(-1)!.by_status['completed']! + away.by_hour.at(-2)!.by_status['completed']!, 1);
  await redis.restart();
  await eventually('it answers again', async () => (await look(url)).queues_answer);
});

test('hours that are over are counted once, and still told', async (t) => {
  const { url, databaseUrl } = await startApp(t);
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  let seq = 0;
  const end = (hoursAgo: number) =>
    builder.raw(
      `insert into turns (turn_id, user_id, session_id, seq, status, text, metadata, tags, finished_at)
       values (gen_random_uuid(), 'ann', gen_random_uuid(), ?, 'completed', 'x', '{}', '[]', now() - ? * interval '1 hour')`,
      [(seq += 1), hoursAgo],
    );
  const sum = async () =>
    (await look(url)).by_hour.reduce((all, { by_status: byStatus }) => all + byStatus['completed']!, 0);
  await end(0);
  await end(3);
  await end(40);
  await end(60);
  t.is(await sum(), 3);
  await end(0);
  t.is(await sum(), 4);
  t.is(await sum(), 4);
});
