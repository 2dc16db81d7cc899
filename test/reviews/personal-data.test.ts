import test from 'ava';
import { PERSONAL_DATA, personalDataIn, type PersonalDataKind } from '../../src/domain/personal-data.ts';
import { screen, type ReviewRule } from '../../src/domain/policy.ts';

const findsIn = (text: string, kinds: readonly PersonalDataKind[] = PERSONAL_DATA, country: 'DE' | null = null) =>
  personalDataIn(text, { kinds, country }, 5).map((find) => `${find.kind}: ${find.text}`);

const FOUND: readonly (readonly [text: string, ...finds: string[]])[] = [
  ['pay with 4111 1111 1111 1111 now', 'payment_card: 4111 1111 1111 1111'],
  ['card4111-1111-1111-1111.', 'payment_card: 4111-1111-1111-1111'],
  ['1 5500005555555559, 2', 'payment_card: 5500005555555559'],
  ['4111 1111 1111 1111 and 378282246310005', 'payment_card: 4111 1111 1111 1111', 'payment_card: 378282246310005'],
  ['to GB33 BUKB 2020 1555 5555 55 please', 'iban: GB33 BUKB 2020 1555 5555 55'],
  ['IBAN:de89370400440532013000.', 'iban: de89370400440532013000'],
  ['write to ann.o+x@example.co.uk.', 'email: ann.o+x@example.co.uk'],
  ['<ann@example.com>, x@a@b.com', 'email: ann@example.com', 'email: a@b.com'],
  ['jörg@exämple.de', 'email: jörg@exämple.de'],
  ['call +49 30 1234567 or (+1) 213-373-4253', 'phone: +49 30 1234567', 'phone: (+1) 213-373-4253'],
  ['from 10.0.0.1. or 192.168.1.20:80', 'ip_address: 10.0.0.1', 'ip_address: 192.168.1.20'],
  ['[2001:db8::1]:443 and ::1,', 'ip_address: 2001:db8::1', 'ip_address: ::1'],
];

test('personal data is found in its usual spellings', (t) => {
  for (const [text, ...finds] of FOUND) t.deepEqual(findsIn(text), finds, text);
  t.deepEqual(findsIn('030 1234567', ['phone'], 'DE'), ['phone: 030 1234567']);
});

test('text that only resembles personal data is not found', (t) => {
  for (const text of [
    '4111111111111112, a card number with a wrong check digit',
    '00004111111111111111',
    'order 12345678901234 of 2026-11-23 10:20:30',
    'GB34BUKB20201555555555, an IBAN with a wrong check digit',
    'a@b, @ann, ann@, me@localhost',
    'std::vector and :: alone',
    'version 1.2.3.4.5, 1.2.3.400',
    '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11',
    '030 1234567',
  ])
    t.deepEqual(findsIn(text), [], text);
});

const rule: ReviewRule = {
  name: 'private',
  reason: 'No personal data.',
  on: ['message', 'reply'],
  keywords: [],
  pattern: null,
  personalData: { kinds: ['payment_card', 'email'], country: null },
  moderation: null,
};
const details = (message: string, reply = '') =>
  screen({ keywords: [], rules: [rule] }, { message, reply }).map(({ detail }) => detail);

test('the reason shows in one line what was found and where', (t) => {
  t.deepEqual(details('ann@example.com', '4111\n1111 1111 1111').length, 1);
  t.deepEqual(details('I am ann@example.com', 'Your card is 4111 1111 1111 1111.'), [
    'No personal data. Found in the message: “ann@example.com” (email). Found in the reply: “4111 1111 1111 1111” (payment card).',
  ]);
  t.deepEqual(details('nothing', 'here'), []);
  // Full-width digits, a full-width @, and a zero-width space.
  t.deepEqual(details('４１１１１１１１１１１１１１１１ ann＠exa\u200Bmple.com'), [
    'No personal data. Found in the message: “4111111111111111” (payment card), “ann@example.com” (email).',
  ]);
  t.is(details('a@example.com '.repeat(50))[0]!.match(/@/g)!.length, 5, 'the number of finds is limited');
});

const HOSTILE = [
  '1',
  '7 ',
  '4 ',
  '4111 ',
  'a@',
  'a@b.c@',
  '@',
  'a@-',
  '1.',
  '10.0.0.',
  '1:',
  ':',
  '2001:db8:',
  '+1',
  '+1 ',
  '+',
  '(1)',
  '1/',
  '1-',
  '+49 30 123456 ',
  'a',
  'GB',
  'gb33 ',
  'aa ',
  '411111111111111 ',
  `a@${'b.'.repeat(120)}`,
];

test('the time of screening grows linearly with the text, also for hostile texts', (t) => {
  const timeOf = (unit: string, length: number) => {
    const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
    const startedAt = performance.now();
    findsIn(text);
    return performance.now() - startedAt;
  };
  // The longest message, and four times its length. Quadratic work would take 16 times as long: seconds.
  for (const unit of HOSTILE) {
    const [short, long] = [32_000, 128_000].map((length) => Math.min(timeOf(unit, length), timeOf(unit, length)));
    t.true(long! < 10 * short! + 100, `${unit.slice(0, 20)}: ${short} ms, then ${long} ms`);
  }
});
