// What users of other systems suffer from with approvals, each pain a test: here it does not hurt.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, ended, eventually } from '../support/client.ts';
import { asked } from '../support/held-model.ts';
import { decide, park, reviewOf, topic, turnOf, type ProblemJson, type ReviewJson } from '../reviews/support.ts';

test('one unresolved approval blocks every later message of the conversation', async (t) => {
  const { url } = await startApp(t);
  const held = await park(url, 'ann', 'help me');
  const metadata = { session_id: held.session_id };
  const next = await chat(url, { user_id: 'ann', text: 'and the weather?', metadata });
  t.is((await ended(url, next.turn_id)).reply, 'echo: and the weather?');
  t.is((await turnOf(url, held.turn_id)).status, 'awaiting_review');
});

test('a decision that arrives before the wait is registered is lost', async (t) => {
  const { url, model, redisUrl } = await startApp(t);
  model.script(() => ({ delayMs: 1_500 }));
  const turn = await chat(url, { user_id: 'ann', text: 'help me' });
  await topic(t, redisUrl, 'review-decisions').add('decision', { instance_id: turn.turn_id, approved: true });
  const decided = await eventually('it is decided as soon as it waits', async () => {
    const now = await turnOf(url, turn.turn_id);
    return now.status === 'completed' && now;
  });
  t.is(decided.reply, 'echo: help me');
});

test('an expired approval can still be approved', async (t) => {
  const { url } = await startApp(t, { settings: { REVIEW_DEADLINE_S: '1' } });
  const { review, turn_id: id } = await park(url, 'ann', 'help me');
  await eventually('it expires', async () => (await turnOf(url, id)).status === 'expired');
  t.is((await decide(url, review!.review_id, { decision: 'approve' })).status, 410);
  t.is((await turnOf(url, id)).reply, null);
});

test('who decided is taken from the body of the request', async (t) => {
  const { url } = await startApp(t);
  const { review } = await park(url, 'ann', 'help me');
  const forged = await decide(url, review!.review_id, { decision: 'approve', decided_by: 'the boss' });
  t.is(forged.status, 400);
  await decide(url, review!.review_id, { decision: 'approve' });
  t.is((await reviewOf(url, review!.review_id)).decided_by, 'anonymous');
});

test('the same approval is answered twice, by a double click or in two tabs', async (t) => {
  const { url } = await startApp(t);
  const { review, turn_id: id } = await park(url, 'ann', 'help me');
  const [one, two] = await Promise.all([1, 2].map(() => decide(url, review!.review_id, { decision: 'approve' })));
  t.deepEqual([one!.status, two!.status], [200, 200]);
  const other = await decide<ProblemJson>(url, review!.review_id, { decision: 'reject' });
  t.is(other.status, 409);
  t.is(other.body.applied!.decision, 'approve');
  t.is((await delivered(url, 'ann')).filter(({ turn_id: of }) => of === id).length, 2);
});

test('after an edit the agent comes back to what it had written first', async (t) => {
  const { url, model } = await startApp(t);
  const held = await park(url, 'ann', 'help me');
  await decide(url, held.review!.review_id, { decision: 'edit', reply: 'We will call you.' });
  t.is(model.count('help me'), 1, 'nothing runs again');
  const next = await chat(url, { user_id: 'ann', text: 'thanks', metadata: { session_id: held.session_id } });
  await ended(url, next.turn_id);
  const prompt = JSON.stringify((await asked(model, 'thanks')).messages);
  t.true(prompt.includes('We will call you.'));
  t.false(prompt.includes('echo: help me'));
});

test('a draft that the conversation has passed by is sent all the same, unnoticed', async (t) => {
  const { url } = await startApp(t);
  const held = await park(url, 'ann', 'help me');
  t.false((await reviewOf(url, held.review!.review_id)).stale);
  const metadata = { session_id: held.session_id };
  await ended(url, (await chat(url, { user_id: 'ann', text: 'never mind', metadata })).turn_id);
  t.true((await reviewOf(url, held.review!.review_id)).stale);
});

test('there is no way to let a bot draft and a person send', async (t) => {
  const { url } = await startApp(t);
  const { review } = await park(url, 'ann', 'help me');
  const { body } = await call<{ items: ReviewJson[] }>(url, '/reviews?status=pending');
  t.like(body.items[0], { review_id: review!.review_id, text: 'help me', draft: 'echo: help me' });
  const sent = await decide(url, review!.review_id, { decision: 'edit', reply: 'As a person: hello.' });
  t.is(sent.body.reply, 'As a person: hello.');
  t.is((await delivered(url, 'ann')).at(-1)!.content, 'As a person: hello.');
});
