import test from 'ava';
import { isAvailable, RUNTIMES, startApp, type TestApp } from '../support/app.ts';
import { call, chat, delivered, ended, eventually, type TurnJson } from '../support/client.ts';
import { asked } from '../support/held-model.ts';
import { decide, park } from '../reviews/support.ts';
import { erase, erased, placesOf } from './support.ts';

const settings = { LEASE_S: '2', WEBHOOK_ALLOW_PRIVATE: 'yes' };

/** Where a turn can be when its user is erased: brings it there, and goes on with it once the erasure has begun. The word is
 *  the user's id and in all that the user says. */
const STEPS: Readonly<Record<string, (app: TestApp, word: string) => Promise<(() => Promise<unknown>) | void>>> = {
  'the user is only remembered': async ({ url }, word) => {
    const body = { name: word, preferred_style: 'casual', user_summary: `all about ${word}`, favourite_topics: [word] };
    await call(url, `/memories/${word}/initialize`, { body });
  },
  'a turn waits behind another': async ({ url, model }, word) => {
    await chat(url, { user_id: word, text: `hang ${word}` });
    await asked(model, `hang ${word}`);
    await chat(url, { user_id: word, text: `next ${word}`, tags: [word] }, { 'idempotency-key': word });
    await chat(url, { user_id: word, text: `joined ${word}`, on_busy: 'merge' }, { 'idempotency-key': `${word}-2` });
  },
  'the model writes': async ({ url, model }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `slow ${word}` });
    await asked(model, `slow ${word}`);
    // A reader is there, and is let go.
    const stream = await fetch(`${url}/turns/${id}/events`);
    return () => stream.text();
  },
  'the turn is delivered, and its events are on their way': async ({ url }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `hello ${word}`, metadata: { of: word } });
    await ended(url, id);
  },
  'the turn was delivered long ago and is remembered': async ({ url }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `hello ${word}` });
    await ended(url, id);
    await eventually('a summary', async () => {
      const { body } = await call<{ user_summary: string; version: number }>(url, `/memories/${word}`);
      return body.version > 0;
    });
  },
  'its summary is being made': async ({ url, model }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `late ${word}` });
    await ended(url, id);
    await eventually('the summary is asked for', async () =>
      model.summaryCalls.some(({ lastUserMessage }) => lastUserMessage.includes(`late ${word}`)),
    );
  },
  'the turn awaits review': async ({ url }, word) => {
    const { review } = await park(url, word, `help ${word}`);
    await call(url, `/reviews/${review!.review_id}/claim`, { method: 'POST' });
  },
  'a person decides': async ({ url }, word) => {
    const { review } = await park(url, word, `help ${word}`);
    const decision = decide(url, review!.review_id, { decision: 'edit', reply: `edited ${word}`, note: word });
    return () => decision;
  },
  'the review has ended': async ({ url }, word) => {
    const { review } = await park(url, word, `help ${word}`);
    await decide(url, review!.review_id, { decision: 'reject', note: word });
  },
  'its end is told to a webhook that does not answer': async ({ url, model }, word) => {
    const { host } = new URL(model.baseUrl);
    const hook = await call(url, '/webhooks', { body: { user_id: word, url: `http://${host}/${word}` } });
    if (hook.status !== 201) throw new Error(JSON.stringify(hook.body));
    const { turn_id: id } = await chat(url, { user_id: word, text: `hello ${word}` });
    await ended(url, id);
  },
  'the turn failed': async ({ url }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `fail ${word}` });
    await ended(url, id);
  },
  'the turn is being cancelled': async ({ url, model }, word) => {
    const { turn_id: id } = await chat(url, { user_id: word, text: `slow ${word}` });
    await asked(model, `slow ${word}`);
    await call(url, `/turns/${id}/cancel`, { method: 'POST' });
  },
};

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(`${runtime}: an erased user is nowhere, at whatever step the turn was`, async (t) => {
    t.timeout(180_000);
    const app = await startApp(t, { runtime, settings });
    const { url, model } = app;
    const { promise: allErased, resolve: sayErased } = Promise.withResolvers<void>();
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
      Object.entries(STEPS).map(async ([step, bring], index) => {
        const word = `canary-${index}-x`;
        const goOn = await bring(app, word);
        const known = (await call<{ items: TurnJson[] }>(url, `/users/${word}/turns`)).body.items;
        const erasure = await erase(url, word);
        t.is((await erase(url, word)).erasure_id, erasure.erasure_id, `${step}: asked again, it is the same`);
        const refused = await call(url, '/chat', { body: { user_id: word, text: 'still there?' } });
        t.is(refused.status, 409, step);
        t.is(refused.body['code'], 'user_being_erased');
        t.true(Number(refused.headers.get('retry-after')) > 0);
        for (const { turn_id: id } of known) t.is((await call(url, `/turns/${id}`)).status, 404, step);
        await goOn?.();
        await erased(url, erasure);
      }),
    );
    // Work that goes on even now must not bring anything back.
    sayErased();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    for (const [index, step] of Object.keys(STEPS).entries())
      t.deepEqual(await placesOf(app, `canary-${index}-x`), [], step);
    t.is((await ended(url, other.turn_id)).status, 'completed');
    t.is((await delivered(url, 'somebody-else')).length, 2);

    // A user of that name may come again, and is a new one.
    const again = await chat(url, { user_id: 'canary-4-x', text: 'Hi' });
    t.is(again.seq, 1);
    t.is((await ended(url, again.turn_id)).reply, 'echo: Hi');
    const prompt = (await asked(model, 'Hi')).messages.map(({ content }) => content).join('\n');
    t.false(prompt.includes('hello canary-4-x'), prompt);
  });

  run(`${runtime}: users who are erased while they chat leave nothing behind`, async (t) => {
    t.timeout(180_000);
    const app = await startApp(t, { runtime, settings });
    const { url, model } = app;
    model.script(({ lastUserMessage: text }) => ({ delayMs: Math.random() * 30, text: `${text} indeed` }));
    const counted = async () => {
      const { body } = await call<{ items: { by_status: Record<string, number> }[] }>(url, '/analytics');
      return body.items.reduce((sum, { by_status: by }) => sum + (by['completed'] ?? 0), 0);
    };
    await ended(url, (await chat(url, { user_id: 'first', text: 'hello' })).turn_id);
    await eventually('it is counted', async () => (await counted()) === 1);
    await erased(url, await erase(url, 'first'));
    t.is(await counted(), 1, 'the numbers of all users stay');
    const USERS = 12;
    await Promise.all(
      Array.from({ length: USERS }, async (_, index) => {
        const word = `hammered-${index}-x`;
        const until = Date.now() + 1_500 + 100 * index;
        const post = () => call(url, '/chat', { body: { user_id: word, text: `${index % 3 ? '' : 'help '}${word}` } });
        while (Date.now() < until) await post();
        // One is on its way as the erasure begins: accepted before it, or refused.
        const [last, erasure] = await Promise.all([post(), erase(url, word)]);
        t.true([202, 409].includes(last.status));
        await erased(url, erasure);
      }),
    );
    for (let index = 0; index < USERS; index += 1) t.deepEqual(await placesOf(app, `hammered-${index}-x`), []);
  });
}
