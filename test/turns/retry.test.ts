// POST /turns/{turn_id}/retry: a failed turn is queued again.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { connect } from '../../src/store/connect.ts';
import { park } from '../reviews/support.ts';
import { isAvailable, RUNTIMES, startApp, type AppOptions, type TestApp } from '../support/app.ts';
import { call, chat, delivered, eventually, waitForTurn, type Reply, type TurnJson } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';
import type { Owner } from '../support/owner.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { openEvents, read, TurnView } from '../support/sse.ts';
import { startReceiver } from '../webhooks/support.ts';

const SETTINGS = { LEASE_S: '2', REVIEW_KEYWORDS: 'help', WEBHOOK_ALLOW_PRIVATE: 'yes' };

/** Starts the app with a model that refuses messages with `bad` until `repair` is called, and never answers those with
 *  `hang`. */
async function start(t: Owner, options: AppOptions = {}) {
  const app = await startApp(t, { ...options, settings: { ...SETTINGS, ...options.settings } });
  const refuse = () =>
    app.model.script(({ lastUserMessage: text }) => ({
      ...(text.includes('bad') && { status: 400 }),
      ...(text.includes('hang') && { hang: true }),
    }));
  const repair = () => app.model.script(({ lastUserMessage: text }) => (text.includes('hang') ? { hang: true } : {}));
  refuse();
  return { ...app, refuse, repair };
}

const retry = (url: string, turnId: string): Promise<Reply<TurnJson & { code?: string }>> =>
  call(url, `/turns/${turnId}/retry`, { method: 'POST' });

/** A turn that failed. */
async function failedTurn(url: string, body: object = {}): Promise<TurnJson> {
  const { turn_id: id } = await chat(url, { user_id: 'ann', text: 'bad', ...body });
  const turn = await waitForTurn(url, id);
  if (turn.status !== 'failed') throw new Error(turn.status);
  return turn;
}

type Counts = Readonly<Record<string, number>>;
const withoutZeros = (counts: Counts) => Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
const countsOf = async (url: string) =>
  withoutZeros((await call<{ by_status: Counts }>(url, '/analytics/ann')).body.by_status);

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: a failed turn is queued again at its seq, and is the user's next turn`, async (t) => {
    const { url, model, repair } = await start(t, { runtime });
    const receiver = await startReceiver(t);
    await call(url, '/webhooks', { body: { user_id: 'ann', url: receiver.url } });
    const failed = await failedTurn(url);
    t.like(failed, { seq: 1, attempts: 1, error: { code: 'model_invalid_request' } });
    await receiver.has(1);
    const running = await chat(url, { user_id: 'ann', text: 'hang' });
    await waitForCall(model, 'hang');
    const later = await chat(url, { user_id: 'ann', text: 'later' });
    repair();
    const { status, body, headers } = await retry(url, failed.turn_id);
    t.is(status, 202);
    t.is(headers.get('location'), `/turns/${failed.turn_id}`);
    t.like(body, { turn_id: failed.turn_id, seq: 1, status: 'queued', error: null, finished_at: null, attempts: 1 });
    // The running turn goes on.
    t.is((await call<TurnJson>(url, `/turns/${failed.turn_id}?wait=1`)).body.status, 'queued');
    t.is((await call(url, `/turns/${running.turn_id}/cancel`, { method: 'POST' })).status, 200);
    const done = await waitForTurn(url, failed.turn_id);
    t.like(done, { seq: 1, status: 'completed', reply: 'echo: bad', attempts: 2, error: null });
    t.is((await waitForTurn(url, later.turn_id)).status, 'completed');
    t.deepEqual(
      model.chatCalls.map(({ lastUserMessage }) => lastUserMessage),
      ['bad', 'hang', 'bad', 'later'],
    );
    t.deepEqual(
      (await delivered(url, 'ann')).map(({ content }) => content),
      ['bad', 'echo: bad', 'later', 'echo: later'],
    );
    await eventually('all events', async () => receiver.received.length >= 4);
    const ofTurn = receiver.received.filter(({ event }) => event.data.turn_id === failed.turn_id);
    t.deepEqual(
      ofTurn.map(({ event }) => event.type),
      ['turn.failed', 'turn.completed'],
    );
    t.is(new Set(ofTurn.map(({ id }) => id)).size, 2);
    await eventually('the counts', async () => (await countsOf(url))['completed'] === 2);
    t.deepEqual(await countsOf(url), { completed: 2, cancelled: 1 }, 'the failure is not counted any more');
  });
}

