// The chat page in a real browser: streaming, reviews, busy rules, tags and memory.
import { startApp } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { openBrowser, visit, webTest } from '../support/browser.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { decide } from '../reviews/support.ts';
import { call, eventually } from '../support/client.ts';
import type { Page } from 'playwright-core';

const LONG = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');

const send = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
};
const turn = (page: Page, seq: number) => page.getByRole('article', { name: `Turn ${seq}`, exact: true });

webTest('a reply is shown while it is written, and is complete after a reload in mid-stream', async (t) => {
  const app = await startApp(t, { settings: { REVIEW_KEYWORDS: 'none' } });
  app.model.script(({ kind }) => (kind === 'chat' ? { text: LONG, trickleMs: 60 } : {}));
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  await send(page, 'Tell me');
  await turn(page, 1).getByText('word3').waitFor();
  t.notRegex(await turn(page, 1).innerText(), /word59/, 'the reply is still being written');
  await page.reload();
  await turn(page, 1).getByText('word8').waitFor();
  await turn(page, 1).getByText('word59').waitFor();
  t.true((await turn(page, 1).innerText()).includes(LONG), 'the reply has no gap or repeat');
  t.is(app.model.chatCalls.length, 1);
  const composer = (await page.locator('.composer').boundingBox())!;
  t.is(composer.y + composer.height, 900, 'the composer is at the bottom of the page');
  t.deepEqual(faults, []);
});

webTest('the page reconnects when the ingress is replaced in mid-stream, and the reply is complete', async (t) => {
  const app = await startApp(t, { settings: { REVIEW_KEYWORDS: 'none' } });
  app.model.script(({ kind }) => (kind === 'chat' ? { text: LONG, trickleMs: 80 } : {}));
  const first = await startSecondIngress(t, app);
  const { page } = await visit(await openBrowser(t), `${first.url}/?user=ann`);
  await send(page, 'Tell me');
  await turn(page, 1).getByText('word3').waitFor();
  await first.stop();
  await page.locator('[data-state=reconnecting]').waitFor();
  await startSecondIngress(t, app, { PORT: new URL(first.url).port });
  await page.locator('[data-state=reconnecting]').waitFor({ state: 'detached' });
  await turn(page, 1).getByText('word59').waitFor();
  t.true((await turn(page, 1).innerText()).includes(LONG), 'the reply has no gap or repeat');
});

webTest('a reply that was cut off is marked for its user and for the reviewer', async (t) => {
  const app = await startApp(t);
  app.model.script(() => ({ finishReason: 'length' }));
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  await send(page, 'tell me');
  await turn(page, 1).getByText('Cut off at the limit of the model').waitFor();
  await send(page, 'this is urgent');
  await turn(page, 2).getByText('Held for review', { exact: true }).waitFor();
  await page.goto(`${app.url}/desk`);
  await page.getByRole('option', { name: /ann/ }).click();
  await page.getByText('Cut off at the limit of the model').waitFor();
  t.pass();
});

webTest('a held reply is shown as held, and the reviewed reply replaces it', async (t) => {
  const text = 'Please "wait" & <see>.';
  const app = await startApp(t, { settings: { REVIEW_HELD_TEXT: text } });
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  await send(page, 'this is urgent');
  await turn(page, 1).getByText('Held for review', { exact: true }).waitFor();
  await turn(page, 1).getByText(text, { exact: true }).waitFor();
  t.notRegex(await page.locator('body').innerText(), /echo: this is urgent/);
  const { body } = await call<{ items: { review_id: string }[] }>(app.url, '/reviews');
  await decide(app.url, body.items[0]!.review_id, { decision: 'edit', reply: 'A colleague calls you.' });
  await turn(page, 1).getByText('A colleague calls you.').waitFor();
  await turn(page, 1).getByText('Edited by a reviewer').waitFor();
});

