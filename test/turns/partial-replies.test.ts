// The partial reply of a cancelled turn: everybody who waits gets the same text at once, wherever the worker is.
import test, { type ExecutionContext } from 'ava';
import { PartialReplies, type PartialMessages } from '../../src/turns/partial-replies.ts';
import { clientOf } from '../openai/support.ts';
import { isAvailable, RUNTIMES, startApp } from '../support/app.ts';
import { call, chat, waitForTurn, type TurnJson } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { waitForCall } from '../support/held-model.ts';
import { SCRIPTED_MODEL, startScriptedModel, type ModelCall, type ModelScript } from '../support/model.ts';
import { startProcess } from '../support/process.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { read as follow, type TurnView } from '../support/sse.ts';
import { PRIVATE, register, startReceiver } from '../webhooks/support.ts';

const WORDS = 'one two three four five six seven eight nine ten '.repeat(100);
/** The lease is longer than the tests, so that no renewal reports a cancellation. */
const SETTINGS = { ...PRIVATE, LEASE_S: '120' };

/** Messages that start with `slow` are answered word by word. */
const slowly = (one: ModelCall): ModelScript =>
  one.kind === 'chat' && one.lastUserMessage.startsWith('slow') ? { text: WORDS, trickleMs: 5 } : {};
const cancel = (url: string, { turn_id: id }: { turn_id: string }) =>
  call<TurnJson & { code?: string }>(url, `/turns/${id}/cancel`, { method: 'POST' });
const read = async (url: string, { turn_id: id }: { turn_id: string }) =>
  (await call<TurnJson>(url, `/turns/${id}`)).body;

/** Follows the turn until its reader has some text. The view goes on to grow. */
async function streaming(url: string, turn: TurnJson): Promise<{ view: TurnView; ended: Promise<unknown> }> {
  const { promise, resolve } = Promise.withResolvers<TurnView>();
  const ended = follow(url, turn.turn_id, undefined, (view) => {
    if (view.text.length > 50) resolve(view);
    return false;
  });
  return { view: await promise, ended };
}

async function assertSame(
  t: ExecutionContext,
  url: string,
  turn: TurnJson,
  { view, ended }: Awaited<ReturnType<typeof streaming>>,
) {
  const { partial_reply: text } = await read(url, turn);
  await ended;
  t.true(text !== null && text.length > 50 && WORDS.startsWith(text), text ?? 'null');
  t.is(view.turn!.partial_reply, text);
  t.true(text!.startsWith(view.text), 'readers have seen no more than the partial reply');
  return text!;
}

for (const runtime of RUNTIMES) {
  for (const worker of ['the same process', 'another process']) {
    const run = isAvailable(runtime) ? test : test.skip;

    run(`${runtime}: the partial reply of a cancelled turn is there at once (worker in ${worker})`, async (t) => {
      const app = await startApp(t, { runtime, settings: SETTINGS });
      const { url } = worker === 'the same process' ? app : await startSecondIngress(t, app);
      app.model.script(slowly);
      const receiver = await startReceiver(t);
      await register(app.url, { url: receiver.url, user_id: 'ann' });
      for (let round = 0; round < 5; round += 1) {
        const turn = await chat(url, { user_id: 'ann', text: `slow ${round}` });
        const reader = await streaming(url, turn);
        const waiter = call<TurnJson>(url, `/turns/${turn.turn_id}?wait=30`);
        const { status, body } = await cancel(url, turn);
        t.is(status, 200);
        const text = await assertSame(t, url, turn, reader);
        t.like(body, { status: 'cancelled', reply: null, partial_reply: text });
        t.deepEqual((await waiter).body, body);
        t.deepEqual((await cancel(url, turn)).body, body, 'a final turn never changes');
        const deliveries = await receiver.has(round + 1);
        t.like(deliveries.at(-1)!.event, { type: 'turn.cancelled', data: { partial_reply: text } });
      }
    });

    run(`${runtime}: the partial reply of an interrupted turn is there at once (worker in ${worker})`, async (t) => {
      const app = await startApp(t, { runtime, settings: SETTINGS });
      const { url } = worker === 'the same process' ? app : await startSecondIngress(t, app);
      app.model.script(slowly);
      for (let round = 0; round < 5; round += 1) {
        const turn = await chat(url, { user_id: 'ann', text: `slow ${round}` });
        const reader = await streaming(url, turn);
        const waiter = call<TurnJson>(url, `/turns/${turn.turn_id}?wait=30`);
        const next = await chat(url, { user_id: 'ann', text: 'next', on_busy: 'interrupt' });
        const text = await assertSame(t, url, turn, reader);
        t.like((await waiter).body, { status: 'cancelled', partial_reply: text });
        t.is((await waitForTurn(url, next.turn_id)).reply, 'echo: next');
        t.is(next.seq, 2 * round + 2, 'the transaction that was rolled back used up no seq');
      }
    });
  }
}

