// A decision on a call that meets something else: a park, a takeover, another policy, an erasure, a deadline.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { topic } from '../reviews/support.ts';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { call, chat, eventually, waitForTurn } from '../support/client.ts';
import { erase, locationsOf, waitForErasure } from '../users/support.ts';
import {
  afterDecision,
  ask,
  decideOn,
  reviewOf,
  scripted,
  startToolApp,
  statuses,
  turnOf,
  type ToolTurn,
} from './turn-support.ts';

const REFUND = scripted([{ name: 'refund', arguments: { order: 'A1' } }]);

/** Parks a turn of each user for the approval of a refund. */
const parkAll = (url: string, users: number): Promise<ToolTurn[]> =>
  Promise.all(Array.from({ length: users }, (_, n) => ask(url, `Refund ${n}.`, `user-${n}`)));

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: an approval that names the turn, before or after it is parked, never reaches a call`, async (t) => {
    const { url, model, server, redisUrl } = await startToolApp(t, { runtime });
    const proposed = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    model.script(async (one) => {
      if (one.kind === 'chat') proposed.resolve();
      await release.promise;
      return REFUND(one);
    });
    const decisions = topic(t, redisUrl, 'review-decisions');
    const decide = async (data: object) => {
      const job = await decisions.add(
        'ReviewDecided',
        { specversion: '1.0', id: crypto.randomUUID(), source: '/test', type: 'ReviewDecided', data },
        {
          removeOnComplete: false,
          removeOnFail: false,
        },
      );
      await eventually('the decision is processed', async () => ['completed', 'failed'].includes(await job.getState()));
    };
    const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'Refund.' });
    await proposed.promise;
    const approvals = [
      { turn_id: turnId, approved: true },
      { turn_id: turnId, decision: 'approve', draft_sha256: '0'.repeat(64) },
      { turn_id: turnId, decision: 'edit', reply: 'Refunded.' },
    ];
    for (const each of approvals) await decide(each);
    release.resolve();
    const parked = (await waitForTurn(url, turnId)) as ToolTurn;
    for (const each of approvals) await decide(each);
    t.deepEqual([parked.status, statuses(parked)], ['awaiting_review', ['refund awaiting_review']]);
    t.is((await reviewOf(url, parked)).status, 'pending');
    t.is(server.ledger.length, 0);
    // A decision that names the review is applied.
    await decide({ review_id: parked.review!.review_id, decision: 'approve' });
    const done = await afterDecision(url, parked);
    t.deepEqual(statuses(done), ['refund done']);
    t.is(server.ledger.length, 1);
  });

  run(`${runtime}: an approved call that is taken over while it runs is not made again`, async (t) => {
    const { url, model, server, databaseUrl } = await startToolApp(t, { runtime, settings: { LEASE_S: '30' } });
    model.script(REFUND);
    const parked = await ask(url, 'Refund.');
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    server.answer(async (response) => {
      arrived.resolve();
      await release.promise;
      response.end('refunded');
    });
    t.is((await decideOn(url, parked, { decision: 'approve' })).status, 200);
    await arrived.promise;
    // The worker was frozen for longer than its lease: another claim finds the call running.
    const builder = await connect(databaseUrl, { poolSize: 1 });
    t.teardown(() => builder.destroy());
    const expire = () =>
      builder('turns')
        .where('turn_id', parked.turn_id)
        .update({ lease_until: new Date(Date.now() - 1_000) });
    await builder('turns').where('turn_id', parked.turn_id).increment('epoch', 1);
    await expire();
    const asked = await afterDecision(url, parked);
    t.deepEqual([asked.status, statuses(asked)], ['awaiting_review', ['refund unknown']]);
    t.is((await reviewOf(url, asked)).kind, 'tool_outcome');
    // The old claim cannot record what it learns, and the same approval cannot be given again.
    release.resolve();
    t.is((await decideOn(url, parked, { decision: 'approve' })).status, 200);
    t.is((await decideOn(url, asked, { decision: 'approve' })).status, 400);
    t.deepEqual(statuses(await turnOf(url, parked.turn_id)), ['refund unknown']);
    await decideOn(url, asked, { decision: 'respond', result: 'It was refunded.' });
    const done = await afterDecision(url, asked);
    t.like(done, { status: 'completed', steps: [{ status: 'done', result: 'It was refunded.' }] });
    t.is(server.ledger.length, 1);
  });

  run(`${runtime}: approvals while the user is erased: nothing runs after the erasure`, async (t) => {
    const app = await startToolApp(t, { runtime });
    const { url, model, server } = app;
    model.script(REFUND);
    const parked = await ask(url, 'Refund canary-of-ann.', 'canary-of-ann');
    await waitForErasure(url, await erase(url, 'canary-of-ann'));
    t.is((await decideOn(url, parked, { decision: 'approve' })).status, 404);
    t.is((await call(url, `/turns/${parked.turn_id}`)).status, 404);
    t.is(server.ledger.length, 0);
    t.deepEqual(await locationsOf(app, 'canary-of-ann'), []);
    // Decision and erasure at the same time: the call runs before the erasure, or not at all.
    const turns = await parkAll(url, 12);
    await Promise.all(
      turns.map(async (turn) => {
        const [decided, erasure] = await Promise.all([
          decideOn(url, turn, { decision: 'approve' }),
          erase(url, turn.user_id),
        ]);
        t.true([200, 404].includes(decided.status), `${decided.status}`);
        await waitForErasure(url, erasure);
        const after = server.ledger.length;
        t.is((await decideOn(url, turn, { decision: 'approve' })).status, 404);
        t.true(server.ledger.length >= after);
        t.true(
          server.ledger.filter(({ turn_id: id }) => id === turn.turn_id).length <= (decided.status === 200 ? 1 : 0),
        );
      }),
    );
    for (const { user_id: user } of turns) t.deepEqual(await locationsOf(app, user), []);
  });
}

test('approvals while the file is replaced: each call runs once under the rule that holds, or a person is asked again', async (t) => {
  const { url, model, server, file } = await startToolApp(t);
  model.script(REFUND);
  const turns = await parkAll(url, 16);
  const content = JSON.parse(readFileSync(file.path, 'utf8')) as {
    assistants: { shop: { description?: string } };
    tools: { refund: { approval: unknown } };
  };
  content.tools.refund.approval = { unless: { required: ['free'] } };
  content.assistants.shop.description = 'another rule';
  const isReplaced = async () => JSON.stringify((await call(url, '/v1/models')).body).includes('another rule');
  // Half of the approvals are given before the file is read, the others about when it is, and after it.
  const [before, during] = [turns.slice(0, 4), turns.slice(4, 12)];
  for (const turn of before) t.is((await decideOn(url, turn, { decision: 'approve' })).status, 200);
  file.write(content);
  for (const turn of during) {
    t.is((await decideOn(url, turn, { decision: 'approve' })).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  await eventually('the file is read', isReplaced);
  for (const turn of turns.slice(12)) t.is((await decideOn(url, turn, { decision: 'approve' })).status, 200);
  const first = await Promise.all(turns.map((turn) => afterDecision(url, turn)));
  const again = first.filter(({ status }) => status === 'awaiting_review');
  t.true(again.length >= 4, 'those approved after the file was read are asked again');
  t.is(first.filter(({ status }) => status === 'completed').length, 16 - again.length);
  t.is(server.ledger.length, 16 - again.length);
  for (const turn of again) {
    t.deepEqual(statuses(turn), ['refund awaiting_review']);
    await decideOn(url, turn, { decision: 'approve' });
  }
  for (const turn of await Promise.all(again.map((each) => afterDecision(url, each)))) t.is(turn.status, 'completed');
  t.is(server.ledger.length, 16);
  t.is(new Set(server.ledger.map(({ key }) => key)).size, 16);
});

test('approvals at the deadline: a call runs once if its approval was confirmed, and never if it was late', async (t) => {
  const { url, model, server } = await startToolApp(t, {
    settings: { REVIEW_DEADLINE_S: '4', REVIEW_ON_DEADLINE: 'approve' },
  });
  model.script(REFUND);
  // Each approval is given at another time: some at once, the others from shortly before the deadline to shortly after it.
  const decided = await Promise.all(
    Array.from({ length: 24 }, async (_, n) => {
      const turn = await ask(url, `Refund ${n}.`, `user-${n}`);
      const { deadline } = (await call<{ deadline: string }>(url, `/reviews/${turn.review!.review_id}`)).body;
      const inMs = n < 4 ? 0 : new Date(deadline).getTime() - Date.now() + (n - 14) * 25;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, inMs)));
      return { turn, reply: await decideOn(url, turn, { decision: 'approve' }) };
    }),
  );
  const replies = decided.map(({ reply }) => reply);
  const ended = await Promise.all(decided.map(({ turn }) => afterDecision(url, turn)));
  for (const [n, turn] of ended.entries()) {
    const { status } = replies[n]!;
    const arrived = server.ledger.filter(({ turn_id: id }) => id === turn.turn_id).length;
    if (status === 200) t.deepEqual([turn.status, arrived, statuses(turn)], ['completed', 1, ['refund done']]);
    else t.deepEqual([status, turn.status, arrived, statuses(turn)], [410, 'expired', 0, ['refund declined']]);
  }
  const late = replies.filter(({ status }) => status === 410).length;
  t.true(late > 0 && late < 24, `${late} of 24 were late`);
});
