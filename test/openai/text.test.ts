// Unit tests of the sequence numbers and of GrowingText.
import test from 'ava';
import { GrowingText } from '../../src/http/openai/growing-text.ts';
import { lastNumberOf, numberAt, positionOfNumber } from '../../src/http/openai/sequence.ts';

/** The maximum length of a reply plus the four events after it. */
const MAX_OFFSET = 200_004;

test('a number identifies one position, and later positions have greater numbers', (t) => {
  let before = 4;
  for (const epoch of [1, 2, 10, 12]) {
    for (const attempt of [1, 2, 20, 200]) {
      for (const offset of [1, 2, 1_000, MAX_OFFSET]) {
        const number = numberAt({ epoch, attempt }, offset);
        t.true(number > before && number < lastNumberOf({ epoch }), `${epoch}.${attempt}.${offset}`);
        t.deepEqual(positionOfNumber(number), { epoch, attempt, offset });
        before = number;
      }
    }
  }
});

test('the numbers of the first attempt are small', (t) => {
  t.is(numberAt({ epoch: 1, attempt: 1 }, 1), 5);
  for (const number of [-1, 0, 4]) t.is(positionOfNumber(number), null);
});

test('each part of the text is returned once, also after restarts', (t) => {
  const text = new GrowingText();
  t.is(text.add('one '), 'one ');
  t.is(text.add('two '), 'two ');
  t.true(text.restart());
  t.is(text.add('o'), '');
  t.is(text.add('ne two three'), 'three');
  t.is(text.finish('one two three four'), ' four');
  t.is(text.finish('one two three four'), '');
  t.is(text.finish('one two'), null, 'shorter than what was sent');
});

test('a different text is not appended to the text that was sent', (t) => {
  const text = new GrowingText();
  text.add('one two');
  text.restart();
  t.is(text.add('one'), '');
  t.is(text.add(' three'), null);
});

test('a client with text from an earlier stream gets the rest', (t) => {
  const text = new GrowingText(5);
  t.is(text.add('one '), '');
  t.is(text.add('two three'), 'wo three');
  const whole = new GrowingText(5);
  t.is(whole.finish('one two'), 'wo');
  const more = new GrowingText(20);
  t.is(more.finish('one two'), '');
  t.false(more.restart(), 'the text of the client is not known');
});
