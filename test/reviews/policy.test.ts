import test from 'ava';
import { mayBeHeld, screen } from '../../src/reviews/policy.ts';
import { readConfig } from '../../src/config.ts';

const reasonsFor = (message: string, keywords = ['urgent', 'help']) =>
  screen({ keywords }, { message, reply: 'How can I help?' }).map(({ detail }) => detail);

test('a keyword is found anywhere in the message, in any case and any width', (t) => {
  for (const message of ['urgent', 'This is URGENT!', 'not-so-urgently', 'ｕｒｇｅｎｔ', 'an\nurgent\nmatter'])
    t.deepEqual(reasonsFor(message), ['The message contains “urgent”.'], message);
  t.is(reasonsFor('urgent: please HELP').length, 2);
  for (const message of ['', 'ur gent', 'hello']) t.deepEqual(reasonsFor(message), [], message);
});

test('what the model says holds nothing back by keyword', (t) => {
  t.deepEqual(reasonsFor('hello'), []);
  t.false(mayBeHeld({ keywords: ['help'] }, 'hello'));
  t.true(mayBeHeld({ keywords: ['help'] }, 'Help'));
});

test('keywords are a setting, with a word for none of them', (t) => {
  t.deepEqual(readConfig([], { REVIEW_KEYWORDS: ' refund , legal advice,' }).REVIEW_KEYWORDS, [
    'refund',
    'legal advice',
  ]);
  t.deepEqual(readConfig([], { REVIEW_KEYWORDS: 'none' }).REVIEW_KEYWORDS, []);
  t.deepEqual(reasonsFor('urgent', []), []);
});
