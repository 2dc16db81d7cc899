// A real process of all roles, after a life of every kind: what the alerts and the dashboard ask for is in its scrape.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isAvailable } from '../support/app.ts';
import { call, chat, ended, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { startRoles } from '../support/roles.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { park } from '../reviews/support.ts';
import { register, startReceiver } from '../webhooks/support.ts';
import { alerts, dashboard, namedIn } from './queries.ts';
import { scrapeOf, type Scraped } from './scrape.ts';

/** What an embedded process cannot show: it has no edge. */
const WITH_DAPR = ['turnkeeper_edge_away', 'turnkeeper_edge_events_published_total'];
/** There from its first time on, which a test of sound processes does not see. */
const RARE = ['turnkeeper_edge_events_refused_total'];
const CANARY = 'canary-of-what-was-said';

const asked = new Set(
  [
    ...alerts().map(({ expr }) => expr),
    ...dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ].flatMap((expr) => namedIn(expr).metrics),
);
asked.delete('up');

const urlIn = (output: string) => /metrics {3}(\S+)\/metrics/.exec(output)![1]!;

function lacking(scraped: Scraped, names: readonly string[]): string[] {
  const there = new Set(scraped.samples.map(({ name }) => name));
  return names.filter((name) => !there.has(name));
}

test('what alerts and dashboard ask for is in the scrape of a real process, and nothing that users said', async (t) => {
  t.timeout(120_000);
  const [model, receiver, { url: databaseUrl }] = await Promise.all([
    startScriptedModel(t),
    startReceiver(t),
    freshDatabase(t),
  ]);
  const policy = join(temporaryFolder(t), 'rules.json');
  writeFileSync(policy, '{"rules":[]}');
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
      WEBHOOK_ALLOW_PRIVATE: 'yes',
    },
  });
  const scrape = () => scrapeOf(urlIn(output()));
  await register(url, { url: receiver.url });
  const user = `user-${CANARY}`;
  await ended(url, (await chat(url, { user_id: user, text: `hello ${CANARY}` })).turn_id);
  model.script(({ kind }) => (kind === 'chat' ? { status: 401, code: 'invalid_api_key' } : {}));
  const failed = await ended(url, (await chat(url, { user_id: user, text: 'fails' })).turn_id);
  model.script(() => ({}));
  const { review } = await park(url, user, `urgent ${CANARY}`);
  const pending = await eventually('the review shows', async () => {
    const scraped = await scrape();
    return scraped.value('turnkeeper_reviews_pending', { due: 'day' }) === 1 && scraped;
  });
  t.is(pending.value('turnkeeper_reviews_pending', { due: 'overdue' }), 0);
  await call(url, `/reviews/${review!.review_id}/decision`, { body: { decision: 'approve' } });
  await receiver.has(3);

  const names = [...asked].filter((name) => ![...WITH_DAPR, ...RARE].includes(name));
  t.true(names.length > 30);
  const scraped = await eventually('all of it is there', async () => {
    const now = await scrape();
    return lacking(now, names).length === 0 && now;
  }).catch(async () => {
    t.deepEqual(lacking(await scrape(), names), []);
    throw new Error('not there');
  });
  for (const name of [...WITH_DAPR, ...RARE]) t.true(scraped.types.has(name), name);

  t.is(scraped.value('turnkeeper_turns_finished_total', { status: 'completed' }), 1);
  t.is(scraped.value('turnkeeper_turn_failures_total', { code: failed.error!.code }), 1);
  t.is(scraped.value('turnkeeper_reviews_ended_total', { status: 'approved' }), 1);
  t.is(scraped.value('turnkeeper_review_policy_in_force', { file: policy }), 1);
  t.true(scraped.value('turnkeeper_model_tokens_total', { purpose: 'reply', kind: 'output' })! > 0);
  const waited = scraped.value('turnkeeper_turn_duration_seconds_sum', { status: 'completed' })!;
  t.true(waited > 0 && waited < 60, String(waited));
  for (const secret of [CANARY, failed.turn_id, failed.session_id, databaseUrl, receiver.url])
    t.false(scraped.text.includes(secret), secret);
  await checkByPromtool(t, scraped.text);
});

/** prom-client's own metrics have names that promtool frowns upon; ours must not. */
async function checkByPromtool(t: { deepEqual(actual: unknown, expected: unknown): void }, text: string) {
  const promtool = process.env['TURNKEEPER_TEST_PROMTOOL'];
  if (promtool === undefined) return;
  const child = spawn(promtool, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(text);
  // 3: it can be read, and there is something to frown upon. 1: it cannot be read.
  t.deepEqual([(await code) === 1, said.split('\n').filter((line) => line.startsWith('turnkeeper_'))], [false, []]);
}

const run = isAvailable('dapr') ? test : test.skip;
run('what is told of the edge is in the scrape of a worker with Dapr', async (t) => {
  t.timeout(120_000);
  const { http, worker } = await startRoles(t, await startScriptedModel(t), { METRICS_PORT: '0' });
  await ended(http.url, (await chat(http.url, { user_id: 'ann', text: 'hello' })).turn_id);
  await eventually('the edge has the events', async () => {
    const scraped = await scrapeOf(urlIn(worker.output()));
    return lacking(scraped, WITH_DAPR).length === 0;
  });
  t.pass();
});
