// Budgets as clients and operators see them, on both runtimes.
import test, { type ExecutionContext } from 'ava';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { startWith, type FileOptions } from '../assistants/support.ts';
import { isAvailable, RUNTIMES, type RuntimeName } from '../support/app.ts';
import { call, chat, eventually, waitForTurn, type TurnJson } from '../support/client.ts';
import { startScriptedModel, type ModelScript } from '../support/model.ts';
import { assertSettled, endWindows } from './support.ts';

interface BudgetJson {
  readonly per: string;
  readonly window: string;
  readonly limit: number;
  readonly reserved: number;
  readonly used: number;
  readonly resets_at: string;
}

/** Output tokens of each call. A prompt of these tests is estimated as less than 1,000 tokens. */
const OUTPUT = 3_000;
/** Room for one call, but not for two. */
const FOR_ONE = 5_000;

const fileWith = (budgets: readonly object[], more: object = {}) => ({
  assistants: { support: { memory: false, parameters: { max_output_tokens: OUTPUT }, ...more } },
  budgets,
});
const DAY = { per: 'user', tokens: FOR_ONE, window: '1d' };

/** A stream whose usage reports this number of output tokens. */
const using = (output: number): ModelScript => ({
  body: (body) => body.replace(/"completion_tokens":\d+/, `"completion_tokens":${output}`),
});

async function start(
  t: ExecutionContext,
  budgets: readonly object[],
  options: Partial<FileOptions> & { more?: object } = {},
) {
  const { more, ...rest } = options;
  const app = await startWith(t, { file: () => fileWith(budgets, more), ...rest });
  const database = new Database(await connect(app.databaseUrl, { poolSize: 2 }));
  t.teardown(() => database.close());
  const budgetOf = async (userId: string) => {
    const reply = await call<{ budgets: BudgetJson[] }>(app.url, `/users/${userId}/budget`);
    t.is(reply.status, 200);
    return reply.body.budgets;
  };
  const statusesOf = async (userId: string) => {
    const { body } = await call<{ items: TurnJson[] }>(app.url, `/users/${userId}/turns?limit=100`);
    return body.items.toReversed().map(({ status }) => status);
  };
  const isPostponed = ({ turn_id: turnId }: TurnJson) =>
    eventually('it is postponed', async () => {
      const row = (await database.builder('turns').where('turn_id', turnId).first()) as { not_before: Date | null };
      return row.not_before !== null && row.not_before.getTime() > Date.now();
    });
  return { ...app, database, budgetOf, statusesOf, isPostponed };
}

const onBoth = (title: string, run: (t: ExecutionContext, runtime: RuntimeName) => Promise<void>) => {
  for (const runtime of RUNTIMES)
    (isAvailable(runtime) ? test.serial : test.skip)(`${runtime}: ${title}`, run, runtime);
};

onBoth(
  'of 64 queued turns with budget for one, one runs, and at the end of the window the next',
  async (t, runtime) => {
    const held = Promise.withResolvers<void>();
    const model = await startScriptedModel(t, async () => {
      await held.promise;
      return using(OUTPUT);
    });
    const { url, database, budgetOf, statusesOf, isPostponed } = await start(t, [DAY], { runtime, model });
    const texts = Array.from({ length: 64 }, (_, n) => `message ${n}`);
    const turns: TurnJson[] = [];
    for (const text of texts) turns.push(await chat(url, { user_id: 'ann', text }));
    await eventually('a call', async () => model.chatCalls.length === 1);
    const [running] = await budgetOf('ann');
    t.like(running, { per: 'user', window: '1d', limit: FOR_ONE, used: 0 });
    t.true(running!.reserved > OUTPUT && running!.reserved < FOR_ONE);
    t.regex(running!.resets_at, /T00:00:00\.000Z$/);
    held.resolve();
    t.is((await waitForTurn(url, turns[0]!.turn_id)).status, 'completed');
    const rest = (n: number) => Array.from({ length: 64 }, (_, each) => (each < n ? 'completed' : 'queued'));
    await isPostponed(turns[1]!);
    t.deepEqual(await statusesOf('ann'), rest(1));
    const [after] = await budgetOf('ann');
    t.is(after!.reserved, 0);
    t.true(after!.used > OUTPUT);
    await endWindows(database);
    t.is((await waitForTurn(url, turns[1]!.turn_id)).status, 'completed');
    await isPostponed(turns[2]!);
    t.deepEqual(await statusesOf('ann'), rest(2));
    t.is(model.chatCalls.length, 2, 'no other turn called the model');
    t.deepEqual(
      model.chatCalls.map(({ lastUserMessage }) => lastUserMessage),
      texts.slice(0, 2),
    );
    const postponed = (await call<TurnJson & { started_at: null }>(url, `/turns/${turns[2]!.turn_id}`)).body;
    t.like(postponed, { status: 'queued', attempts: 0, started_at: null, error: null });
    await assertSettled(t, database);
  },
);

