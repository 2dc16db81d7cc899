// New drafts while workers end, the model fails, the deadline passes, the turn is cancelled or its user erased, and while Redis is
// unavailable.
import test from 'ava';
import { sha256Of } from '../../src/domain/text.ts';
import { newId } from '../../src/domain/ids.ts';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, eventually } from '../support/client.ts';
import { SCRIPTED_MODEL, startScriptedModel, type ScriptedModel } from '../support/model.ts';
import type { Owner } from '../support/owner.ts';
import { startProcess } from '../support/process.ts';
import { freshDatabase, redisUrl, startRedisServer } from '../support/services.ts';
import { erase, locationsOf, waitForErasure } from '../users/support.ts';
import { eventsOf, heldDrafts, newDrafts, noteIn, waitForDraft } from './revise-support.ts';
import { decide, park, reviewOf, topic, turnOf, type ProblemJson } from './support.ts';

const waitForRedraft = (model: ScriptedModel) =>
  eventually('a call for a new draft', async () => model.chatCalls.find((one) => noteIn(one) !== undefined) ?? null);

async function run(t: Owner, databaseUrl: string, sql: string): Promise<void> {
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await builder.raw(sql);
}

const moveDeadline = (t: Owner, databaseUrl: string) =>
  run(t, databaseUrl, "update reviews set deadline = date_trunc('milliseconds', now())");

const lostRevisions = (url: string) =>
  eventually('the worker has ended', async () =>
    (await (await fetch(`${url}/metrics`)).text()).includes('turnkeeper_revisions_total{outcome="lost"} 1'),
  );

test.serial('another process writes the new draft after a worker was killed while it wrote it', async (t) => {
  const model = await startScriptedModel(t);
  const { url: databaseUrl } = await freshDatabase(t);
  const redis = await redisUrl(t);
  let killed = false;
  model.script((one) => (noteIn(one) !== undefined && !killed ? { hang: true } : newDrafts(one)));
  const doomed = await startProcess(t, {
    args: ['src/main.ts', '--migrate'],
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis,
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
      LEASE_S: '2',
    },
  });
  const { review, turn_id: turnId } = await park(doomed.url, 'ann', 'help');
  const id = review!.review_id;
  t.is((await decide(doomed.url, id, { decision: 'revise', note: 'kinder' })).status, 200);
  await waitForRedraft(model);
  killed = true;
  await doomed.killAll();
  const { url } = await startApp(t, { databaseUrl, redisUrl: redis, model, settings: { LEASE_S: '2' } });
  t.like(await waitForDraft(url, id, 1), { draft: 'new: kinder', status: 'pending' });
  t.is((await turnOf(url, turnId)).attempts, 3, 'the first draft, the killed call, the new draft');
  t.deepEqual(
    (await eventsOf(url, id)).map(({ what }) => what),
    ['requested', 'revise_requested', 'revised'],
  );
});

test.serial('a worker whose lease lapsed does not commit its new draft, and the draft is written once', async (t) => {
  const { url, model, databaseUrl } = await startApp(t, { settings: { LEASE_S: '3600' } });
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let drafts = 0;
  model.script(async (one) => {
    if (noteIn(one) === undefined) return {};
    drafts += 1;
    if (drafts > 1) return { text: 'the second worker' };
    await released;
    return { text: 'the first worker' };
  });
  const { review } = await park(url, 'ben', 'help');
  const id = review!.review_id;
  await decide(url, id, { decision: 'revise', note: 'kinder' });
  await waitForRedraft(model);
  await run(
    t,
    databaseUrl,
    "update reviews set revise_until = now() - interval '1 second' where revise_until is not null",
  );
  t.is((await waitForDraft(url, id, 1)).draft, 'the second worker');
  release();
  await lostRevisions(url);
  t.like(await reviewOf(url, id), { draft: 'the second worker', revision: 1 });
  t.is((await eventsOf(url, id)).filter(({ what }) => what === 'revised').length, 1);
});

