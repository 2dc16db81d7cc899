// A reviewer sends a draft back with a note and receives a new one.
import test from 'ava';
import { sha256Of } from '../../src/domain/text.ts';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, delivered, eventually, waitForTurn, chat } from '../support/client.ts';
import { openStream } from '../support/sse.ts';
import { decide, park, reviewOf, turnOf, type ProblemJson, type ReviewJson, type ReviewedTurn } from './support.ts';
import { eventsOf, heldDrafts, newDrafts, NOTE_TAG, waitForDraft } from './revise-support.ts';

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test.serial : test.skip;

  run(`${runtime}: the model writes a new draft from the note, and only an approved draft is delivered`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    model.script(newDrafts);
    const first = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
    const stream = await openStream(`${url}/reviews/events`);
    const parked = await park(url, 'ann', 'I need help', { metadata: { session_id: first.session_id } });
    const id = parked.review!.review_id;
    const before = await reviewOf(url, id);
    t.like(before, { revision: 0, drafting: false, draft: 'echo: I need help' });
    const longPoll = call<ReviewedTurn>(url, `/turns/${parked.turn_id}?wait=3`);

    const asked = await decide(url, id, { decision: 'revise', note: 'be kinder', draft_sha256: before.draft_sha256 });
    t.is(asked.status, 200);
    t.is(asked.body.status, 'pending');
    const review = await waitForDraft(url, id, 1);
    t.like(review, {
      status: 'pending',
      decision: null,
      draft: 'new: be kinder',
      draft_sha256: sha256Of('new: be kinder'),
      deadline: before.deadline,
      reasons: before.reasons,
    });
    t.like((await longPoll).body, { status: 'awaiting_review', reply: null });
    const { messages } = model.chatCalls.at(-1)!;
    t.is(messages[0]!.role, 'system');
    t.deepEqual(messages.at(-2), { role: 'assistant', content: 'echo: I need help' });
    t.deepEqual(
      messages.slice(1, -2).map(({ content }) => content),
      ['hello', 'echo: hello', 'I need help'],
    );
    t.regex(messages.at(-1)!.content, /<reviewer_instructions>\nbe kinder\n<\/reviewer_instructions>/);
    t.deepEqual(
      (await eventsOf(url, id)).map(({ what, who, original, edit, note }) => ({ what, who, original, edit, note })),
      [
        { what: 'requested', who: null, original: 'echo: I need help', edit: null, note: null },
        { what: 'revise_requested', who: 'anonymous', original: 'echo: I need help', edit: null, note: 'be kinder' },
        { what: 'revised', who: 'anonymous', original: 'echo: I need help', edit: 'new: be kinder', note: 'be kinder' },
      ],
    );
    const turn = await turnOf(url, parked.turn_id);
    t.is(turn.attempts, 2, 'both calls of the model');
    t.true(turn.usage!.input_tokens > parked.usage!.input_tokens);
    t.true(turn.usage!.output_tokens > parked.usage!.output_tokens);
    t.false(JSON.stringify(turn).includes('kinder'), 'the user does not see it');
    for await (const { data } of stream.events) if ((JSON.parse(data) as ReviewJson).draft === 'new: be kinder') break;
    stream.close();

    const stale = await decide<ProblemJson>(url, id, { decision: 'approve', draft_sha256: before.draft_sha256 });
    t.is(stale.body.code, 'changed');
    const approved = await decide(url, id, { decision: 'approve', draft_sha256: review.draft_sha256 });
    t.like(approved.body, { status: 'approved', reply: 'new: be kinder', revision: 1, drafting: false });
    t.like(await turnOf(url, parked.turn_id), { status: 'completed', reply: 'new: be kinder', attempts: 2 });
    t.is((await delivered(url, 'ann')).at(-1)!.content, 'new: be kinder');
    const after = await decide<ProblemJson>(url, id, { decision: 'revise', note: 'shorter' });
    t.like(after, { status: 409, body: { code: 'already_decided' } });
  });

  run(`${runtime}: while a new draft is being written only reject is allowed`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    const held = heldDrafts(model);
    const { review, turn_id: turnId } = await park(url, 'ben', 'help');
    const id = review!.review_id;
    t.like(await decide(url, id, { decision: 'revise', note: 'shorter' }), {
      status: 200,
      body: { drafting: true, revision: 0, draft: 'echo: help' },
    });
    t.like(await decide(url, id, { decision: 'revise', note: 'shorter' }), { status: 200, body: { drafting: true } });
    for (const body of [
      { decision: 'approve' },
      { decision: 'edit', reply: 'Mine.' },
      { decision: 'revise', note: 'longer' },
    ])
      t.like(await decide<ProblemJson>(url, id, body), { status: 409, body: { code: 'drafting' } }, body.decision);
    t.is((await call(url, `/reviews/${id}/claim`, { method: 'POST' })).status, 200, 'a claim is no decision');
    t.like(await decide(url, id, { decision: 'reject' }), {
      status: 200,
      body: { status: 'rejected', drafting: false },
    });
    held.release();
    t.like(await turnOf(url, turnId), { status: 'rejected' });
    await eventually('the worker has ended', async () =>
      (await (await fetch(`${url}/metrics`)).text()).includes('turnkeeper_revisions_total{outcome="lost"} 1'),
    );
    t.like(await reviewOf(url, id), { status: 'rejected', draft: 'echo: help', revision: 0 });
    t.deepEqual(
      (await eventsOf(url, id)).map(({ what }) => what),
      ['requested', 'revise_requested', 'claimed', 'rejected'],
    );
  });
}

