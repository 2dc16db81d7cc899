import test from 'ava';
import { ModelError, type CompletionRequest, type Model } from '../../src/model/model.ts';
import { PartialReply } from '../../src/turns/partial-reply.ts';

const USAGE = { inputTokens: 0, outputTokens: 0 };

/** A model that tells these pieces and then does what the test says. */
const telling = (pieces: readonly string[], end: () => void): Model => ({
  async complete({ onDelta }) {
    for (const piece of pieces) onDelta?.(piece);
    end();
    return { text: pieces.join(''), model: 'm', usage: USAGE };
  },
});
const request = (signal: AbortSignal, onDelta?: (text: string) => void): CompletionRequest => ({
  messages: [],
  signal,
  ...(onDelta && { onDelta }),
});

test('what was written until it was cut off is kept, and was passed on', async (t) => {
  const cut = new AbortController();
  const heard: string[] = [];
  const partial = new PartialReply(
    telling(['one ', 'two'], () => {
      cut.abort(new Error('cut'));
      cut.signal.throwIfAborted();
    }),
  );
  await t.throwsAsync(partial.complete(request(cut.signal, (text) => heard.push(text))), { message: 'cut' });
  t.is(partial.text, 'one two');
  t.deepEqual(heard, ['one ', 'two']);
});

test('what a failed attempt wrote is void', async (t) => {
  const partial = new PartialReply(
    telling(['one'], () => {
      throw new ModelError('model_unavailable', 'the reply ended in the middle', { retryable: true });
    }),
  );
  await t.throwsAsync(partial.complete(request(new AbortController().signal)));
  t.is(partial.text, null);
});

test('an attempt begins anew', async (t) => {
  const partial = new PartialReply(telling(['one'], () => {}));
  for (let attempt = 0; attempt < 2; attempt += 1) await partial.complete(request(new AbortController().signal));
  t.is(partial.text, 'one');
});

test('it can be stored: no NUL, no half of a character', async (t) => {
  const partial = new PartialReply(telling(['a\0b ', '🙂'.slice(0, 1)], () => {}));
  await partial.complete(request(new AbortController().signal));
  t.is(partial.text, 'ab ');
  t.is(new PartialReply(telling([], () => {})).text, null);
});
