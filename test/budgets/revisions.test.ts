// New drafts that reviewers ask for count for budgets.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { startWith } from '../assistants/support.ts';
import { eventually } from '../support/client.ts';
import { eventsOf, newDrafts, waitForDraft } from '../reviews/revise-support.ts';
import { decide, park, reviewOf, turnOf } from '../reviews/support.ts';
import { assertSettled } from './support.ts';

const OUTPUT = 3_000;

test('a new draft is charged to its turn, and without room the last draft stays', async (t) => {
  // Room for a call after two others, which use less than they reserve, but not after a large one.
  const budgets = [{ per: 'user', tokens: 5_000, window: '1d' }];
  const file = () => ({
    assistants: { support: { memory: false, parameters: { max_output_tokens: OUTPUT } } },
    budgets,
  });
  const { url, model, databaseUrl } = await startWith(t, { file, settings: { REVIEW_KEYWORDS: 'help' } });
  const database = new Database(await connect(databaseUrl, { poolSize: 2 }));
  t.teardown(() => database.close());
  model.script(newDrafts);
  const { review, turn_id: turnId } = await park(url, 'ann', 'help');
  const id = review!.review_id;
  await decide(url, id, { decision: 'revise', note: 'kinder' });
  await waitForDraft(url, id, 1);
  const { usage } = await turnOf(url, turnId);
  await assertSettled(t, database);
  const charges = await database.builder('budget_charges').select('charge_id', 'kind', 'used');
  t.deepEqual(charges, [{ charge_id: turnId, kind: 'revision', used: usage!.input_tokens + usage!.output_tokens }]);

  model.script((one) => ({
    ...newDrafts(one),
    body: (body) => body.replace(/"completion_tokens":\d+/, '"completion_tokens":2500'),
  }));
  await decide(url, id, { decision: 'revise', note: 'longer' });
  await waitForDraft(url, id, 2);
  await decide(url, id, { decision: 'revise', note: 'shorter' });
  const failed = await eventually('the failure', async () => {
    const last = (await eventsOf(url, id)).at(-1)!;
    return last.what === 'revise_failed' && last;
  });
  t.regex(failed.note!, /^budget_exhausted: /);
  t.is(model.chatCalls.length, 3);
  t.like(await reviewOf(url, id), { status: 'pending', drafting: false, revision: 2, draft: 'new: longer' });
  t.is((await turnOf(url, turnId)).attempts, 3, 'the call was not made');
  await assertSettled(t, database);
});
