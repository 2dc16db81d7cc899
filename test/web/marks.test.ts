// The marks of the desk: they are in the text as it was written, where screening found something.
import test from 'ava';
import { keywordForm, screen } from '../../src/domain/policy.ts';
import { fold, piecesOf, wordsOf } from '../../web/src/desk/marks.ts';

const markedIn = (text: string, words: readonly string[]) =>
  piecesOf(text, words).flatMap((piece) => (piece.marked ? [piece.text] : []));

test('the letters that matched a keyword are marked as they were written', (t) => {
  for (const [keyword, text, marked] of [
    ['straße', 'In der HAUPTSTRASSE 5', 'STRASSE'],
    ['strasse', 'Die Straße', 'Straße'],
    ['acil', 'Çok ACİL!', 'ACİL'],
    ['urgent', 'so u\u0332r\u0332g\u0332e\u0332n\u0332t\u0332 now', 'u\u0332r\u0332g\u0332e\u0332n\u0332t\u0332'],
    ['urgent', '\u200Bur\u00ADg\u200Bent!', 'ur\u00ADg\u200Bent'],
    ['legal advice', 'my legal \n\u00A0advice.', 'legal \n\u00A0advice'],
    ['عاجل', 'هذا عـــاجِل جدا', 'عـــاجِل'],
    ['각', '나\u1100\u1161\u11A8다', '\u1100\u1161\u11A8'],
    ['fine', 'a ﬁne', 'ﬁne'],
    ['can’t', "I can't", "can't"],
    ['e-mail', 'e‑mail', 'e‑mail'],
    ['e-mail', 'an e⁃mail', 'e⁃mail'],
    ['עו"ד', 'לעו\u05F4ד שלי', 'עו\u05F4ד'],
    ['"stop"', 'say «stop»', '«stop»'],
  ] as const)
    t.deepEqual(markedIn(text, [keyword]), [marked], text);
  t.deepEqual(markedIn('a 가 b', ['\u200B', '각']), []);
  t.is(
    piecesOf('x\u200B STRASSE\u0301 y', ['straße'])
      .map(({ text }) => text)
      .join(''),
    'x\u200B STRASSE\u0301 y',
  );
});

test('what a pattern found in another form of the text is marked in the text', (t) => {
  const rule = {
    name: 'ticket',
    reason: 'A ticket.',
    on: ['message'],
    keywords: [],
    personalData: null,
    moderation: null,
  } as const;
  const message = 'About T\u200BK‑１２３４ please';
  const [reason] = screen({ keywords: [], rules: [{ ...rule, pattern: /TK-\d{4}/iu }] }, { message, reply: '' });
  t.deepEqual(markedIn(message, wordsOf([reason!])), ['T\u200BK‑１２３４']);
});

test('the desk folds every text as screening does', (t) => {
  const pools = [
    'aAiIıİßẞſςσΣşŞéÉñ ',
    '\u0301\u0307\u0332\u20DD\u200B\u00AD\uFE0F\u202E\u0640 \n\t\r\u0085\u00A0\u3000',
    '각가ㄱㅏㄳ\u1100\u1161\u11A8ｶﾞﾊﾟがか\u3099',
    'हिन्दीक़ज़กำเ้ไทยعَاجِلأإשָׁ',
    '-‐‑–—−－‘’´`“”„ﬁŉǅ½ﷺ①Ⅳ𝐚𝓑🏴👨‍👩‍👧',
  ].map((pool) => Array.from(pool));
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let n = 0; n < 3_000; n += 1) {
    const text = Array.from({ length: 12 }, () => {
      const pool = pools[random(pools.length)]!;
      return pool[random(pool.length)]!;
    }).join('');
    t.is(fold(text).letters, keywordForm(text), JSON.stringify(text));
  }
  for (let code = 0; code <= 0x10_ffff; code += 1) {
    const text = `a${String.fromCodePoint(code)}b`;
    if (fold(text).letters !== keywordForm(text)) t.fail(`U+${code.toString(16)}`);
  }
});
