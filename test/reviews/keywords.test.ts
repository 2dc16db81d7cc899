// Keywords and patterns find words as people write them: in any case, with and without accents, with invisible characters.
import test from 'ava';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keywordForm, mayNeedReview, screen, type ReviewRule } from '../../src/domain/policy.ts';
import { foldedForm, visibleForm } from '../../src/domain/policy-text.ts';
import { asData, visibleText } from '../../src/domain/text.ts';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { startApp } from '../support/app.ts';
import { call, chat, waitForTurn, type TurnJson } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { park } from './support.ts';

const isHeld = (keyword: string, message: string) => mayNeedReview({ keywords: [keyword], rules: [] }, message);

/** Each keyword, texts in which it is found, and texts in which it is not. */
const KEYWORDS: readonly (readonly [keyword: string, held: readonly string[], delivered: readonly string[]])[] = [
  ['straße', ['STRASSE', 'strasse', 'Straße', 'STRAẞE', 'Hauptstraßen'], ['strase', 'Stra e']],
  ['GROSS', ['groß', 'Größe? groß!'], ['gros']],
  ['acil', ['ACİL', 'Acil', 'ACIL', 'acıl', 'aci\u0307l'], ['açıklık']],
  ['ISPARTA', ['ısparta', 'İsparta', 'isparta'], ['sparta']],
  ['ΟΔΟΣ', ['οδός', 'οδοσ', 'ΟΔΌΣ', 'ὁδὸς'], ['οδο']],
  ['office', ['oﬃce', 'OFFICE', 'oﬀice'], ['ofice']],
  ['résumé', ['resume', 'RÉSUMÉ', 're\u0301sume\u0301', 'Résumés'], ['rsum']],
  ['urgent', ['u\u0332r\u0332g\u0332e\u0332n\u0332t\u0332', 'ú̶r̶g̶ë̶n̶t̶', 'u\u20DDrgent', '𝐮𝐫𝐠𝐞𝐧𝐭', 'ⓤⓡⓖⓔⓝⓣ'], ['urg ent']],
  [
    'urgent',
    [
      'u\u200Brgent',
      'urg\u00ADent',
      'ur\uFE0Fgent',
      '\u202Eurg\u202Cent',
      'ur\u2060gent',
      'ur\u0007gent',
      'u\u{E0072}rgent',
    ],
    ['ur\tgent', 'ur\ngent', 'ur\u00A0gent'],
  ],
  ['عاجل', ['عَاجِل', 'عـــاجل', 'هذا عاجل'], ['عجل']],
  ['أمر', ['امر', 'أَمْر'], ['مر']],
  ['שלום', ['שָׁלוֹם'], ['שלו']],
  ['ёлка', ['елка', 'ЁЛКА'], ['лка']],
  [
    'legal advice',
    ['legal\u00A0advice', 'Legal   advice', 'legal\nadvice', 'legal \t advice'],
    ['legaladvice', 'legal-advice'],
  ],
  ['e-mail', ['e‑mail', 'E–MAIL', 'e−mail'], ['email', 'e mail']],
  ["can't", ['can’t', 'CAN`T', 'can´t'], ['cant']],
  ["can't", ['can\u02BEt', 'canꞌt', 'can\u055At', 'can❜t', 'can᾽t'], ['can"t']],
  ['עו"ד', ['עו\u05F4ד', 'עו”ד'], ['עוד', "עו'ד"]],
  ["צ'ק", ['צ\u05F3ק'], ['צק']],
  ['"stop"', ['«stop»', '„stop“', '❝stop❞', '″stop″', '״stop״'], ["'stop'", 'stop']],
  ['e-mail', ['e⁃mail', 'e˗mail'], ['e_mail']],
  ['각', ['각', '\u1100\u1161\u11A8'], ['가', '갂']],
  ['가', ['가나', '가'], ['각']],
  ['かき', ['かき', 'か\u200Bき'], ['がき', 'か\u3099き']],
  ['कल', ['कल'], ['काल', 'किला']],
  ['मज़ा', ['मजा', 'मज\u093Cा'], ['मज']],
  ['ไม่', ['ไม่'], ['ไม']],
];

test('a keyword is found as people write it', (t) => {
  for (const [keyword, held, delivered] of KEYWORDS) {
    t.true(isHeld(keyword, keyword), keyword);
    for (const message of held) t.true(isHeld(keyword, message), `${keyword} in ${message}`);
    for (const message of delivered) t.false(isHeld(keyword, message), `${keyword} not in ${message}`);
  }
});

test('replies to messages with the keywords straße and acil are held, and the reason quotes the keyword', async (t) => {
  const { url } = await startApp(t, { settings: { REVIEW_KEYWORDS: 'straße,acil' } });
  for (const [message, keyword] of [
    ['STRASSE', 'straße'],
    ['ACİL', 'acil'],
    ['stra\u00ADsse', 'straße'],
  ] as const) {
    const turn = await park(url, 'ann', message);
    const { body } = await call<{ reasons: unknown }>(url, `/reviews/${turn.review!.review_id}`);
    t.deepEqual(body.reasons, [{ rule: 'keyword', detail: `The message contains “${keyword}”.` }], message);
    await call<TurnJson>(url, `/reviews/${turn.review!.review_id}/decision`, { body: { decision: 'approve' } });
  }
  t.is((await waitForTurn(url, (await chat(url, { user_id: 'ben', text: 'strase' })).turn_id)).status, 'completed');
});

const findOf = (pattern: RegExp, message: string): string | undefined => {
  const rule: ReviewRule = {
    name: 'pattern',
    reason: 'It matches.',
    on: ['message'],
    keywords: [],
    pattern,
    personalData: null,
    moderation: null,
  };
  return screen({ keywords: [], rules: [rule] }, { message, reply: '' })[0]?.detail;
};