test('a turn that may need a review has no partial reply, and nobody waits for one', async (t) => {
  const app = await startApp(t, { settings: SETTINGS });
  const other = await startSecondIngress(t, app);
  app.model.script(slowly);
  for (const url of [app.url, other.url]) {
    const turn = await chat(url, { user_id: 'ella', text: 'slow, and I need help' });
    await waitForCall(app.model, 'slow, and I need help');
    const startedAt = performance.now();
    t.like((await cancel(url, turn)).body, { status: 'cancelled', partial_reply: null });
    t.true(performance.now() - startedAt < 900);
  }
});

test('a retried attempt: the partial reply is the text of the last one', async (t) => {
  const app = await startApp(t, { settings: SETTINGS });
  app.model.script((one) =>
    one.attempt === 1 ? { text: 'void '.repeat(30), trickleMs: 1, reset: 20 } : { text: WORDS, trickleMs: 5 },
  );
  const turn = await chat(app.url, { user_id: 'ann', text: 'slow' });
  const { promise, resolve } = Promise.withResolvers<TurnView>();
  const ended = follow(app.url, turn.turn_id, undefined, (view) => {
    if (view.text.startsWith('one two')) resolve(view);
    return false;
  });
  const view = await promise;
  const { body } = await cancel(app.url, turn);
  await ended;
  t.true(WORDS.startsWith(body.partial_reply!) && body.partial_reply!.startsWith(view.text));
});

test('OpenAI’s clients get the partial reply of a cancelled response', async (t) => {
  const app = await startApp(t, { settings: SETTINGS });
  const { url } = await startSecondIngress(t, app);
  app.model.script(slowly);
  const stream = await clientOf(url).responses.create({ model: 'turnkeeper', input: 'slow', stream: true });
  let text = '';
  let cancelled: string | undefined;
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (text.length > 50 && cancelled === undefined) {
      const id = `resp_${(await call<{ items: TurnJson[] }>(url, '/users/anonymous/turns')).body.items[0]!.turn_id}`;
      cancelled = textOf(await clientOf(url).responses.cancel(id));
    }
    if (event.type === 'response.incomplete') t.is(textOf(event.response), cancelled!);
  }
  t.true(cancelled!.length > 50);
  t.is(text, cancelled!, 'the deltas add up to the partial reply');

  const chunks = await clientOf(url).chat.completions.create({
    model: 'turnkeeper',
    messages: [{ role: 'user', content: 'slow too' }],
    stream: true,
  });
  let content = '';
  let final: TurnJson | undefined;
  const error = await t.throwsAsync(async () => {
    for await (const chunk of chunks) {
      content += chunk.choices[0]?.delta.content ?? '';
      if (content.length > 50 && !final) {
        const turnId = (chunk as unknown as { turnkeeper: { turn_id: string } }).turnkeeper.turn_id;
        final = (await cancel(url, { turn_id: turnId })).body;
      }
    }
  });
  t.regex(error.message, /cancelled/);
  t.is(content, final!.partial_reply!);
});