webTest('busy rules: interrupt keeps the partial reply, reject shows the error, merge, rollback; cancel', async (t) => {
  const app = await startApp(t, { settings: { REVIEW_KEYWORDS: 'none' } });
  app.model.script(({ kind, lastUserMessage }) =>
    kind === 'chat' && lastUserMessage.startsWith('slow') ? { text: LONG, trickleMs: 150 } : {},
  );
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  const rule = page.getByLabel('If busy');
  await send(page, 'slow one');
  await turn(page, 1).getByText('word2').waitFor();
  await rule.selectOption('reject');
  await send(page, 'refused');
  await page.getByText('Not sent.').waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await rule.selectOption('interrupt');
  await send(page, 'quick');
  await turn(page, 2).getByText('echo: quick').waitFor();
  await turn(page, 1).getByText('Interrupted').waitFor();
  t.regex(await turn(page, 1).innerText(), /word0 word1/);
  await rule.selectOption('enqueue');
  await send(page, 'slow two');
  await turn(page, 3).getByText('word1').waitFor();
  await send(page, 'slow three');
  await turn(page, 4).getByText('queued').waitFor();
  await rule.selectOption('merge');
  await send(page, 'and this');
  await turn(page, 4).getByText('and this').waitFor();
  await turn(page, 4).getByRole('button', { name: 'Cancel' }).click();
  await turn(page, 4).getByText('cancelled', { exact: true }).waitFor();
  await rule.selectOption('rollback');
  await send(page, 'quick again');
  await turn(page, 5).getByText('echo: quick again').waitFor();
  t.is(await turn(page, 3).getAttribute('data-status'), 'cancelled');
  t.notRegex(await turn(page, 3).innerText(), /word1/);
});

webTest('a tag filters the history; memory is shown, edited and saved', async (t) => {
  const app = await startApp(t);
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  await page.getByLabel('Add a tag').fill('tea');
  await page.keyboard.press('Enter');
  await send(page, 'I like oolong');
  await turn(page, 1).getByText('echo: I like oolong').waitFor();
  await page.getByRole('button', { name: 'Remove tag tea' }).click();
  await page.getByRole('button', { name: 'New session' }).click();
  await send(page, 'And bread');
  await turn(page, 2).getByText('echo: And bread').waitFor();
  await page.getByRole('button', { name: 'History' }).click();
  const found = page.getByRole('region', { name: 'History' });
  await found.getByText('And bread').first().waitFor();
  await found.getByLabel('Tag').fill('tea');
  await page.keyboard.press('Enter');
  await found.getByText('And bread').first().waitFor({ state: 'detached' });
  await found.getByRole('button', { name: /You.*I like oolong/s }).click();
  await turn(page, 1).getByText('echo: I like oolong').waitFor();

  await page.getByRole('button', { name: 'Memory', exact: true }).click();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Name').fill('Ann of Bristol');
  await page.getByLabel('Favourite topics').fill('tea, bread');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Ann of Bristol').waitFor();
  const saved = await eventually('the memory', async () => {
    const { body } = await call<{ name: string; favourite_topics: string[] }>(app.url, '/memories/ann');
    return body.name === 'Ann of Bristol' && body;
  });
  t.deepEqual(saved.favourite_topics, ['tea', 'bread']);
});

const ASSISTANTS = {
  default: 'support',
  assistants: {
    poet: { description: 'Answers in verse.', instructions: 'You are a poet.' },
    support: { description: 'Answers customers.', instructions: 'You help customers.' },
  },
};
const answering = async (url: string): Promise<(string | null)[]> =>
  (await call<{ items: { assistant: string | null }[] }>(url, '/users/ann/turns')).body.items
    .toReversed()
    .map(({ assistant }) => assistant);

