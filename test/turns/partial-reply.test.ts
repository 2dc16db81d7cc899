import test from 'ava';
import { ModelError, type CompletionRequest, type Model } from '../../src/model/model.ts';
import { PartialReply } from '../../src/turns/partial-reply.ts';

const USAGE = { inputTokens: 0, outputTokens: 0 };

/** Returns a model that sends these deltas and then calls `end`. */
const modelSending = (deltas: readonly string[], end: () => void): Model => ({
  async complete({ onDelta }) {
    for (const delta of deltas) onDelta?.(delta);
    end();
    return { text: deltas.join(''), model: 'm', usage: USAGE, finishReason: 'stop' };
  },
});
const request = (signal: AbortSignal, onDelta?: (text: string) => void): CompletionRequest => ({
  messages: [],
  signal,
  ...(onDelta && { onDelta }),
});

test('the text that was received before an abort is kept and passed on', async (t) => {
  const controller = new AbortController();
  const deltas: string[] = [];
  const partial = new PartialReply(
    modelSending(['one ', 'two'], () => {
      controller.abort(new Error('aborted'));
      controller.signal.throwIfAborted();
    }),
  );
  await t.throwsAsync(partial.complete(request(controller.signal, (text) => deltas.push(text))), {
    message: 'aborted',
  });
  t.is(partial.text, 'one two');
  t.deepEqual(deltas, ['one ', 'two']);
});

test('the text of a failed attempt is discarded', async (t) => {
  const partial = new PartialReply(
    modelSending(['one'], () => {
      throw new ModelError('model_unavailable', 'the reply is incomplete', { retryable: true });
    }),
  );
  await t.throwsAsync(partial.complete(request(new AbortController().signal)));
  t.is(partial.text, null);
});

test('a new attempt discards the text of the previous one', async (t) => {
  const partial = new PartialReply(modelSending(['one'], () => {}));
  for (let attempt = 0; attempt < 2; attempt += 1) await partial.complete(request(new AbortController().signal));
  t.is(partial.text, 'one');
});

test('a partial reply can be stored: it has no NUL and no half of a surrogate pair', async (t) => {
  const partial = new PartialReply(modelSending(['a\0b ', '🙂'.slice(0, 1)], () => {}));
  await partial.complete(request(new AbortController().signal));
  t.is(partial.text, 'ab ');
  t.is(new PartialReply(modelSending([], () => {})).text, null);
});
