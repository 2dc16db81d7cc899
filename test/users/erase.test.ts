import test from 'ava';
import { isAvailable, RUNTIMES, startApp, type TestApp } from '../support/app.ts';
import { call, chat, delivered, waitForTurn, eventually, type TurnJson } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';
import { decide, park } from '../reviews/support.ts';
import { assistantsFile } from '../support/assistants.ts';
import { SCRIPTED_MODEL } from '../support/model.ts';
import { erase, waitForErasure, locationsOf } from './support.ts';

const settings = { LEASE_S: '2', WEBHOOK_ALLOW_PRIVATE: 'yes' };

const PNG = 'data:image/png;base64,iVBORw0KGgo=';

/** States of a turn when its user is erased. Each function creates the state. It may return a function that continues
 *  after the erasure was requested. The word is the user id, and every message of the user contains it. */
const STEPS: Readonly<Record<string, (app: TestApp, word: string) => Promise<(() => Promise<unknown>) | void>>> = {
  'the user has only a memory': async ({ url }, word) => {
    const body = { name: word, preferred_style: 'casual', user_summary: `all about ${word}`, favourite_topics: [word] };
    await call(url, `/memories/${word}/initialize`, { body });
  },
  'a turn is queued behind another': async ({ url, model }, word) => {
    await chat(url, { user_id: word, text: `hang ${word}` });
    await waitForCall(model, `hang ${word}`);
    await chat(url, { user_id: word, text: `next ${word}`, tags: [word] }, { 'idempotency-key': word });
    await chat(url, { user_id: word, text: `joined ${word}`, on_busy: 'merge' }, { 'idempotency-key': `${word}-2` });
  },
  'the model writes the reply': async ({ url, model }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `slow ${word}` });
    await waitForCall(model, `slow ${word}`);
    // A reader follows the turn. Its stream must end.
    const stream = await fetch(`${url}/turns/${id}/events`);
    return () => stream.text();
  },
  'the turn is delivered and its events are in transit': async ({ url }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `hello ${word}`, metadata: { of: word } });
    await waitForTurn(url, id);
  },
  'the turn is delivered and summarised': async ({ url }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `hello ${word}` });
    await waitForTurn(url, id);
    await eventually('a summary', async () => {
      const { body } = await call<{ user_summary: string; version: number }>(url, `/memories/${word}`);
      return body.version > 0;
    });
  },
  'its summary is being written': async ({ url, model }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `late ${word}` });
    await waitForTurn(url, id);
    await eventually('the summary call', async () =>
      model.summaryCalls.some(({ lastUserMessage }) => lastUserMessage.includes(`late ${word}`)),
    );
  },
  'the turn awaits review': async ({ url }, word) => {
    const { review } = await park(url, word, `help ${word}`);
    await call(url, `/reviews/${review!.review_id}/claim`, { method: 'POST' });
  },
  'a reviewer decides': async ({ url }, word) => {
    const { review } = await park(url, word, `help ${word}`);
    const decision = decide(url, review!.review_id, { decision: 'edit', reply: `edited ${word}`, note: word });
    return () => decision;
  },
  'the review is decided': async ({ url }, word) => {
    const { review } = await park(url, word, `help ${word}`);
    await decide(url, review!.review_id, { decision: 'reject', note: word });
  },
  'a webhook that does not answer has a delivery': async ({ url, model }, word) => {
    const { host } = new URL(model.baseUrl);
    const hook = await call(url, '/webhooks', { body: { user_id: word, url: `http://${host}/${word}` } });
    if (hook.status !== 201) throw new Error(JSON.stringify(hook.body));
    const { turn_id: id } = await chat(url, { user_id: word, text: `hello ${word}` });
    await waitForTurn(url, id);
  },
  'a turn with pictures is delivered, and another is queued': async ({ url, model }, word) => {
    const send = (text: string) => {
      const picture = { type: 'image_url', image_url: { url: `https://pictures.test/${word}.png` } };
      const content = [{ type: 'text', text }, picture, { ...picture, image_url: PNG }];
      const body = { model: 'turnkeeper', user: word, messages: [{ role: 'user', content }] };
      return call(url, '/v1/chat/completions', { body });
    };
    const { status } = await send(`hello ${word}`);
    if (status !== 200) throw new Error(`${status}`);
    await chat(url, { user_id: word, text: `hang ${word}` });
    await waitForCall(model, `hang ${word}`);
    void send(`next ${word}`);
    await eventually('both turns with pictures', async () => {
      const { body } = await call<{ items: TurnJson[] }>(url, `/users/${word}/turns`);
      return body.items.length === 3;
    });
  },
  'the turn failed': async ({ url }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `fail ${word}` });
    await waitForTurn(url, id);
  },
  'the turn is being cancelled': async ({ url, model }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `slow ${word}` });
    await waitForCall(model, `slow ${word}`);
    await call(url, `/turns/${id}/cancel`, { method: 'POST' });
  },
};

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: erasing a user removes every trace, in every state of a turn`, async (t) => {
    t.timeout(180_000);
    const models = [{ model: SCRIPTED_MODEL, profile: { images: true } }];
    const app = await startApp(t, {
      runtime,
      settings: { ...settings, ASSISTANTS: assistantsFile(t, { assistants: { turnkeeper: { models } } }).path },
    });
    const { url, model } = app;
    const { promise: allErased, resolve: resolveErased } = Promise.withResolvers<void>();
    model.script(async ({ kind, lastUserMessage: text }) => {
      if (kind === 'summary') {
        if (text.includes('late ')) await allErased;
        return { text: `about ${text}` };
      }
      if (text.startsWith('hang')) return { hang: true };
      if (text.startsWith('slow')) return { text: `one two three four ${text}`, hang: 3 };
      return text.startsWith('fail') ? { status: 400 } : {};
    });
    const other = await chat(url, { user_id: 'somebody-else', text: 'I stay' });
    await Promise.all(
      Object.entries(STEPS).map(async ([step, prepare], index) => {
        const word = `canary-${index}-x`;
        const proceed = await prepare(app, word);
        const known = (await call<{ items: TurnJson[] }>(url, `/users/${word}/turns`)).body.items;
        const erasure = await erase(url, word);
        t.is(
          (await erase(url, word)).erasure_id,
          erasure.erasure_id,
          `${step}: a repeated request returns the same erasure`,
        );
        const refused = await call(url, '/chat', { body: { user_id: word, text: 'still there?' } });
        t.is(refused.status, 409, step);
        t.is(refused.body['code'], 'user_being_erased');
        t.true(Number(refused.headers.get('retry-after')) > 0);
        for (const { turn_id: id } of known) t.is((await call(url, `/turns/${id}`)).status, 404, step);
        await proceed?.();
        await waitForErasure(url, erasure);
      }),
    );
    // Work that still runs must not write anything of the user.
    resolveErased();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    for (const [index, step] of Object.keys(STEPS).entries())
      t.deepEqual(await locationsOf(app, `canary-${index}-x`), [], step);
    t.is((await waitForTurn(url, other.turn_id)).status, 'completed');
    t.is((await delivered(url, 'somebody-else')).length, 2);

    // The user id can be used again, for a new user.
    const again = await chat(url, { user_id: 'canary-4-x', text: 'Hi' });
    t.is(again.seq, 1);
    t.is((await waitForTurn(url, again.turn_id)).reply, 'echo: Hi');
    const prompt = (await waitForCall(model, 'Hi')).messages.map(({ content }) => content).join('\n');
    t.false(prompt.includes('hello canary-4-x'), prompt);
  });

  run(`${runtime}: erasing users while they chat removes every trace`, async (t) => {
    t.timeout(180_000);
    const app = await startApp(t, { runtime, settings });
    const { url, model } = app;
    model.script(({ lastUserMessage: text }) => ({ delayMs: Math.random() * 30, text: `${text} indeed` }));
    const counted = async () => {
      const { body } = await call<{ items: { by_status: Record<string, number> }[] }>(url, '/analytics');
      return body.items.reduce((sum, { by_status: by }) => sum + (by['completed'] ?? 0), 0);
    };
    await waitForTurn(url, (await chat(url, { user_id: 'first', text: 'hello' })).turn_id);
    await eventually('the turn is counted', async () => (await counted()) === 1);
    await waitForErasure(url, await erase(url, 'first'));
    t.is(await counted(), 1, 'the totals of all users are kept');
    const USERS = 12;
    await Promise.all(
      Array.from({ length: USERS }, async (_, index) => {
        const word = `hammered-${index}-x`;
        const until = Date.now() + 1_500 + 100 * index;
        const post = () => call(url, '/chat', { body: { user_id: word, text: `${index % 3 ? '' : 'help '}${word}` } });
        while (Date.now() < until) await post();
        // This message races the request for the erasure: it is accepted before it, or refused.
        const [last, erasure] = await Promise.all([post(), erase(url, word)]);
        t.true([202, 409].includes(last.status));
        await waitForErasure(url, erasure);
      }),
    );
    for (let index = 0; index < USERS; index += 1) t.deepEqual(await locationsOf(app, `hammered-${index}-x`), []);
  });
}
