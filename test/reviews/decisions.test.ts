// A reviewer approves, edits or rejects a draft. The user sees only the result.
import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, delivered, waitForTurn, eventually, chat } from '../support/client.ts';
import { decide, park, reviewOf, topic, turnOf, type ProblemJson, type ReviewedTurn } from './support.ts';

const contents = async (url: string, userId: string) => (await delivered(url, userId)).map(({ content }) => content);

interface Activity {
  readonly message_count: number;
  readonly by_status: Record<string, number>;
  readonly reviewed: number;
}
const activityOf = async (url: string, userId: string) => (await call<Activity>(url, `/analytics/${userId}`)).body;

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(
    `${runtime}: as in the tutorial, bob's urgent message is reviewed and approved, and the reply has his count`,
    async (t) => {
      const { url, model, redisUrl } = await startApp(t, { runtime });
      model.script((one) => ({ text: /so far: (\d+)/.exec(one.messages[0]!.content)?.[0] ?? 'no count' }));
      for (const [user, count] of Object.entries({ alice: 5, bob: 3 }))
        await call(url, `/analytics/${user}/initialize`, { body: { message_count: count } });
      const reviewTopic = topic(t, redisUrl, 'human-review');

      const parked = await park(url, 'bob', 'This is an Urgent request!', { tags: ['ask'] });
      t.like(parked, { status: 'awaiting_review', reply: null });
      t.like(parked.review, { status: 'pending', reasons: ['keyword'], decided_at: null, decision: null });
      t.false(JSON.stringify(parked).includes('so far'), 'the draft is not shown');
      t.deepEqual(await contents(url, 'bob'), []);
      const [job] = await eventually('HumanReviewRequired', async () => {
        const jobs = await reviewTopic.getJobs(['waiting']);
        return jobs.length > 0 && jobs;
      });
      const { review_id: reviewId } = parked.review!;
      t.like(job!.data, { specversion: '1.0', type: 'HumanReviewRequired', subject: 'bob', id: reviewId });
      t.like(job!.data.data, {
        review_id: reviewId,
        turn_id: parked.turn_id,
        user_id: 'bob',
        session_id: parked.session_id,
        message: 'This is an Urgent request!',
        proposed_reply: 'so far: 3',
        reasons: [{ rule: 'keyword', detail: 'The message contains “urgent”.' }],
      });
      t.is(new Date(job!.data.data.deadline).getTime(), new Date(parked.review!.deadline).getTime());

      // The user's next turn does not wait for the reviewer.
      t.is(
        (await waitForTurn(url, (await chat(url, { user_id: 'bob', text: 'and alice?' })).turn_id)).status,
        'completed',
      );

      const longPoll = call<ReviewedTurn>(url, `/turns/${parked.turn_id}?wait=30`);
      t.is((await activityOf(url, 'bob')).by_status['awaiting_review'], 1);
      const decided = await decide(url, reviewId, { decision: 'approve', note: 'fine' });
      t.is(decided.status, 200);
      t.like(decided.body, {
        status: 'approved',
        decision: 'approve',
        reply: 'so far: 3',
        decided_by: 'anonymous',
        note: 'fine',
      });
      const { body: turn } = await longPoll;
      t.like(turn, { status: 'completed', reply: 'so far: 3' });
      t.like(turn.review, { status: 'approved', decision: 'approve' });
      t.truthy(turn.review!.decided_at);
      t.deepEqual(await contents(url, 'bob'), ['This is an Urgent request!', 'so far: 3', 'and alice?', 'so far: 3']);
      t.is((await call<{ items: unknown[] }>(url, '/users/bob/conversations?tag=ask')).body.items.length, 2);
      const activity = await eventually('both counted', async () => {
        const found = await activityOf(url, 'bob');
        // The two fields come from two queries: message_count may show the turn before by_status does.
        return found.message_count === 5 && found.by_status['completed'] === 2 && found;
      });
      t.like(activity, { reviewed: 1 });
      t.like(activity.by_status, { completed: 2, awaiting_review: 0 });
      t.is(
        await eventually('the request is removed', async () => (await reviewTopic.getJobCountByTypes('waiting')) === 0),
        true,
      );
    },
  );

  run(`${runtime}: an edit is delivered to the user, and a rejection leaves no conversation rows`, async (t) => {
    const { url, model } = await startApp(t, { runtime });
    const edited = await park(url, 'ann', 'help me');
    t.is((await decide(url, edited.review!.review_id, { decision: 'edit', reply: 'Of course.' })).status, 200);
    t.like(await turnOf(url, edited.turn_id), { status: 'completed', reply: 'Of course.' });
    t.like(await reviewOf(url, edited.review!.review_id), {
      status: 'edited',
      draft: 'echo: help me',
      reply: 'Of course.',
    });

    const rejected = await park(url, 'ann', 'an emergency with the secret plan');
    t.is((await decide(url, rejected.review!.review_id, { decision: 'reject' })).status, 200);
    t.like(await turnOf(url, rejected.turn_id), { status: 'rejected', reply: 'Message rejected by human reviewer.' });
    t.deepEqual(await contents(url, 'ann'), ['help me', 'Of course.']);

    await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'bye' })).turn_id);
    await eventually(
      'a summary of all turns',
      async () => (await call<{ through_seq: number }>(url, '/memories/ann')).body.through_seq === 3,
    );
    t.false(JSON.stringify(model.summaryCalls.map(({ messages }) => messages)).includes('secret plan'));
    t.false(
      JSON.stringify(model.chatCalls.at(-1)!.messages).includes('secret plan'),
      'the next prompt does not contain it',
    );
    const activity = await eventually('counted', async () => {
      const found = await activityOf(url, 'ann');
      return found.message_count === 2 && found.by_status['completed'] === 2 && found;
    });
    t.like(activity, { reviewed: 2 });
    t.like(activity.by_status, { completed: 2, rejected: 1 });
  });
}