onBoth('concurrent turns of many users share the budget of all', async (t, runtime) => {
  const held = Promise.withResolvers<void>();
  const model = await startScriptedModel(t, async () => {
    await held.promise;
    return using(OUTPUT);
  });
  const { url, database, budgetOf } = await start(t, [{ per: 'all', tokens: 3 * FOR_ONE, window: '1d' }], {
    runtime,
    model,
  });
  const users = Array.from({ length: 24 }, (_, n) => `user-${n}`);
  const turns = await Promise.all(users.map((userId) => chat(url, { user_id: userId, text: 'hello' })));
  await eventually('the others are postponed', async () => {
    const waiting = await database.builder('turns').whereNotNull('not_before');
    return waiting.length === users.length - model.chatCalls.length;
  });
  const made = model.chatCalls.length;
  const [{ reserved }] = (await budgetOf('anybody')) as [BudgetJson];
  t.true(made >= 3 && made < 6, String(made));
  t.true(reserved <= 3 * FOR_ONE);
  held.resolve();
  await eventually('they are answered', async () => {
    const rows = await Promise.all(turns.map((turn) => call<TurnJson>(url, `/turns/${turn.turn_id}`)));
    return rows.filter(({ body }) => body.status === 'completed').length === made;
  });
  await assertSettled(t, database);
});

onBoth('the turn of a worker that died runs elsewhere, within the same reservation', async (t, runtime) => {
  const model = await startScriptedModel(t, ({ attempt }) => (attempt === 1 ? { hang: true } : using(10)));
  const { url, database, budgetOf } = await start(t, [DAY], { runtime, model });
  const turn = await chat(url, { user_id: 'ann', text: 'hello' });
  await eventually('a call', async () => model.chatCalls.length === 1);
  const [before] = await budgetOf('ann');
  // The claim of a worker that is frozen lapses, and another request claims the turn.
  await database.builder('turns').update({ lease_until: new Date(Date.now() - 60_000), epoch: 2, claim_id: null });
  t.is((await waitForTurn(url, turn.turn_id)).status, 'completed');
  const [after] = await budgetOf('ann');
  t.is(after!.reserved, 0);
  t.true(
    after!.used > before!.reserved && after!.used < 2 * before!.reserved,
    'the lost call counts as its reservation',
  );
  await assertSettled(t, database);
});

test.serial(
  'an exhausted budget refuses messages with the time of the next window, and repeated requests get their turns',
  async (t) => {
    const model = await startScriptedModel(t, () => using(OUTPUT));
    const { url, budgetOf, database } = await start(t, [DAY, { per: 'all', tokens: 100 * FOR_ONE, window: '2h' }], {
      model,
    });
    const key = { 'idempotency-key': 'one' };
    const first = await chat(url, { user_id: 'ann', text: 'one' }, key);
    await waitForTurn(url, first.turn_id);
    const refused = await call<{ code: string }>(url, '/chat', { body: { user_id: 'ann', text: 'two' } });
    t.is(refused.status, 429);
    t.is(refused.body.code, 'budget_exhausted');
    const [{ resets_at: resetsAt }] = (await budgetOf('ann')) as [BudgetJson];
    const leftS = (Date.parse(resetsAt) - Date.now()) / 1_000;
    const retryAfterS = Number(refused.headers.get('retry-after'));
    t.true(Math.abs(retryAfterS - leftS) < 5, `${retryAfterS} ${leftS}`);
    t.is((await chat(url, { user_id: 'ann', text: 'one' }, key)).turn_id, first.turn_id);
    const reused = await call<{ code: string }>(url, '/chat', {
      body: { user_id: 'ann', text: 'other' },
      headers: key,
    });
    t.is(reused.body.code, 'idempotency_key_reused');
    const messages = [{ role: 'user', content: 'two' }];
    for (const [path, body] of [
      ['/v1/chat/completions', { messages }],
      ['/v1/responses', { input: 'two' }],
    ] as const) {
      const reply = await call<{ error: { code: string } }>(url, path, {
        body: { model: 'support', user: 'ann', ...body },
      });
      t.is(reply.status, 429);
      t.is(reply.body.error.code, 'budget_exhausted');
      t.truthy(reply.headers.get('retry-after'));
    }
    t.is((await waitForTurn(url, (await chat(url, { user_id: 'bob', text: 'two' })).turn_id)).status, 'completed');
    await endWindows(database);
    t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'two' })).turn_id)).status, 'completed');
    const { body } = await call<{ budget_charges: { turn_id: string; per: string; used: number }[] }>(
      url,
      '/users/ann/export',
    );
    t.is(body.budget_charges.length, 4);
    t.deepEqual([...new Set(body.budget_charges.map(({ per }) => per))].toSorted(), ['all', 'user']);
    t.true(body.budget_charges.some(({ turn_id: id, used }) => id === first.turn_id && used > OUTPUT));
  },
);