webTest('the user chooses who answers, for each session and from turn to turn, also after a reload', async (t) => {
  const app = await startApp(t, { settings: { ASSISTANTS: assistantsFile(t, ASSISTANTS).path } });
  const browser = await openBrowser(t);
  const { page, faults } = await visit(browser, `${app.url}/?user=ann`);
  const select = page.getByLabel('Assistant');
  await select.waitFor();
  t.deepEqual(await select.getByRole('option').allInnerTexts(), ['support', 'poet']);
  t.is(await select.inputValue(), 'support');
  t.is(await select.getAttribute('title'), 'Answers customers.');
  await send(page, 'one');
  await turn(page, 1).getByText('echo: one').waitFor();
  // By keyboard.
  await select.focus();
  await page.keyboard.press('p');
  t.is(await select.inputValue(), 'poet');
  t.is(await select.getAttribute('title'), 'Answers in verse.');
  await page.reload();
  await select.waitFor();
  t.is(await select.inputValue(), 'poet', 'a choice that no message was sent with');
  await send(page, 'two');
  await turn(page, 2).getByText('echo: two').waitFor();
  await turn(page, 2).getByText('Assistant: poet', { exact: true }).waitFor();
  t.notRegex(await turn(page, 1).innerText(), /support/);
  await send(page, 'three');
  await turn(page, 3).getByText('echo: three').waitFor();
  t.notRegex(await turn(page, 3).innerText(), /poet/, 'the assistant is the same as before');
  const address = page.url();

  await page.getByRole('button', { name: 'New session' }).click();
  t.is(await select.inputValue(), 'support');
  await select.selectOption('poet');
  await send(page, 'four');
  await turn(page, 4).getByText('echo: four').waitFor();
  t.is(await select.inputValue(), 'poet', 'a new session goes on with its assistant');
  await page.getByRole('button', { name: 'New session' }).click();
  t.is(await select.inputValue(), 'support');
  t.deepEqual(await answering(app.url), ['support', 'poet', 'poet', 'poet']);
  t.deepEqual(
    app.model.chatCalls.map(({ messages }) => /poet|customers/.exec(messages[0]!.content)![0]),
    ['customers', 'poet', 'poet', 'poet'],
  );

  // Another tab knows no choice. The session goes on with the assistant of its last turn.
  const other = await visit(browser, address);
  await other.page.getByLabel('Assistant').waitFor();
  await eventually(
    'the last assistant',
    async () => (await other.page.getByLabel('Assistant').inputValue()) === 'poet',
  );
  t.deepEqual(faults, []);
});

webTest('a message to an assistant that was removed is kept and sent to another one', async (t) => {
  const file = assistantsFile(t, ASSISTANTS);
  const app = await startApp(t, { settings: { ASSISTANTS: file.path } });
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  const select = page.getByLabel('Assistant');
  await select.selectOption('poet');
  const { poet: _, ...others } = ASSISTANTS.assistants;
  file.write({ ...ASSISTANTS, assistants: { ...others, cook: {} } });
  await eventually('the file is read again', async () => {
    const { body } = await call<{ data: { id: string }[] }>(app.url, '/v1/models');
    return body.data.some(({ id }) => id === 'cook');
  });
  await send(page, 'Sing to me');
  await page.getByText('Not sent. The assistant poet is no longer available.').waitFor();
  const unsent = page.getByRole('article', { name: 'Unsent message' });
  await unsent.getByText('Sing to me').waitFor();
  await unsent.getByRole('button', { name: 'Send to support' }).waitFor();
  t.deepEqual(await select.getByRole('option').allInnerTexts(), ['support', 'cook']);
  await select.selectOption('cook');
  await unsent.getByRole('button', { name: 'Send to cook' }).click();
  await turn(page, 1).getByText('echo: Sing to me').waitFor();
  t.is(await unsent.count(), 0);
  t.deepEqual(await answering(app.url), ['cook']);
});

webTest('with one assistant there is nothing to choose, and no name is shown', async (t) => {
  const app = await startApp(t);
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  const listed = page.waitForResponse(/\/v1\/models$/);
  await page.reload();
  await listed;
  await send(page, 'one');
  await turn(page, 1).getByText('echo: one').waitFor();
  await send(page, 'two');
  await turn(page, 2).getByText('echo: two').waitFor();
  t.is(await page.getByLabel('Assistant').count(), 0);
  t.notRegex(await page.getByRole('log').innerText(), /turnkeeper/);
});