test.serial('if the model fails, the last draft stays, and the reviewer can ask again or decide', async (t) => {
  const { url, model } = await startApp(t);
  const { review, turn_id: turnId } = await park(url, 'cleo', 'help');
  const id = review!.review_id;
  const before = await reviewOf(url, id);
  model.script((one) => (noteIn(one) === undefined ? {} : { status: 401 }));
  await decide(url, id, { decision: 'revise', note: 'kinder' });
  const failed = await eventually('the failure', async () => {
    const found = await reviewOf(url, id);
    return !found.drafting && found;
  });
  t.deepEqual({ ...failed, stale: before.stale }, before);
  const last = (await eventsOf(url, id)).at(-1)!;
  t.like(last, { what: 'revise_failed', who: null, original: 'echo: help', edit: null });
  t.regex(last.note!, /^model_unauthorized: /);
  t.is((await turnOf(url, turnId)).attempts, 2);

  // A model that answers again within MODEL_RETRY_S is called again.
  let calls = 0;
  model.script((one) => {
    if (noteIn(one) === undefined) return {};
    calls += 1;
    return calls === 1 ? { status: 503 } : newDrafts(one);
  });
  await decide(url, id, { decision: 'revise', note: 'kinder' });
  t.is((await waitForDraft(url, id, 1)).draft, 'new: kinder');
  t.is((await turnOf(url, turnId)).attempts, 4);
  t.is((await decide(url, id, { decision: 'approve' })).status, 200);
  t.is((await turnOf(url, turnId)).reply, 'new: kinder');
});

test.serial('MODEL_RETRY_S limits the retries from the request on', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_RETRY_S: '1' } });
  model.script((one) => (noteIn(one) === undefined ? {} : { status: 503 }));
  const { review } = await park(url, 'dora', 'help');
  await decide(url, review!.review_id, { decision: 'revise', note: 'kinder' });
  const last = await eventually('the failure', async () => {
    const event = (await eventsOf(url, review!.review_id)).at(-1)!;
    return event.what === 'revise_failed' && event;
  });
  t.regex(last.note!, /^model_unavailable: /);
  t.true(model.chatCalls.length > 2, 'it was called again');
});

for (const [outcome, status, reply] of [
  ['approve', 'completed', 'echo: help'],
  ['expire', 'expired', null],
] as const)
  test.serial(`the deadline passes while a new draft is being written: ${outcome}, with the last draft`, async (t) => {
    const { url, model, databaseUrl } = await startApp(t, { settings: { REVIEW_ON_DEADLINE: outcome } });
    const held = heldDrafts(model);
    const { review, turn_id: turnId } = await park(url, 'emil', 'help');
    const id = review!.review_id;
    await decide(url, id, { decision: 'revise', note: 'kinder' });
    await waitForRedraft(model);
    await moveDeadline(t, databaseUrl);
    t.like(await decide<ProblemJson>(url, id, { decision: 'revise', note: 'else' }), { status: 410 });
    await eventually('the deadline is applied', async () => (await turnOf(url, turnId)).status === status);
    held.release();
    await lostRevisions(url);
    t.is((await turnOf(url, turnId)).reply, reply);
    t.like(await reviewOf(url, id), { draft: 'echo: help', revision: 0, drafting: false });
    t.is((await delivered(url, 'emil')).length, reply === null ? 0 : 2);
  });

test.serial('a cancellation and an erasure win over a new draft', async (t) => {
  const app = await startApp(t, { settings: { LEASE_S: '2' } });
  const { url, model } = app;
  const held = heldDrafts(model);
  const cancelled = await park(url, 'finn', 'help');
  const erased = await park(url, 'gretawasthere', 'help');
  for (const [{ review }, note] of [
    [cancelled, 'kinder'],
    [erased, 'kinder to gretawasthere'],
  ] as const)
    await decide(url, review!.review_id, { decision: 'revise', note });
  await eventually('both calls', async () => model.chatCalls.filter((one) => noteIn(one) !== undefined).length === 2);
  t.is((await call(url, `/turns/${cancelled.turn_id}/cancel`, { method: 'POST' })).status, 200);
  const erasure = await erase(url, 'gretawasthere');
  held.release();
  await waitForErasure(url, erasure);
  t.like(await turnOf(url, cancelled.turn_id), { status: 'cancelled', reply: null });
  t.like(await reviewOf(url, cancelled.review!.review_id), {
    status: 'cancelled',
    draft: 'echo: help',
    drafting: false,
  });
  t.is((await call(url, `/reviews/${erased.review!.review_id}`)).status, 404);
  t.deepEqual(await locationsOf(app, 'gretawasthere'), []);
});

