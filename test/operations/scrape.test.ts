// The scrape of a real process with all roles contains the metrics of the alerts and the dashboard.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isAvailable } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { startRoles } from '../support/roles.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { park } from '../reviews/support.ts';
import { register, startReceiver } from '../webhooks/support.ts';
import { alerts, dashboard, namedIn } from './queries.ts';
import { scrapeOf, type Scraped } from './scrape.ts';

/** Metrics of the pub/sub bridge, which a process with the embedded runtime does not have. */
const WITH_DAPR = ['turnkeeper_edge_away', 'turnkeeper_edge_events_published_total'];
/** Counters that exist only after their first event, which does not occur in this test. */
const RARE = ['turnkeeper_edge_events_refused_total'];
const CANARY = 'canary-in-user-text';

const queriedMetrics = new Set(
  [
    ...alerts().map(({ expr }) => expr),
    ...dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ].flatMap((expr) => namedIn(expr).metrics),
);
queriedMetrics.delete('up');

const urlIn = (output: string) => /metrics {3}(\S+)\/metrics/.exec(output)![1]!;

function missing(scraped: Scraped, names: readonly string[]): string[] {
  const present = new Set(scraped.samples.map(({ name }) => name));
  return names.filter((name) => !present.has(name));
}

test('the scrape of a real process contains all metrics of alerts and dashboard, and no user data', async (t) => {
  t.timeout(120_000);
  const [model, receiver, { url: databaseUrl }] = await Promise.all([
    startScriptedModel(t),
    startReceiver(t),
    freshDatabase(t),
  ]);
  const folder = temporaryFolder(t);
  const policy = join(folder, 'rules.json');
  writeFileSync(policy, '{"rules":[]}');
  const assistants = join(folder, 'assistants.json');
  writeFileSync(assistants, '{"assistants":{"support":{}}}');
  const { url, output } = await startProcess(t, {
    args: ['src/main.ts', '--migrate'],
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: await redisUrl(t),
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
      MEMORY_DEBOUNCE_MS: '50',
      METRICS_PORT: '0',
      REVIEW_POLICY: policy,
      ASSISTANTS: assistants,
      WEBHOOK_ALLOW_PRIVATE: 'yes',
    },
  });
  const scrape = () => scrapeOf(urlIn(output()));
  await register(url, { url: receiver.url });
  const user = `user-${CANARY}`;
  await waitForTurn(url, (await chat(url, { user_id: user, text: `hello ${CANARY}` })).turn_id);
  model.script(({ kind }) => (kind === 'chat' ? { status: 401, code: 'invalid_api_key' } : {}));
  const failed = await waitForTurn(url, (await chat(url, { user_id: user, text: 'fails' })).turn_id);
  model.script(() => ({}));
  const { review } = await park(url, user, `urgent ${CANARY}`);
  const pending = await eventually('the review is counted', async () => {
    const scraped = await scrape();
    return scraped.value('turnkeeper_reviews_pending', { due: 'day' }) === 1 && scraped;
  });
  t.is(pending.value('turnkeeper_reviews_pending', { due: 'overdue' }), 0);
  await call(url, `/reviews/${review!.review_id}/decision`, { body: { decision: 'approve' } });
  await receiver.has(3);

  const names = [...queriedMetrics].filter((name) => ![...WITH_DAPR, ...RARE].includes(name));
  t.true(names.length > 30);
  const scraped = await eventually('all metrics are present', async () => {
    const now = await scrape();
    return missing(now, names).length === 0 && now;
  }).catch(async () => {
    t.deepEqual(missing(await scrape(), names), []);
    throw new Error('metrics are missing');
  });
  for (const name of [...WITH_DAPR, ...RARE]) t.true(scraped.types.has(name), name);

  t.is(scraped.value('turnkeeper_turns_finished_total', { status: 'completed' }), 1);
  t.is(scraped.value('turnkeeper_turn_failures_total', { code: failed.error!.code }), 1);
  t.is(scraped.value('turnkeeper_reviews_ended_total', { status: 'approved' }), 1);
  t.is(scraped.value('turnkeeper_review_policy_in_force', { file: policy }), 1);
  t.true(scraped.value('turnkeeper_model_tokens_total', { purpose: 'reply', kind: 'output' })! > 0);
  t.is(scraped.value('turnkeeper_assistants_in_force', { file: assistants }), 1);
  const ofSupport = { purpose: 'reply', assistant: 'support', model: SCRIPTED_MODEL };
  t.true(scraped.value('turnkeeper_model_tokens_total', { ...ofSupport, kind: 'input' })! > 0);
  t.is(scraped.value('turnkeeper_model_attempts_total', { ...ofSupport, outcome: 'model_unauthorized' }), 1);
  const waited = scraped.value('turnkeeper_turn_duration_seconds_sum', { status: 'completed' })!;
  t.true(waited > 0 && waited < 60, String(waited));
  for (const secret of [CANARY, failed.turn_id, failed.session_id, databaseUrl, receiver.url])
    t.false(scraped.text.includes(secret), secret);
  await checkByPromtool(t, scraped.text);
});

/** promtool reports names of prom-client's own metrics. It must report none of turnkeeper's metrics. */
async function checkByPromtool(t: { deepEqual(actual: unknown, expected: unknown): void }, text: string) {
  const promtool = process.env['TURNKEEPER_TEST_PROMTOOL'];
  if (promtool === undefined) return;
  const child = spawn(promtool, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let report = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (report += part.toString()));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(text);
  // Exit code 3: the text is valid, with warnings. 1: it cannot be parsed.
  t.deepEqual([(await code) === 1, report.split('\n').filter((line) => line.startsWith('turnkeeper_'))], [false, []]);
}

const run = isAvailable('dapr') ? test : test.skip;
run('the scrape of a worker with Dapr contains the metrics of the pub/sub bridge', async (t) => {
  t.timeout(120_000);
  const { http, worker } = await startRoles(t, await startScriptedModel(t), { METRICS_PORT: '0' });
  await waitForTurn(http.url, (await chat(http.url, { user_id: 'ann', text: 'hello' })).turn_id);
  await eventually('the events are published to pub/sub', async () => {
    const scraped = await scrapeOf(urlIn(worker.output()));
    return missing(scraped, WITH_DAPR).length === 0;
  });
  t.pass();
});
