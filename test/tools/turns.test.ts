// Turns that call tools: the journal, approval by a person, and what the model gets.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { isAvailable, RUNTIMES } from '../support/app.ts';
import { call, chat, delivered, eventually, waitForTurn } from '../support/client.ts';
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

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: a turn calls tools, and its reply contains what they returned`, async (t) => {
    const { url, model, server } = await startToolApp(t, { runtime });
    model.script(
      scripted(
        [
          { name: 'get_order', arguments: { order: 'A1' } },
          { name: 'get_order', arguments: { order: 'A2' } },
        ],
        [{ name: 'charge', arguments: '{"order":"A1", "amount": 5.0}' }],
      ),
    );
    const turn = await ask(url, 'Charge me.');
    t.like(turn, { status: 'completed', finish_reason: 'stop', attempts: 3, error: null });
    t.deepEqual(statuses(turn), ['get_order done', 'get_order done', 'charge done']);
    t.like(turn.steps[2], { step: 3, arguments: { order: 'A1', amount: 5 }, result: { ok: true }, truncated: false });
    t.true(turn.reply!.startsWith('done: <tool_result status="done">\n{"ok":true}'));
    t.deepEqual(server.ledger.map(({ tool, key }) => [tool, key]).toSorted(), [
      ['charge', `${turn.turn_id}:3`],
      ['get_order', `${turn.turn_id}:1`],
      ['get_order', `${turn.turn_id}:2`],
    ]);
    // The usage is that of all answers.
    t.is(turn.usage!.input_tokens > 3, true);
    const offered = model.chatCalls[0]!.body['tools'] as { function: { name: string } }[];
    t.deepEqual(
      offered.map(({ function: { name } }) => name),
      ['get_order', 'set_note', 'charge', 'refund'],
    );
    // Later prompts contain the calls and their results.
    await ask(url, 'And now?', 'ann', { metadata: { session_id: turn.session_id } });
    const later = model.chatCalls.find(({ lastUserMessage }) => lastUserMessage === 'And now?')!;
    t.deepEqual(
      later.messages.map(({ role }) => role),
      ['system', 'user', 'assistant', 'tool', 'tool', 'assistant', 'tool', 'assistant', 'user'],
    );
  });

  run(`${runtime}: a call that needs approval is made once, byte for byte as it was shown`, async (t) => {
    const { url, model, server } = await startToolApp(t, { runtime });
    model.script(scripted([{ name: 'refund', arguments: '{ "order": "A1", "note": "caf\\u00e9" }' }]));
    const parked = await ask(url, 'Refund A1.');
    t.like(parked, { status: 'awaiting_review', reply: null });
    t.deepEqual(statuses(parked), ['refund awaiting_review']);
    t.deepEqual(parked.review!.reasons, ['tool_approval']);
    t.is(server.ledger.length, 0);
    const review = await reviewOf(url, parked);
    const text = '{"order":"A1","note":"café"}';
    t.like(review, { kind: 'tool_call', draft: null, draft_sha256: null, status: 'pending' });
    t.like(review.tool_call, { tool: 'refund', arguments: { order: 'A1', note: 'café' }, step: 1 });
    t.is(review.tool_call!.arguments_sha256, createHash('sha256').update(text).digest('hex'));
    // Other turns of the user continue, and do not see the open call.
    const session = { metadata: { session_id: parked.session_id } };
    model.script((one) =>
      one.lastUserMessage === 'Hi' ? {} : { calls: [{ name: 'refund', arguments: { order: 'OTHER' } }] },
    );
    t.like(await ask(url, 'Hi', 'ann', session), { status: 'completed', reply: 'echo: Hi' });
    t.deepEqual(
      model.chatCalls.at(-1)!.messages.map(({ role }) => role),
      ['system', 'user'],
    );
    // What the model says after a takeover or a decision does not matter: the journal does.
    model.script(scripted([{ name: 'refund', arguments: { order: 'OTHER' } }]));
    const stale = await decideOn(url, parked, { decision: 'approve', arguments_sha256: '0'.repeat(64) });
    t.like(stale, { status: 409, body: { code: 'changed' } });
    const poll = call<ToolTurn>(url, `/turns/${parked.turn_id}?wait=30`);
    const decided = await decideOn(url, parked, {
      decision: 'approve',
      arguments_sha256: review.tool_call!.arguments_sha256,
    });
    t.like(decided, { status: 200, body: { status: 'approved', decided_by: 'anonymous' } });
    // The poll of a turn that awaits review ends when that changes.
    t.not((await poll).body.status, 'awaiting_review');
    const done = await afterDecision(url, parked);
    t.like(done, { status: 'completed', seq: parked.seq });
    t.deepEqual(statuses(done), ['refund done']);
    t.is(server.ledger.length, 1);
    t.true(server.ledger[0]!.body.includes(`"arguments":${text}`));
    t.is((await decideOn(url, parked, { decision: 'approve' })).status, 200);
    t.like(await decideOn(url, parked, { decision: 'reject' }), { status: 409, body: { code: 'already_decided' } });
    t.is((await delivered(url, 'ann')).length, 4);
  });
}

test('decisions on a call: an edit runs, a rejection and a response reach the model', async (t) => {
  const { url, model, server } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: { order: 'A1' } }]));
  const [edit, reject, respond] = await Promise.all(['ann', 'ben', 'cid'].map((user) => ask(url, 'Refund.', user)));
  t.is((await decideOn(url, edit!, { decision: 'edit', arguments: { order: 'B2' } })).status, 200);
  t.is((await decideOn(url, reject!, { decision: 'reject', note: 'Too late.' })).status, 200);
  t.is((await decideOn(url, respond!, { decision: 'respond', result: { by: 'hand' } })).status, 200);
  const [edited, rejected, responded] = await Promise.all(
    [edit!, reject!, respond!].map((turn) => afterDecision(url, turn)),
  );
  t.deepEqual(
    server.ledger.map(({ arguments: sent }) => sent),
    [{ order: 'B2' }],
  );
  t.deepEqual(statuses(edited!), ['refund done']);
  t.deepEqual(edited!.steps[0]!.arguments, { order: 'B2' });
  t.deepEqual(statuses(rejected!), ['refund declined']);
  t.true(rejected!.reply!.includes('declined') && rejected!.reply!.includes('Too late.'));
  t.deepEqual(statuses(responded!), ['refund done']);
  t.true(responded!.reply!.includes('{"by":"hand"}'));
  // The model sees the arguments that ran, so that it does not ask for the others again.
  const sent = model.chatCalls.findLast(({ body }) => JSON.stringify(body).includes('B2'));
  t.false(JSON.stringify(sent!.body).includes('A1"'));
});

test('invalid decisions on a call are refused with all faults', async (t) => {
  const { url, model } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: {} }]));
  const parked = await ask(url, 'Refund.');
  for (const decision of [
    { decision: 'retry' },
    { decision: 'edit', reply: 'text' },
    { decision: 'edit', arguments: { order: 5 } },
    { decision: 'edit' },
    { decision: 'respond' },
    { decision: 'approve', arguments: {} },
    { decision: 'edit', arguments: [] },
    { decision: 'approve', draft_sha256: '0'.repeat(64) },
    { decision: 'approve', arguments_sha256: 'x' },
  ]) {
    const { status, body } = await call<{ code: string }>(url, `/reviews/${parked.review!.review_id}/decision`, {
      body: decision,
    });
    t.like({ status, code: body.code }, { status: 400, code: 'invalid_request' }, JSON.stringify(decision));
  }
  t.is((await turnOf(url, parked.turn_id)).status, 'awaiting_review');
});

test('faults of calls go to the model, and the limit of steps ends them', async (t) => {
  const { url, model, server } = await startToolApp(t, {}, { max_steps: 3 });
  model.script(
    scripted(
      [
        { name: 'nothing', arguments: {} },
        { name: 'get_order', arguments: '{"order": 5}' },
      ],
      [
        { name: 'get_order', arguments: '[]' },
        { name: 'get_order', arguments: { order: 'beyond the limit' } },
      ],
    ),
  );
  const turn = await ask(url, 'Try.');
  t.like(turn, { status: 'completed', finish_reason: 'tool_limit' });
  t.deepEqual(statuses(turn), ['nothing failed', 'get_order failed', 'get_order failed']);
  t.is(server.ledger.length, 0);
  t.is(model.chatCalls.length, 3);
  t.is(model.chatCalls[2]!.body['tools'], undefined);
  const results = model.chatCalls[2]!.messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  t.true(results[0]!.includes('There is no tool nothing'));
  t.true(results[2]!.includes('object'));
});

test('a once call with an unknown outcome waits for a person, who may retry it, respond or reject it', async (t) => {
  const { url, model, server } = await startToolApp(t);
  model.script(scripted([{ name: 'charge', arguments: { order: 'A1' } }]));
  server.answer((response) => response.writeHead(500).end('down'));
  const turns = await Promise.all(['ann', 'ben', 'cid'].map((user) => ask(url, 'Charge.', user)));
  for (const turn of turns) {
    t.is(turn.status, 'awaiting_review');
    t.deepEqual(statuses(turn), ['charge unknown']);
    t.is((await reviewOf(url, turn)).kind, 'tool_outcome');
  }
  t.is(server.ledger.length, 3);
  const [retry, respond, reject] = turns;
  t.is((await decideOn(url, respond!, { decision: 'approve' })).status, 400);
  server.answer((response) => response.end('charged'));
  await decideOn(url, retry!, { decision: 'retry' });
  await decideOn(url, respond!, { decision: 'respond', result: 'It worked.' });
  await decideOn(url, reject!, { decision: 'reject', note: 'Not found.' });
  const [retried, responded, rejected] = await Promise.all(turns.map((turn) => afterDecision(url, turn)));
  t.deepEqual(statuses(retried!), ['charge done']);
  t.true(retried!.reply!.includes('charged'));
  t.true(responded!.reply!.includes('It worked.'));
  t.deepEqual(statuses(rejected!), ['charge failed']);
  t.true(rejected!.reply!.includes('not carried out') && rejected!.reply!.includes('Not found.'));
  t.is(server.ledger.length, 4);
  t.is(server.ledger[3]!.key, `${retry!.turn_id}:1`);
});

test('the policy at the time of the call counts: a forbidden tool is declined, and a changed rule asks again', async (t) => {
  const { url, model, server, file } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: { order: 'A1' } }]));
  const [forbidden, stricter] = await Promise.all(['ann', 'ben'].map((user) => ask(url, 'Refund.', user)));
  const current = JSON.parse(readFileSync(file.path, 'utf8')) as {
    assistants: { shop: { tools: string[]; description?: string } };
    tools: Record<string, { approval?: unknown }>;
  };
  const write = async (description: string) => {
    current.assistants.shop.description = description;
    file.write(current);
    await eventually('the file is read', async () =>
      JSON.stringify((await call(url, '/v1/models')).body).includes(description),
    );
  };
  current.tools['refund']!.approval = { unless: { properties: { order: { const: 'FREE' } }, required: ['order'] } };
  await write('version 2');
  await decideOn(url, stricter!, { decision: 'approve' });
  const again = await afterDecision(url, stricter!);
  t.is(again.status, 'awaiting_review');
  t.not(again.review!.review_id, stricter!.review!.review_id);
  t.is(server.ledger.length, 0);
  await decideOn(url, again, { decision: 'approve' });
  t.deepEqual(statuses(await afterDecision(url, again)), ['refund done']);
  current.assistants.shop.tools = ['get_order'];
  await write('version 3');
  await decideOn(url, forbidden!, { decision: 'approve' });
  const declined = await afterDecision(url, forbidden!);
  t.deepEqual(statuses(declined), ['refund declined']);
  t.is(declined.status, 'completed');
  t.is(server.ledger.length, 1);
});

test('60 reviewers decide a call differently at once: the arguments that ran are those of the applied decision', async (t) => {
  const { url, model, server } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: { order: 'A0' } }]));
  const parked = await ask(url, 'Refund.');
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, n) => decideOn(url, parked, { decision: 'edit', arguments: { order: `A${n}` } })),
  );
  const applied = replies.filter(({ status }) => status === 200);
  t.is(applied.length, 1);
  t.true(replies.every(({ status }) => status === 200 || status === 409));
  await afterDecision(url, parked);
  t.deepEqual(
    server.ledger.map(({ arguments: sent }) => sent),
    [applied[0]!.body.arguments],
  );
});

test('the deadline never runs a tool', async (t) => {
  for (const [outcome, status] of [
    ['approve', 'expired'],
    ['expire', 'expired'],
    ['reject', 'completed'],
  ] as const) {
    const { url, model, server } = await startToolApp(t, {
      settings: { REVIEW_DEADLINE_S: '1', REVIEW_ON_DEADLINE: outcome },
    });
    model.script(scripted([{ name: 'refund', arguments: {} }]));
    const parked = await ask(url, 'Refund.');
    const ended = await afterDecision(url, parked);
    t.is(ended.status, status);
    t.deepEqual(statuses(ended), ['refund declined']);
    t.is(server.ledger.length, 0);
    const late = await decideOn(url, parked, { decision: 'approve' });
    t.like(late, { status: 410, body: { code: 'review_expired' } });
  }
});

test('a turn that is cancelled while a once call runs still records its outcome', async (t) => {
  const { url, model, server } = await startToolApp(t);
  model.script(scripted([{ name: 'charge', arguments: {} }]));
  const called = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  server.answer(async (response) => {
    called.resolve();
    await release.promise;
    response.end('charged');
  });
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'Charge.' });
  await called.promise;
  const cancelled = await call<ToolTurn>(url, `/turns/${turnId}/cancel`, { method: 'POST' });
  t.is(cancelled.status, 200);
  t.deepEqual(statuses(cancelled.body), ['charge running']);
  release.resolve();
  for (let status = ''; status !== 'charge done';) [status = ''] = statuses(await turnOf(url, turnId));
  t.like(await turnOf(url, turnId), { status: 'cancelled', steps: [{ result: 'charged' }] });
  t.is((await waitForTurn(url, turnId)).reply, null);
});

test('the result of a person is any JSON value, and is shown as it was sent', async (t) => {
  const { url, model } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: {} }]));
  const values = ['5', 5, 'true', true, null, '', '"quoted"', [], { a: '1' }, 'plain text'];
  await Promise.all(
    values.map(async (result, n) => {
      const parked = await ask(url, 'Refund.', `user-${n}`);
      const decided = await decideOn(url, parked, { decision: 'respond', result });
      t.deepEqual([decided.status, decided.body.result], [200, result]);
      t.is((await decideOn(url, parked, { decision: 'respond', result })).status, 200);
      t.is((await decideOn(url, parked, { decision: 'respond', result: 'other' })).status, 409);
      t.deepEqual((await afterDecision(url, parked)).steps[0]!.result, result);
    }),
  );
});

test('a call that is not made says why: a cancellation is no decision of a person', async (t) => {
  const { url, model } = await startToolApp(t);
  model.script(scripted([{ name: 'refund', arguments: {} }]));
  const parked = await ask(url, 'Refund.');
  t.is((await call(url, `/turns/${parked.turn_id}/cancel`, { method: 'POST' })).status, 200);
  const { steps } = await turnOf(url, parked.turn_id);
  t.like(steps[0], { status: 'declined', result: 'The turn of this call was cancelled. It was not carried out.' });
  t.is((await reviewOf(url, parked)).status, 'cancelled');
});
