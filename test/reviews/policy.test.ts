import test from 'ava';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApp } from '../support/app.ts';
import { waitForTurn, chat } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Owner } from '../support/owner.ts';
import { startScriptedModel } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { decide, park, reviewOf } from './support.ts';
import { mayNeedReview, screen } from '../../src/domain/policy.ts';
import { ConfigError, readConfig } from '../../src/config/config.ts';

const reasonsFor = (message: string, keywords = ['urgent', 'help']) =>
  screen({ keywords, rules: [] }, { message, reply: 'How can I help?' }).map(({ detail }) => detail);

test('a keyword is found anywhere in the message, in any case and any character width', (t) => {
  for (const message of [
    'urgent',
    'This is URGENT!',
    'not-so-urgently',
    'ｕｒｇｅｎｔ',
    'an\nurgent\nmatter',
    'ur\u200Bg\u00ADent',
  ])
    t.deepEqual(reasonsFor(message), ['The message contains “urgent”.'], message);
  t.is(reasonsFor('urgent: please HELP').length, 2);
  for (const message of ['', 'ur gent', 'hello']) t.deepEqual(reasonsFor(message), [], message);
});

test('keywords do not apply to the reply', (t) => {
  t.deepEqual(reasonsFor('hello'), []);
  t.false(mayNeedReview({ keywords: ['help'], rules: [] }, 'hello'));
  t.true(mayNeedReview({ keywords: ['help'], rules: [] }, 'Help'));
});

test('REVIEW_KEYWORDS sets the keywords, and the value none disables them', (t) => {
  t.deepEqual(readConfig([], { REVIEW_KEYWORDS: ' refund , legal advice,' }).REVIEW_KEYWORDS, [
    'refund',
    'legal advice',
  ]);
  t.deepEqual(readConfig([], { REVIEW_KEYWORDS: 'none' }).REVIEW_KEYWORDS, []);
  t.deepEqual(reasonsFor('urgent', []), []);
});

function policyFile(t: Owner, content: unknown): string {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const RULES = [
  { name: 'refund', reason: 'Only people promise refunds.', on: 'reply', keywords: ['refund'] },
  {
    name: 'iban',
    reason: 'The message contains an account number.',
    on: 'message',
    pattern: '\\b[A-Z]{2}\\d{2}[A-Z0-9]{11,30}\\b',
  },
];

test('the rules of the policy file screen messages and replies and appear as reasons', async (t) => {
  const settings = { REVIEW_POLICY: policyFile(t, { rules: RULES }), REVIEW_KEYWORDS: 'none' };
  const { url, model } = await startApp(t, { settings });
  model.script((one) => (one.lastUserMessage === 'broken' ? { text: 'You get a Refund.' } : {}));
  t.deepEqual((await park(url, 'ann', 'broken')).review!.reasons, ['refund']);
  t.deepEqual((await park(url, 'ann', 'to GB33BUKB20201555555555')).review!.reasons, ['iban']);
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'help' })).turn_id)).status, 'completed');
  t.true(
    mayNeedReview({ keywords: [], rules: readConfig([], settings).REVIEW_POLICY!.rules }, 'anything'),
    'a rule applies to replies',
  );
});

test('the finds of a rule are shown to the reviewer and not logged', async (t) => {
  const rules = [
    {
      name: 'private',
      reason: 'No personal data.',
      on: ['message', 'reply'],
      personal_data: ['payment_card', 'email'],
    },
  ];
  const model = await startScriptedModel(t);
  const { url: databaseUrl } = await freshDatabase(t);
  const turnkeeper = await startProcess(t, {
    args: ['src/main.ts', '--migrate'],
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: await redisUrl(t),
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      LOG_LEVEL: 'trace',
      REVIEW_POLICY: policyFile(t, { rules }),
    },
  });
  const turn = await park(turnkeeper.url, 'ann', 'my card is 4111 1111 1111 1111');
  t.deepEqual((await reviewOf(turnkeeper.url, turn.review!.review_id)).reasons, [
    {
      rule: 'private',
      detail:
        'No personal data. Found in the message: “4111 1111 1111 1111” (payment card). Found in the reply: “4111 1111 1111 1111” (payment card).',
    },
  ]);
  await decide(turnkeeper.url, turn.review!.review_id, { decision: 'reject' });
  t.is(await turnkeeper.stop(), 0);
  t.true(turnkeeper.output().includes(turn.review!.review_id), 'the log contains the review id');
  t.notRegex(turnkeeper.output(), /4111/);
});

test('an invalid policy file stops the start with all its faults', (t) => {
  const faultsOf = (path: string): readonly string[] => {
    const error = t.throws(() => readConfig([], { REVIEW_POLICY: path }), { instanceOf: ConfigError });
    return error?.faults ?? [];
  };
  const wrong = [
    { name: 'a', reason: 'x', on: 'reply', pattern: '(' },
    { name: 'b' },
    { ...RULES[0], name: 'refund' },
    RULES[0],
    { name: 'e', reason: 'x', on: [], keywords: ['x'] },
    { name: 'f', reason: 'x', on: ['reply', 'reply'], personal_data: ['email', 'shoe_size'] },
    { name: 'g', reason: 'x', on: 'message', moderation: { categories: [] } },
    { name: 'h', reason: 'x', on: 'message', personal_data: ['phone'], country: 'Atlantis' },
    { name: 'i', reason: 'x', on: 'message', personal_data: ['email'], country: 'DE' },
    { name: 'j', reason: 'x', on: 'message' },
    { name: 'K', country: 'DE', personal_data: 7 },
    null,
  ];
  const faults = faultsOf(policyFile(t, { rules: wrong, extra: 1 }));
  for (const expected of [
    'extra',
    'rules.0.pattern',
    'rules.1.reason',
    'rules.1.on',
    'rules.1: has none of',
    'rules.3.name',
    'rules.4.on',
    'rules.5.on',
    'rules.5.personal_data.1',
    'rules.6.moderation.categories',
    'rules.7.country',
    'rules.8: has a country',
    'rules.9: has none of',
    'rules.10.name',
    'rules.10.personal_data',
    'rules.10: has a country',
    'rules.11: ',
  ])
    t.true(
      faults.some((fault) => fault.includes(expected)),
      `${expected}: ${faults.join(' | ')}`,
    );
  t.regex(faultsOf(policyFile(t, 'no JSON')).join(), /REVIEW_POLICY: .*JSON/);
  t.regex(faultsOf('/nowhere/policy.json').join(), /REVIEW_POLICY: .*cannot be read/);
});