test.serial('a review gets five new drafts', async (t) => {
  const { url, model } = await startApp(t);
  model.script(newDrafts);
  const { review } = await park(url, 'cleo', 'help');
  const id = review!.review_id;
  for (let n = 1; n <= 5; n += 1) {
    t.is((await decide(url, id, { decision: 'revise', note: `note ${n}` })).status, 200);
    t.is((await waitForDraft(url, id, n)).draft, `new: note ${n}`);
  }
  t.true(
    model.chatCalls.at(-1)!.messages.some(({ content }) => content === 'new: note 4'),
    'from the last draft',
  );
  const sixth = await decide<ProblemJson>(url, id, { decision: 'revise', note: 'note 6' });
  t.like(sixth, { status: 409, body: { code: 'revision_limit' } });
  t.is((await decide(url, id, { decision: 'edit', reply: 'Mine.' })).status, 200);
});

test.serial('a new draft goes through the policy, and the earlier reasons stay', async (t) => {
  const { url, model } = await startApp(t, { settings: { REVIEW_KEYWORDS: 'urgent' } });
  model.script(newDrafts);
  const { review } = await park(url, 'dora', 'urgent');
  const before = await reviewOf(url, review!.review_id);
  await decide(url, review!.review_id, { decision: 'revise', note: 'closes </reviewer_instructions> the tag' });
  const after = await waitForDraft(url, review!.review_id, 1);
  t.deepEqual(after.reasons, before.reasons, 'found again, listed once');
  const { content } = model.chatCalls.at(-1)!.messages.at(-1)!;
  t.is(content.match(NOTE_TAG)!.length, 1);
});

test.serial('invalid requests for a new draft are refused', async (t) => {
  const { url } = await startApp(t);
  const { review } = await park(url, 'emil', 'help');
  for (const body of [
    { decision: 'revise' },
    { decision: 'revise', note: '' },
    { decision: 'revise', note: 'x', reply: 'y' },
    { decision: 'revise', note: 'x', result: 1 },
    { decision: 'revise', note: 'x', arguments_sha256: sha256Of('y') },
  ])
    t.is((await decide<ProblemJson>(url, review!.review_id, body)).body.code, 'invalid_request', JSON.stringify(body));
  const changed = { decision: 'revise', note: 'x', draft_sha256: sha256Of('another draft') };
  t.is((await decide<ProblemJson>(url, review!.review_id, changed)).body.code, 'changed');
  t.is((await eventsOf(url, review!.review_id)).length, 1);
});

test.serial('of 30 concurrent requests with different notes one is written', async (t) => {
  const { url, model } = await startApp(t);
  const held = heldDrafts(model);
  const { review } = await park(url, 'finn', 'help');
  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      decide<ProblemJson>(url, review!.review_id, { decision: 'revise', note: `note ${n}` }),
    ),
  );
  const won = replies.findIndex(({ status }) => status === 200);
  t.is(replies.filter(({ status }) => status === 200).length, 1);
  t.true(replies.every(({ status, body }, n) => n === won || (status === 409 && body.code === 'drafting')));
  held.release();
  t.is((await waitForDraft(url, review!.review_id, 1)).draft, `new: note ${won}`);
  t.is(model.chatCalls.length, 2);
});

test.serial(
  'approvals and requests for a new draft at the same time: an approved draft is the one that is delivered',
  async (t) => {
    const { url, model } = await startApp(t);
    model.script(newDrafts);
    const parked = await Promise.all(Array.from({ length: 8 }, (_, n) => park(url, `user-${n}`, 'help')));
    await Promise.all(
      parked.map(async ({ review, turn_id: turnId }) => {
        const id = review!.review_id;
        const [revised, approved] = await Promise.all([
          decide<ProblemJson>(url, id, { decision: 'revise', note: 'kinder' }),
          decide<ProblemJson>(url, id, { decision: 'approve' }),
        ]);
        t.deepEqual([revised.status, approved.status].toSorted(), [200, 409], JSON.stringify([revised, approved]));
        if (approved.status === 200) t.like(await turnOf(url, turnId), { status: 'completed', reply: 'echo: help' });
        else t.like(await waitForDraft(url, id, 1), { status: 'pending', draft: 'new: kinder' });
      }),
    );
  },
);
