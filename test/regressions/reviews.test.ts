// Defects that users of other systems report about approvals. Each test shows that turnkeeper does not have one.
import { sha256Of } from '../../src/domain/text.ts';
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, eventually } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';
import { decide, park, reviewOf, topic, turnOf, type ProblemJson, type ReviewJson } from '../reviews/support.ts';

test('a pending review does not block later messages of the conversation', async (t) => {
  const { url } = await startApp(t);
  const parked = await park(url, 'ann', 'help me');
  const metadata = { session_id: parked.session_id };
  const next = await chat(url, { user_id: 'ann', text: 'and the weather?', metadata });
  t.is((await waitForTurn(url, next.turn_id)).reply, 'echo: and the weather?');
  t.is((await turnOf(url, parked.turn_id)).status, 'awaiting_review');
});

test('a decision that arrives before its turn awaits review is applied', async (t) => {
  const { url, model, redisUrl } = await startApp(t);
  model.script(() => ({ delayMs: 1_500 }));
  const turn = await chat(url, { user_id: 'ann', text: 'help me' });
  await topic(t, redisUrl, 'review-decisions').add('decision', {
    instance_id: turn.turn_id,
    approved: true,
    draft_sha256: sha256Of('echo: help me'),
  });
  const decided = await eventually('the decision is applied', async () => {
    const now = await turnOf(url, turn.turn_id);
    return now.status === 'completed' && now;
  });
  t.is(decided.reply, 'echo: help me');
});

test('an expired review cannot be approved', async (t) => {
  const { url } = await startApp(t, { settings: { REVIEW_DEADLINE_S: '1' } });
  const { review, turn_id: id } = await park(url, 'ann', 'help me');
  await eventually('the turn expires', async () => (await turnOf(url, id)).status === 'expired');
  t.is((await decide(url, review!.review_id, { decision: 'approve' })).status, 410);
  t.is((await turnOf(url, id)).reply, null);
});

test('a request body cannot set decided_by', async (t) => {
  const { url } = await startApp(t);
  const { review } = await park(url, 'ann', 'help me');
  const forged = await decide(url, review!.review_id, { decision: 'approve', decided_by: 'the boss' });
  t.is(forged.status, 400);
  await decide(url, review!.review_id, { decision: 'approve' });
  t.is((await reviewOf(url, review!.review_id)).decided_by, 'anonymous');
});

test('two concurrent approvals deliver the reply once', async (t) => {
  const { url } = await startApp(t);
  const { review, turn_id: id } = await park(url, 'ann', 'help me');
  const [one, two] = await Promise.all([1, 2].map(() => decide(url, review!.review_id, { decision: 'approve' })));
  t.deepEqual([one!.status, two!.status], [200, 200]);
  const other = await decide<ProblemJson>(url, review!.review_id, { decision: 'reject' });
  t.is(other.status, 409);
  t.is(other.body.applied!.decision, 'approve');
  t.is((await delivered(url, 'ann')).filter(({ turn_id: of }) => of === id).length, 2);
});

test('after an edit the next prompt contains the edited reply and not the draft', async (t) => {
  const { url, model } = await startApp(t);
  const parked = await park(url, 'ann', 'help me');
  await decide(url, parked.review!.review_id, { decision: 'edit', reply: 'We will call you.' });
  t.is(model.count('help me'), 1, 'the model is not called again');
  const next = await chat(url, { user_id: 'ann', text: 'thanks', metadata: { session_id: parked.session_id } });
  await waitForTurn(url, next.turn_id);
  const prompt = JSON.stringify((await waitForCall(model, 'thanks')).messages);
  t.true(prompt.includes('We will call you.'));
  t.false(prompt.includes('echo: help me'));
});

test('a review is marked as stale when its conversation continues', async (t) => {
  const { url } = await startApp(t);
  const parked = await park(url, 'ann', 'help me');
  t.false((await reviewOf(url, parked.review!.review_id)).stale);
  const metadata = { session_id: parked.session_id };
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'never mind', metadata })).turn_id);
  t.true((await reviewOf(url, parked.review!.review_id)).stale);
});

test('a reviewer can replace a draft with their own reply', async (t) => {
  const { url } = await startApp(t);
  const { review } = await park(url, 'ann', 'help me');
  const { body } = await call<{ items: ReviewJson[] }>(url, '/reviews?status=pending');
  t.like(body.items[0], { review_id: review!.review_id, text: 'help me', draft: 'echo: help me' });
  const sent = await decide(url, review!.review_id, { decision: 'edit', reply: 'As a person: hello.' });
  t.is(sent.body.reply, 'As a person: hello.');
  t.is((await delivered(url, 'ann')).at(-1)!.content, 'As a person: hello.');
});
