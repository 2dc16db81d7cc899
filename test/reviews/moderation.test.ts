// A moderation model checks messages and replies. Without its verdict the reply goes to review.
import test from 'ava';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { partsToModerate } from '../../src/domain/moderation.ts';
import { parsePolicy } from '../../src/domain/policy-file.ts';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { callAborted } from '../support/held-model.ts';
import type { ModelScript } from '../support/model.ts';
import type { Owner } from '../support/owner.ts';
import { read } from '../support/sse.ts';
import { park, reviewOf, turnOf } from './support.ts';

const RULE = { name: 'moderation', reason: 'The model has doubts.', on: ['message', 'reply'], moderation: {} };

function settings(t: Owner, ...rules: object[]): Record<string, string> {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, JSON.stringify({ rules }));
  return { REVIEW_POLICY: path, REVIEW_KEYWORDS: 'none', MODEL_TIMEOUT_S: '1', MODEL_MAX_ATTEMPTS: '2' };
}

test('each moderation model checks each text once, even if several rules use it', (t) => {
  const { rules } = parsePolicy({
    text: JSON.stringify({
      rules: [
        RULE,
        { ...RULE, name: 'b', on: 'reply', moderation: { categories: ['violence'] } },
        { ...RULE, name: 'c', on: 'message', moderation: { model: 'other' } },
      ],
    }),
  });
  t.deepEqual(
    [...partsToModerate({ keywords: [], rules })],
    [
      ['omni-moderation-latest', ['message', 'reply']],
      ['other', ['message']],
    ],
  );
});

test('a flagged text goes to review with its categories, and each turn makes one moderation call', async (t) => {
  const { url, model } = await startApp(t, {
    settings: settings(t, RULE, { ...RULE, name: 'violent', on: 'reply', moderation: { categories: ['violence'] } }),
  });
  model.script(() => ({ flagged: (text) => ['hate', 'violence'].filter((word) => text.includes(word)), text: 'ok' }));
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id)).status, 'completed');
  t.is(model.moderationCalls.length, 1);
  t.like(model.moderationCalls[0]!.body, { model: 'omni-moderation-latest', input: ['hello', 'ok'] });

  t.deepEqual((await park(url, 'ann', 'full of hate')).review!.reasons, ['moderation']);
  model.script(() => ({ flagged: (text) => (text === 'violence' ? ['violence'] : []), text: 'violence' }));
  const turn = await park(url, 'ann', 'hello');
  t.deepEqual((await reviewOf(url, turn.review!.review_id)).reasons, [
    { rule: 'moderation', detail: 'The model has doubts. Flagged in the reply: violence.' },
    { rule: 'violent', detail: 'The model has doubts. Flagged in the reply: violence.' },
  ]);
  t.is(model.moderationCalls.length, 3);
  const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
  t.regex(metrics, /attempt_duration_seconds_count\{purpose="moderation",outcome="completed"\} 3/);
});

const FAILURES: Readonly<Record<string, readonly [script: ModelScript, code: string, calls: number]>> = {
  '500': [{ status: 500, headers: { 'retry-after-ms': '10' } }, 'model_unavailable', 2],
  '429': [{ status: 429, headers: { 'retry-after-ms': '10' } }, 'model_rate_limited', 2],
  '401': [{ status: 401 }, 'model_unauthorized', 1],
  silence: [{ hang: true }, 'model_timeout', 2],
  nonsense: [{ malformed: true }, 'model_malformed_reply', 2],
  'a reset': [{ reset: true }, 'model_unavailable', 2],
};

test('without a verdict the reply goes to review, with the error code as the reason', async (t) => {
  const { url, model } = await startApp(t, { settings: settings(t, RULE) });
  model.script((one) => (one.kind === 'moderation' ? FAILURES[one.texts[0]!]![0] : {}));
  await Promise.all(
    Object.entries(FAILURES).map(async ([what, [, code, calls]]) => {
      const { review, reply } = await park(url, `user-${code}-${calls}-${what.length}`, what);
      const [reason, ...others] = (await reviewOf(url, review!.review_id)).reasons;
      t.is(reply, null);
      t.is(reason!.rule, 'moderation');
      t.regex(reason!.detail, new RegExp(`no verdict on the message: ${code}, .*no verdict on the reply: ${code}, `));
      t.deepEqual(others, []);
      t.is(model.moderationCalls.filter(({ texts }) => texts[0] === what).length, calls, what);
      t.is(model.count(what), 1, 'the reply was requested once');
    }),
  );
});

test('a response with too few results counts as no verdict', async (t) => {
  const { url, model } = await startApp(t, { settings: settings(t, RULE) });
  model.script((one) => (one.kind === 'moderation' ? { results: 1 } : {}));
  const turn = await park(url, 'ann', 'hello');
  t.regex((await reviewOf(url, turn.review!.review_id)).reasons[0]!.detail, /model_malformed_reply/);
});

test('a message is checked while its reply is written, and the reply is sent after the verdict', async (t) => {
  const { url, model } = await startApp(t, { settings: settings(t, { ...RULE, on: 'message' }) });
  let checkedAt = 0;
  model.script((one) => {
    if (one.kind === 'moderation') checkedAt = Date.now();
    return { text: 'a reply of many words', trickleMs: 100 };
  });
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  const { events, turn } = await read(url, turnId);
  t.is(turn?.reply, 'a reply of many words');
  // A reply that was held back is sent as one delta.
  t.deepEqual(
    events.filter(({ event }) => event === 'delta').map(({ data }) => data),
    ['{"text":"a reply of many words"}'],
  );
  t.true(checkedAt - model.chatCalls[0]!.at < 400, 'the check does not wait for the reply, which takes longer');
  t.is(model.moderationCalls.length, 1);
});

test('cancelling a turn aborts its moderation call', async (t) => {
  const { url, model } = await startApp(t, { settings: { ...settings(t, RULE), MODEL_TIMEOUT_S: '60' } });
  model.script((one) => (one.kind === 'moderation' ? { hang: true } : {}));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  const moderationCall = await eventually('the moderation call', async () => model.moderationCalls[0] ?? null);
  t.is((await call(url, `/turns/${turnId}/cancel`, { method: 'POST' })).status, 200);
  await callAborted(moderationCall);
  t.is((await turnOf(url, turnId)).status, 'cancelled');
  model.script(() => ({}));
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'next' })).turn_id)).status, 'completed');
});

test('a failed model call aborts the moderation call', async (t) => {
  const { url, model } = await startApp(t, {
    settings: { ...settings(t, { ...RULE, on: 'message' }), MODEL_TIMEOUT_S: '60' },
  });
  model.script((one) => (one.kind === 'moderation' ? { hang: true } : { status: 400, delayMs: 300 }));
  const turn = await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'hello' })).turn_id);
  t.is(turn.status, 'failed');
  await callAborted(model.moderationCalls[0]!);
});