test('of 64 retries at the same time one is answered 202, and the failure is taken back once', async (t) => {
  const { url, model, repair } = await start(t);
  const turns = [await failedTurn(url), await failedTurn(url), await failedTurn(url)];
  t.deepEqual(await countsOf(url), { failed: 3 });
  for (const rounds of [1, 2]) {
    const answered = Promise.withResolvers<void>();
    model.script(() => answered.promise.then(() => ({ status: 400 })));
    const answers = await Promise.all(Array.from({ length: 64 }, () => retry(url, turns[0]!.turn_id)));
    answered.resolve();
    t.is(answers.filter(({ status }) => status === 202).length, 1);
    for (const { status, body } of answers)
      if (status !== 202) t.deepEqual([status, body.code], [409, 'not_retryable']);
    t.like(await waitForTurn(url, turns[0]!.turn_id), { status: 'failed', attempts: 1 + rounds });
    t.deepEqual(await countsOf(url), { failed: 3 });
  }
  t.is(model.count('bad'), 5);
  repair();
  for (const { turn_id: id } of turns) t.is((await retry(url, id)).status, 202);
  for (const { turn_id: id } of turns) t.is((await waitForTurn(url, id)).status, 'completed');
  await eventually('the counts', async () => (await countsOf(url))['completed'] === 3);
  t.deepEqual(await countsOf(url), { completed: 3 });
  const { body } = await call<{ items: { by_status: Counts }[] }>(url, '/analytics');
  t.deepEqual(
    body.items.map(({ by_status: counts }) => withoutZeros(counts)),
    [{ completed: 3 }],
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  t.regex(metrics, /^turnkeeper_turns_retried_total 5$/m);
});

test('only a failed turn can be retried', async (t) => {
  const { url, model } = await start(t);
  const completed = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'fine' })).turn_id);
  const reviewed = await park(url, 'ben', 'help');
  const running = await chat(url, { user_id: 'cleo', text: 'hang' });
  await waitForCall(model, 'hang');
  const queued = await chat(url, { user_id: 'cleo', text: 'queued' });
  const cancelled = await chat(url, { user_id: 'cleo', text: 'cancelled' });
  await call(url, `/turns/${cancelled.turn_id}/cancel`, { method: 'POST' });
  for (const { turn_id: id } of [completed, reviewed, running, queued, cancelled]) {
    const before = (await call<TurnJson>(url, `/turns/${id}`)).body;
    t.like(await retry(url, id), { status: 409, body: { code: 'not_retryable' } });
    t.deepEqual((await call<TurnJson>(url, `/turns/${id}`)).body, before);
  }
  for (const id of [newId(), 'nope']) t.like(await retry(url, id), { status: 404, body: { code: 'turn_not_found' } });
  const failed = await failedTurn(url, { user_id: 'dora' });
  await call(url, '/users/dora', { method: 'DELETE' });
  t.is((await retry(url, failed.turn_id)).status, 404);
});

test('a retry at another process wakes the worker that failed the turn', async (t) => {
  const app = await start(t);
  const { turn_id: id } = await failedTurn(app.url);
  app.repair();
  const second = await startSecondIngress(t, app);
  t.is((await retry(second.url, id)).status, 202);
  const { body } = await call<TurnJson>(second.url, `/turns/${id}?wait=10`);
  t.like(body, { status: 'completed', attempts: 2 });
});

