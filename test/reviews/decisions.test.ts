// A person approves, edits or rejects a draft; the user sees only what was decided.
import test from 'ava';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, delivered, ended, eventually, chat } from '../support/client.ts';
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
    `${runtime}: the tutorial's walkthrough: bob's urgent message waits, is approved, and knows his count`,
    async (t) => {
      const { url, model, redisUrl } = await startApp(t, { runtime });
      model.script((one) => ({ text: /so far: (\d+)/.exec(one.messages[0]!.content)?.[0] ?? 'no count' }));
      for (const [user, count] of Object.entries({ alice: 5, bob: 3 }))
        await call(url, `/analytics/${user}/initialize`, { body: { message_count: count } });
      const asked = topic(t, redisUrl, 'human-review');

      const parked = await park(url, 'bob', 'This is an Urgent request!', { tags: ['ask'] });
      t.like(parked, { status: 'awaiting_review', reply: null });
      t.like(parked.review, { status: 'pending', reasons: ['keyword'], decided_at: null, decision: null });
      t.false(JSON.stringify(parked).includes('so far'), 'the draft does not show');
      t.deepEqual(await contents(url, 'bob'), []);
      const [job] = await eventually('HumanReviewRequired', async () => {
        const jobs = await asked.getJobs(['waiting']);
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

      // The user's next turn does not wait for the person.
      t.is((await ended(url, (await chat(url, { user_id: 'bob', text: 'and alice?' })).turn_id)).status, 'completed');

      const waiting = call<ReviewedTurn>(url, `/turns/${parked.turn_id}?wait=30`);
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
      const { body: turn } = await waiting;
      t.like(turn, { status: 'completed', reply: 'so far: 3' });
      t.like(turn.review, { status: 'approved', decision: 'approve' });
      t.truthy(turn.review!.decided_at);
      t.deepEqual(await contents(url, 'bob'), ['This is an Urgent request!', 'so far: 3', 'and alice?', 'so far: 3']);
      t.is((await call<{ items: unknown[] }>(url, '/users/bob/conversations?tag=ask')).body.items.length, 2);
      const activity = await eventually('both counted', async () => {
        const found = await activityOf(url, 'bob');
        // Two looks: the count may be seen before the day's.
        return found.message_count === 5 && found.by_status['completed'] === 2 && found;
      });
      t.like(activity, { reviewed: 1 });
      t.like(activity.by_status, { completed: 2, awaiting_review: 0 });
      t.is(await eventually('taken back', async () => (await asked.getJobCountByTypes('waiting')) === 0), true);
    },
  );

  run(`${runtime}: edited, the user sees the edit; rejected, the user is told so and nothing is kept`, async (t) => {
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

    await ended(url, (await chat(url, { user_id: 'ann', text: 'bye' })).turn_id);
    await eventually(
      'a summary of all',
      async () => (await call<{ through_seq: number }>(url, '/memories/ann')).body.through_seq === 3,
    );
    t.false(JSON.stringify(model.summaryCalls.map(({ messages }) => messages)).includes('secret plan'));
    t.false(JSON.stringify(model.chatCalls.at(-1)!.messages).includes('secret plan'), 'nor is it in the next prompt');
    const activity = await eventually('counted', async () => {
      const found = await activityOf(url, 'ann');
      return found.message_count === 2 && found.by_status['completed'] === 2 && found;
    });
    t.like(activity, { reviewed: 2 });
    t.like(activity.by_status, { completed: 2, rejected: 1 });
  });
}

test('the same decision again changes nothing; another is told which was applied; the trail tells all', async (t) => {
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

test('a hundred reviewers decide one review differently at once: one is applied, all others are told which', async (t) => {
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

test('bad decisions are told everything that is wrong with them', async (t) => {
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
