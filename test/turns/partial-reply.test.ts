import { setTimeout as sleep } from 'node:timers/promises';
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

const SHOWN = () => true;

/** A model whose text is recorded. */
function recorded(model: Model, isShown: () => boolean) {
  const partial = new PartialReply(isShown);
  return { hold: () => partial.hold(), complete: (each: CompletionRequest) => partial.of(model).complete(each) };
}

test('the text that was received before an abort is kept and passed on', async (t) => {
  const controller = new AbortController();
  const deltas: string[] = [];
  const partial = recorded(
    modelSending(['one ', 'two'], () => {
      controller.abort(new Error('aborted'));
      controller.signal.throwIfAborted();
    }),
    SHOWN,
  );
  await t.throwsAsync(partial.complete(request(controller.signal, (text) => deltas.push(text))), {
    message: 'aborted',
  });
  t.is(partial.hold(), 'one two');
  t.deepEqual(deltas, ['one ', 'two']);
});

test('the text of a failed attempt is discarded', async (t) => {
  const partial = recorded(
    modelSending(['one'], () => {
      throw new ModelError('model_unavailable', 'the reply is incomplete', { retryable: true });
    }),
    SHOWN,
  );
  await t.throwsAsync(partial.complete(request(new AbortController().signal)));
  t.is(partial.hold(), null);
});

test('a new attempt discards the text of the previous one', async (t) => {
  const partial = recorded(
    modelSending(['one'], () => {}),
    SHOWN,
  );
  for (let attempt = 0; attempt < 2; attempt += 1) await partial.complete(request(new AbortController().signal));
  t.is(partial.hold(), 'one');
});

test('a partial reply can be stored: it has no NUL and no half of a surrogate pair', async (t) => {
  const partial = recorded(
    modelSending(['a\0b ', '🙂'.slice(0, 1)], () => {}),
    SHOWN,
  );
  await partial.complete(request(new AbortController().signal));
  t.is(partial.hold(), 'ab ');
  t.is(
    recorded(
      modelSending([], () => {}),
      SHOWN,
    ).hold(),
    null,
  );
});

test('text that must not be shown is never given out', async (t) => {
  const partial = recorded(
    modelSending(['one'], () => {}),
    () => false,
  );
  await partial.complete(request(new AbortController().signal));
  t.is(partial.hold(), null);
});

test('deltas that follow the text that was given out are held back, and follow if the turn is not cancelled', async (t) => {
  const deltas: string[] = [];
  const given: (string | null)[] = [];
  const model: Model = {
    async complete({ onDelta }) {
      onDelta?.('one ');
      given.push(partial.hold());
      onDelta?.('two ');
      t.deepEqual(deltas, ['one '], 'readers have no more than the text that was given out');
      t.is(partial.hold(), 'one two ');
      await sleep(3_100);
      onDelta?.('three');
      return { text: 'one two three', model: 'm', usage: USAGE, finishReason: 'stop' };
    },
  };
  const partial = recorded(model, SHOWN);
  await partial.complete(request(new AbortController().signal, (text) => deltas.push(text)));
  t.deepEqual(given, ['one ']);
  t.deepEqual(deltas, ['one ', 'two three']);
});

test('deltas of an attempt that were held back are not passed on in the next one', async (t) => {
  const deltas: string[] = [];
  const partial = recorded(
    modelSending(['one'], () => {}),
    SHOWN,
  );
  partial.hold();
  for (let attempt = 0; attempt < 2; attempt += 1)
    await partial.complete(request(new AbortController().signal, (text) => deltas.push(text)));
  t.deepEqual(deltas, []);
  t.is(partial.hold(), 'one');
});
