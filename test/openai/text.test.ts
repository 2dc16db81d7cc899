// The decisions behind streams: the numbers of events, and the text that grows.
import test from 'ava';
import { GrowingText } from '../../src/http/openai/growing-text.ts';
import { LAST, numberAt, placeOfNumber } from '../../src/http/openai/sequence.ts';

/** A reply at most, and the four events behind it. */
const LONGEST = 200_004;

test('a number means one place, and later places have greater ones', (t) => {
  let before = 4;
  for (const epoch of [1, 2, 10, 12]) {
    for (const attempt of [1, 2, 20, 200]) {
      for (const offset of [1, 2, 1_000, LONGEST]) {
        const number = numberAt({ epoch, attempt }, offset);
        t.true(number > before && number < LAST, `${epoch}.${attempt}.${offset}`);
        t.deepEqual(placeOfNumber(number), { epoch, attempt, offset });
        before = number;
      }
    }
  }
});

test('the numbers of a first writing are small', (t) => {
  t.is(numberAt({ epoch: 1, attempt: 1 }, 1), 5);
  for (const number of [-1, 0, 4]) t.is(placeOfNumber(number), null);
});

test('pieces are told once, however the text is begun again', (t) => {
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

test('another text is not joined to what was sent', (t) => {
  const text = new GrowingText();
  text.add('one two');
  text.restart();
  t.is(text.add('one'), '');
  t.is(text.add(' three'), null);
});

test('who has a part from before is told the rest', (t) => {
  const text = new GrowingText(5);
  t.is(text.add('one '), '');
  t.is(text.add('two three'), 'wo three');
  const whole = new GrowingText(5);
  t.is(whole.finish('one two'), 'wo');
  const more = new GrowingText(20);
  t.is(more.finish('one two'), '');
  t.false(more.restart(), 'what the client has is not known');
});