test.serial('a new draft is asked for and written while Redis is unavailable', async (t) => {
  const redis = await startRedisServer(t);
  const { url, model } = await startApp(t, { redisUrl: redis.url });
  model.script(newDrafts);
  const { review } = await park(url, 'hugo', 'help');
  await redis.kill();
  t.is((await decide(url, review!.review_id, { decision: 'revise', note: 'kinder' })).status, 200);
  t.is((await waitForDraft(url, review!.review_id, 1)).draft, 'new: kinder');
  await redis.restart();
});

test.serial(
  'the topic takes requests for a new draft; early ones and approvals that name no draft are ignored',
  async (t) => {
    const { url, model, redisUrl: address } = await startApp(t);
    model.script(newDrafts);
    const decisions = topic(t, address, 'review-decisions');
    const post = (data: object) =>
      decisions.add('ReviewDecided', { specversion: '1.0', id: newId(), source: '/test', type: 'ReviewDecided', data });
    const ignored = (count: number) =>
      eventually(`${count} ignored`, async () =>
        (await (await fetch(`${url}/metrics`)).text()).includes(
          `events_ignored_total{topic="review-decisions"} ${count}`,
        ),
      );
    const { review, turn_id: turnId } = await park(url, 'ida', 'help');
    await post({ review_id: review!.review_id, decision: 'revise', note: 'kinder', decided_by: 'kim' });
    const revised = await waitForDraft(url, review!.review_id, 1);
    t.is(revised.draft, 'new: kinder');
    t.is((await eventsOf(url, review!.review_id)).at(-1)!.who, 'kim');
    await post({ turn_id: turnId, approved: true });
    await ignored(1);
    await post({ turn_id: turnId, decision: 'revise' });
    await ignored(2);
    await post({ turn_id: newId(), decision: 'revise', note: 'kinder' });
    await ignored(3);
    t.is((await turnOf(url, turnId)).status, 'awaiting_review');
    await post({ turn_id: turnId, decision: 'approve', draft_sha256: revised.draft_sha256 });
    await eventually('approved', async () => (await turnOf(url, turnId)).reply === 'new: kinder');
  },
);

test.serial('the export has the drafts for reviewers, and nothing of them for the user', async (t) => {
  const keys = { ops: 'admin', jon: 'user:jon' } as const;
  const API_KEYS = Object.entries(keys)
    .map(([name, role]) => `${name}:${role}:${sha256Of(`key-of-${name}`)}`)
    .join(',');
  const { url, model } = await startApp(t, { settings: { AUTH: 'keys', API_KEYS } });
  const as = (name: keyof typeof keys) => ({ headers: { authorization: `Bearer key-of-${name}` } });
  model.script(newDrafts);
  const { turn_id: turnId } = await chat(url, { user_id: 'jon', text: 'help' }, as('ops').headers);
  const { review_id: id } = await eventually('the review', async () => {
    const { body } = await call<{ review: { review_id: string } | null }>(url, `/turns/${turnId}`, as('ops'));
    return body.review;
  });
  await call(url, `/reviews/${id}/decision`, { ...as('ops'), body: { decision: 'revise', note: 'kinder' } });
  await eventually('the new draft', async () => {
    const { body } = await call<{ revision: number }>(url, `/reviews/${id}`, as('ops'));
    return body.revision === 1;
  });
  const exported = async (name: keyof typeof keys) =>
    JSON.stringify((await call<{ reviews: object[] }>(url, '/users/jon/export', as(name))).body.reviews);
  const forReviewers = await exported('ops');
  for (const text of ['"draft":"new: kinder"', '"revision":1', '"original":"echo: help"', '"note":"kinder"'])
    t.true(forReviewers.includes(text), text);
  t.false((await exported('jon')).includes('kinder'));
});