test('a reader that has the failure gets the events of the retried turn', async (t) => {
  const { url, model, repair } = await start(t);
  const failed = await failedTurn(url);
  const view = await read(url, failed.turn_id);
  t.deepEqual(view.statuses, ['failed']);
  const ofFailure = view.lastEventId;
  t.is((await openEvents(url, failed.turn_id, { lastEventId: ofFailure })).status, 204);
  await chat(url, { user_id: 'ann', text: 'hang' });
  await waitForCall(model, 'hang');
  repair();
  model.script(() => ({ text: 'one two three four five six', trickleMs: 40 }));
  t.is((await retry(url, failed.turn_id)).status, 202);
  const reading = read(url, failed.turn_id, view);
  await eventually('the reader is connected', async () => view.statuses.length === 2);
  const { body } = await call<{ items: TurnJson[] }>(url, '/users/ann/turns?status=running');
  await call(url, `/turns/${body.items[0]!.turn_id}/cancel`, { method: 'POST' });
  await reading;
  t.deepEqual(view.statuses, ['failed', 'queued', 'running', 'completed']);
  t.is(view.text, 'one two three four five six');
  t.is(new Set(view.events.map(({ id }) => id)).size, view.events.length, 'ids are unique');
  // A reader that was away meanwhile, and one that has everything.
  const away = new TurnView();
  away.lastEventId = ofFailure;
  t.deepEqual((await read(url, failed.turn_id, away)).statuses, ['completed']);
  for (const lastEventId of [view.lastEventId, away.lastEventId])
    t.is((await openEvents(url, failed.turn_id, { lastEventId })).status, 204);
});

test('after a retry MODEL_RETRY_S and the takeovers start again', async (t) => {
  const { url, model, databaseUrl } = await start(t, { settings: { MODEL_RETRY_S: '1' } });
  model.script(() => ({ status: 503 }));
  const down = await failedTurn(url);
  t.like(down, { error: { code: 'model_unavailable' } });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  let calls = 0;
  model.script(({ kind }) => (kind === 'chat' && (calls += 1) === 1 ? { status: 503 } : {}));
  t.is((await retry(url, down.turn_id)).status, 202);
  t.like(await waitForTurn(url, down.turn_id), { status: 'completed', attempts: down.attempts + 2 });

  await chat(url, { user_id: 'ann', text: 'hang' });
  model.script(({ lastUserMessage: text }) => (text === 'hang' ? { hang: true } : {}));
  const exhausted = await chat(url, { user_id: 'ann', text: 'taken over' });
  const builder = await connect(databaseUrl, { poolSize: 1 });
  await builder('turns').update({ takeovers: 10 }).where({ turn_id: exhausted.turn_id });
  await builder.destroy();
  const { body } = await call<{ items: TurnJson[] }>(url, '/users/ann/turns?status=running');
  for (const { turn_id: id } of body.items) await call(url, `/turns/${id}/cancel`, { method: 'POST' });
  t.like(await waitForTurn(url, exhausted.turn_id), { error: { code: 'claims_exhausted' } });
  t.is((await retry(url, exhausted.turn_id)).status, 202);
  t.is((await waitForTurn(url, exhausted.turn_id)).status, 'completed');
});

test('no message joins a retried turn, whose text a model has had', async (t) => {
  const { url, model, repair }: Awaited<ReturnType<typeof start>> & TestApp = await start(t);
  const failed = await failedTurn(url);
  await chat(url, { user_id: 'ann', text: 'hang' });
  await waitForCall(model, 'hang');
  repair();
  t.is((await retry(url, failed.turn_id)).status, 202);
  const metadata = { session_id: failed.session_id };
  const merged = await chat(url, { user_id: 'ann', text: 'more', on_busy: 'merge', metadata });
  t.not(merged.turn_id, failed.turn_id);
  t.is((await call<TurnJson>(url, `/turns/${failed.turn_id}`)).body.text, 'bad');
});