test('a frozen worker delays a cancellation by about a second, and can change nothing afterwards', async (t) => {
  t.timeout(120_000);
  const shared = { databaseUrl: (await freshDatabase(t)).url, redisUrl: await redisUrl(t) };
  const model = await startScriptedModel(t, slowly);
  const worker = await startProcess(t, {
    env: {
      DATA_DIR: temporaryFolder(t),
      DATABASE_URL: shared.databaseUrl,
      REDIS_URL: shared.redisUrl,
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
      LEASE_S: '120',
    },
  });
  const { url } = await startSecondIngress(t, shared);
  const first = await chat(url, { user_id: 'ann', text: 'slow one' });
  const second = await chat(url, { user_id: 'ben', text: 'slow two' });
  const readers = [await streaming(url, first), await streaming(url, second)];
  process.kill(worker.pid, 'SIGSTOP');
  const cancels = async () => {
    t.like((await cancel(url, first)).body, { status: 'cancelled', partial_reply: null });
    await chat(url, { user_id: 'ben', text: 'next', on_busy: 'interrupt' });
  };
  const startedAt = performance.now();
  await cancels().finally(() => process.kill(worker.pid, 'SIGCONT'));
  const tookMs = performance.now() - startedAt;
  t.true(tookMs > 1_900 && tookMs < 5_000, `${tookMs} ms for two`);
  for (const { ended } of readers) await ended;
  const [next] = (await call<{ items: TurnJson[] }>(url, '/users/ben/turns')).body.items;
  t.is((await waitForTurn(url, next!.turn_id)).reply, 'echo: next');
  for (const turn of [first, second]) t.like(await read(url, turn), { status: 'cancelled', partial_reply: null });
});

/** The text of a response's only message. */
const textOf = ({ output }: { output: unknown }) => (output as { content: { text: string }[] }[])[0]!.content[0]!.text;

/** Messages within this process, of which `lost` are lost. */
function messages(isLost: () => boolean = () => false): PartialMessages {
  const listeners = new Set<(turnId: string, note: string) => void>();
  const listen = (listener: (turnId: string, note: string) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    listening: true,
    announce(turnId, note) {
      if (!isLost()) for (const listener of listeners) setTimeout(() => listener(turnId, note), 1);
    },
    listen,
    listenTo: (turnId, listener) => listen((id, note) => id === turnId && listener(id, note)),
  };
}

test('a request or an answer that is lost, or comes before the worker knows its claim, is repeated', async (t) => {
  let sent = 0;
  const channels = { requests: messages(() => ++sent === 1), answers: messages(() => ++sent === 3) };
  const worker = new PartialReplies(channels);
  worker.answerRequests();
  const claim = { turnId: 'a', epoch: 3 };
  setTimeout(() => worker.add(claim, () => 'so far 🙂\n'), 50);
  t.is(await new PartialReplies(channels).ask(claim, 1_000), 'so far 🙂\n');
});

test('only the worker of this very claim is asked, and nobody is while messages do not arrive', async (t) => {
  const channels = { requests: messages(), answers: messages() };
  const worker = new PartialReplies(channels);
  worker.answerRequests();
  const remove = worker.add({ turnId: 'a', epoch: 3 }, () => 'of claim 3');
  const other = new PartialReplies(channels);
  t.is(await other.ask({ turnId: 'a', epoch: 4 }, 100), null);
  t.is(await other.ask({ turnId: 'a', epoch: 3 }, 100), 'of claim 3');
  t.is(await worker.ask({ turnId: 'a', epoch: 3 }, 0), 'of claim 3', 'in the same process');
  worker.add({ turnId: 'a', epoch: 5 }, () => null);
  remove();
  t.is(await other.ask({ turnId: 'a', epoch: 5 }, 60_000), null, 'the worker answers that there is none');
  const unheard = { requests: messages(), answers: { ...messages(), listening: false } };
  t.is(await new PartialReplies(unheard).ask({ turnId: 'a', epoch: 5 }, 60_000), null);
});