test('a pattern matches the text as it was written, as it is seen, or without case and accents', (t) => {
  for (const [pattern, message] of [
    [/\bTK-\d{4,8}\b/iu, 'ticket TK-1234.'],
    [/\bTK-\d{4,8}\b/iu, 'ticket T\u200BK-12\u00AD34'],
    [/\bTK-\d{4,8}\b/iu, 'ＴＫ－１２３４'],
    [/\bTK-\d{4,8}\b/iu, 'TK‑1234'],
    [/\bTK-\d{4,8}\b/iu, 'T\u0332K\u0332-\u03321\u03322\u03323\u03324\u0332'],
    [/\bacil\b/iu, 'ACİL'],
    [/straße/iu, 'STRASSE'],
    [/gr[oö](?:ß|ss)e/iu, 'GRÖ\u200BSSE'],
    [/(?<größe>groß)\k<größe>/iu, 'GROSSGROSS'],
    [/[éè]t[ée]/iu, 'É\u200Bté'],
    [/(?<=größe )x>/iu, 'GRÖSSE X>'],
    [/ß{2}/iu, 'SSSS'],
    [/^\p{Lu}\u0301?\s/u, 'A b'],
    [/\u200B/u, 'a\u200Bb'],
    [/a\r\nb/u, 'a\r\nb'],
    [/caf（é）+/u, 'caf（é）'],
  ] as const)
    t.truthy(findOf(pattern, message), `${pattern.source} in ${JSON.stringify(message)}`);
  for (const [pattern, message] of [
    [/\bTK-\d{4,8}\b/iu, 'STK-1234'],
    [/\bTK-\d{4,8}\b/iu, 'TK-123'],
    [/\bhelp\b/iu, 'h\u200Belpful'],
    [/a.b/iu, 'a\nb'],
    [/^b/iu, 'a\nb'],
    [/[à-ü]{3}/iu, 'hello'],
    [/\bacil\b/iu, 'ACİLEN'],
  ] as const)
    t.is(findOf(pattern, message), undefined, `${pattern.source} not in ${JSON.stringify(message)}`);
  t.is(findOf(/caf\w/iu, 'my CAFÉ'), 'It matches. Found in the message: “cafe”.');
  t.is(findOf(/T.?K/iu, 'TK'), 'It matches. Found in the message: “TK”.');
});

test('a keyword without a visible character is refused, because every text would contain it', (t) => {
  const faultsOf = (env: Record<string, string>) =>
    t.throws(() => readConfig([], env), { instanceOf: ConfigError })?.faults ?? [];
  const path = join(temporaryFolder(t), 'policy.json');
  for (const keyword of ['\u200B', '\u00AD\uFE0F', '\u0301', 'ـ', '\u00A8']) {
    t.deepEqual(faultsOf({ REVIEW_KEYWORDS: `refund,${keyword}` }), [
      'REVIEW_KEYWORDS: must be words of 1 to 100 visible characters each',
    ]);
    writeFileSync(path, JSON.stringify({ rules: [{ name: 'a', reason: 'x', on: 'reply', keywords: [keyword] }] }));
    t.regex(faultsOf({ REVIEW_POLICY: path }).join(), /rules\.0\.keywords\.0: has no visible character/);
  }
  t.deepEqual(readConfig([], { REVIEW_KEYWORDS: '❤️,C++' }).REVIEW_KEYWORDS, ['❤️', 'C++']);
});

/** Texts of 200,000 characters. The first ones are the worst cases of normalisation, which sorts marks. */
const LONG: Readonly<Record<string, string>> = {
  accents: `a${'\u0301\u0323'.repeat(100_000)}`,
  'marks of Thai': `a${'\u0E48\u0E38'.repeat(100_000)}`,
  'marks between invisible characters': `a${'\u0E48\u200B\u0E38\u200B'.repeat(50_000)}`,
  'half-width marks': `a${'\uFF9E\u093C\u094D'.repeat(66_000)}`,
  'plain letters': 'Hello world '.repeat(16_667),
  'letters with accents': 'Straße İ é ﬁ '.repeat(15_385),
  syllables: '각난다라'.repeat(50_000),
  spaces: ' \u00A0'.repeat(100_000),
  'invisible characters': '\u200B'.repeat(200_000),
};

test('the time of folding is linear in the length of the text', (t) => {
  const msOf = (work: () => unknown): number => {
    const from = performance.now();
    work();
    return performance.now() - from;
  };
  for (const [what, text] of Object.entries(LONG))
    for (const fold of [foldedForm, visibleForm, keywordForm, visibleText, asData]) {
      fold(text);
      const ms = Math.min(...Array.from({ length: 3 }, () => msOf(() => fold(text))));
      // About 30 ms on an idle machine; sorting the marks would take several seconds.
      t.true(ms < 500, `${what}, ${fold.name}: ${ms} ms`);
    }
});

test('many rules fold a text once', (t) => {
  const rules = Array.from({ length: 1_000 }, (_, number) => ({
    name: `rule-${number}`,
    reason: 'x',
    on: ['reply'] as const,
    keywords: [`straße ${number}`],
    pattern: null,
    personalData: null,
    moderation: null,
  }));
  const from = performance.now();
  t.is(
    screen({ keywords: [], rules }, { message: '', reply: `${'é'.repeat(100_000)}STRASSE 999` }).length,
    3,
    '9, 99 and 999',
  );
  t.true(performance.now() - from < 3_000, `${performance.now() - from} ms`);
});