test.serial(
  'a turn that would not fit an empty window fails; without a limit of output tokens calls have one',
  async (t) => {
    const more = { parameters: {} };
    const { url, model, rewrite, budgetOf } = await start(t, [{ ...DAY, tokens: 4_000 }], { more });
    const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
    t.is(turn.status, 'failed');
    t.is(turn.error?.code, 'budget_exhausted');
    t.is(model.chatCalls.length, 0);
    t.like((await budgetOf('ann'))[0], { reserved: 0, used: 0 });
    rewrite(fileWith([{ ...DAY, tokens: 40_000 }], more));
    await eventually('the new budget', async () => (await budgetOf('ann'))[0]?.limit === 40_000);
    t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id)).status, 'completed');
    t.is(model.chatCalls[0]!.body['max_tokens'], 4_096);
    const [{ used }] = (await budgetOf('ann')) as [BudgetJson];
    t.true(used > 0 && used < 1_000, 'what the endpoint reported');
    rewrite(fileWith([], more));
    await eventually('no budget', async () => (await budgetOf('ann')).length === 0);
    await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'again' })).turn_id);
    t.false('max_tokens' in model.chatCalls[1]!.body);
  },
);

test.serial('failed calls cost what the model may have worked on, and refused ones nothing', async (t) => {
  const script = (text: string, attempt: number): ModelScript => {
    if (attempt > 1) return using(10);
    return text === 'busy' ? { status: 429, headers: { 'retry-after-ms': '1' } } : { reset: 2 };
  };
  const model = await startScriptedModel(t, ({ lastUserMessage, attempt }) => script(lastUserMessage, attempt));
  const { url, budgetOf, database } = await start(t, [{ ...DAY, tokens: 100_000 }], { model });
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'busy' })).turn_id);
  const [cheap] = (await budgetOf('ann')) as [BudgetJson];
  t.true(cheap.used < 1_000);
  await waitForTurn(url, (await chat(url, { user_id: 'bob', text: 'broken' })).turn_id);
  const [dear] = (await budgetOf('bob')) as [BudgetJson];
  t.true(dear.used > OUTPUT, 'the broken stream counts as its reservation');
  await assertSettled(t, database);
});

test.serial('a cancelled turn, and a reply without usage, cost their reservation', async (t) => {
  const model = await startScriptedModel(t, ({ lastUserMessage }) => (lastUserMessage === 'slow' ? { hang: 2 } : {}));
  const models = [{ model: 'scripted', profile: { stream_usage: false } }];
  const { url, budgetOf, database } = await start(t, [{ ...DAY, tokens: 100_000 }], { model, more: { models } });
  const slow = await chat(url, { user_id: 'ann', text: 'slow' });
  await eventually('a call', async () => model.chatCalls.length === 1);
  const [{ reserved }] = (await budgetOf('ann')) as [BudgetJson];
  await call(url, `/turns/${slow.turn_id}/cancel`, { method: 'POST' });
  await eventually('it is settled', async () => (await budgetOf('ann'))[0]!.used === reserved);
  await waitForTurn(url, (await chat(url, { user_id: 'bob', text: 'hello' })).turn_id);
  t.true((await budgetOf('bob'))[0]!.used > OUTPUT);
  await assertSettled(t, database);
});

test.serial('summaries count, and one that does not fit is made in the next window', async (t) => {
  const model = await startScriptedModel(t, ({ kind }) => (kind === 'chat' ? using(OUTPUT) : {}));
  const { url, budgetOf, database } = await start(t, [{ ...DAY, tokens: 7_000 }], { model, more: { memory: true } });
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
  await eventually('the summary is postponed', async () => {
    const [due] = await database.builder('due_summaries');
    return due !== undefined && (due as { due_at: Date }).due_at.getTime() > Date.now() + 60_000;
  });
  t.is(model.summaryCalls.length, 0);
  await endWindows(database);
  await eventually('the summary', async () => {
    const { body } = await call<{ through_seq: number }>(url, '/memories/ann');
    return body.through_seq === 1;
  });
  t.is(model.summaryCalls[0]!.body['max_tokens'], 4_096);
  const [{ used }] = (await budgetOf('ann')) as [BudgetJson];
  t.true(used > 0 && used < 1_000);
  await assertSettled(t, database);
});