test('a repeated decision changes nothing, and a different one receives 409 with the applied decision', async (t) => {
  const { url } = await startApp(t);
  const { turn_id: turnId, review } = await park(url, 'ben', 'help');
  const id = review!.review_id;
  const first = await decide(url, id, { decision: 'edit', reply: 'Here you are.', note: 'kinder' });
  for (let n = 0; n < 3; n += 1) {
    const again = await decide(url, id, { decision: 'edit', reply: 'Here you are.', note: 'another note' });
    t.is(again.status, 200);
    t.deepEqual(again.body, first.body);
  }
  for (const body of [{ decision: 'approve' }, { decision: 'reject' }, { decision: 'edit', reply: 'Else' }]) {
    const other = await decide<ProblemJson>(url, id, body);
    t.is(other.status, 409);
    t.is(other.body.code, 'already_decided');
    t.like(other.body.applied, { decision: 'edit', status: 'edited', reply: 'Here you are.' });
  }
  t.is((await turnOf(url, turnId)).reply, 'Here you are.');
  t.is((await contents(url, 'ben')).length, 2);
  const { items } = (await call<{ items: Record<string, unknown>[] }>(url, `/reviews/${id}/events`)).body;
  t.deepEqual(
    items.map(({ what }) => what),
    ['requested', 'edited'],
  );
  t.like(items[1], { who: 'anonymous', original: 'echo: help', edit: 'Here you are.', note: 'kinder' });
});

test('of 100 concurrent different decisions one is applied, and all others receive it', async (t) => {
  const { url } = await startApp(t);
  const { turn_id: turnId, review } = await park(url, 'cleo', 'an emergency');
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      decide<ProblemJson & { reply?: string }>(url, review!.review_id, { decision: 'edit', reply: `reply ${n}` }),
    ),
  );
  const turn = await turnOf(url, turnId);
  t.is(turn.status, 'completed');
  t.is(replies.filter(({ status }) => status === 200).length, 1);
  t.is(replies.find(({ status }) => status === 200)!.body.reply, turn.reply!);
  for (const { status, body } of replies.filter((reply) => reply.status !== 200)) {
    t.is(status, 409);
    t.is(body.applied!.reply, turn.reply);
  }
  t.deepEqual(await contents(url, 'cleo'), ['an emergency', turn.reply!]);
});

test('invalid decisions and unknown reviews are refused', async (t) => {
  const { url } = await startApp(t);
  const { review } = await park(url, 'dora', 'urgent');
  const id = review!.review_id;
  for (const body of [
    {},
    { decision: 'maybe' },
    { decision: 'edit' },
    { decision: 'edit', reply: '' },
    { decision: 'approve', reply: 'x' },
    { decision: 'approve', decided_by: 'the boss' },
  ])
    t.is((await decide<ProblemJson>(url, id, body)).status, 400, JSON.stringify(body));
  for (const unknown of ['nonsense', '018f0000-0000-7000-8000-00000000ffff'])
    t.is((await decide<ProblemJson>(url, unknown, { decision: 'approve' })).body.code, 'review_not_found');
  t.is((await reviewOf(url, id)).status, 'pending');
});
