// The review desk in a real browser: two reviewers, the keyboard, deadlines, stale drafts and cancelled turns.
import type { ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { keyOf, sha256 } from '../http/support/ingress.ts';
import { decide, park, turnOf, type ReviewJson } from '../reviews/support.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { openBrowser, signIn, visit, webTest, type TestBrowser } from '../support/browser.ts';
import { SCRIPTED_MODEL } from '../support/model.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';

const REVIEWERS = { kim: 'reviewer', lee: 'reviewer', app: 'service' };
const API_KEYS = Object.entries(REVIEWERS)
  .map(([name, role]) => `${name}:${role}:${sha256(keyOf(name))}`)
  .join();
const as = (name: keyof typeof REVIEWERS) => ({ authorization: `Bearer ${keyOf(name)}` });

const startWithKeys = (t: ExecutionContext) => startApp(t, { settings: { AUTH: 'keys', API_KEYS } });

async function parkWithKeys({ url }: TestApp, userId: string, text: string): Promise<string> {
  const turn = await chat(url, { user_id: userId, text }, as('app'));
  return eventually('the review', async () => {
    const { body } = await call<{ items: (ReviewJson & { turn_id: string })[] }>(url, '/reviews', {
      headers: as('kim'),
    });
    return body.items.find(({ turn_id: id }) => id === turn.turn_id)?.review_id ?? false;
  });
}

async function desk(browser: TestBrowser, { url }: TestApp, name: 'kim' | 'lee'): Promise<Page> {
  const { page } = await visit(browser, `${url}/desk`);
  await signIn(page, keyOf(name));
  return page;
}

const row = (page: Page, userId: string) => page.getByRole('option').filter({ hasText: userId });

webTest('the reviewer sees which assistant wrote the draft, if the operator has named any', async (t) => {
  const browser = await openBrowser(t);
  const { path } = assistantsFile(t, { default: 'support', assistants: { support: {}, poet: {} } });
  const named = await startApp(t, { settings: { ASSISTANTS: path } });
  const { review } = await park(named.url, 'ann', 'help me', { assistant: 'poet' });
  const { body } = await call<{ assistant: string }>(named.url, `/reviews/${review!.review_id}`);
  t.is(body.assistant, 'poet');
  const { page } = await visit(browser, `${named.url}/desk`);
  await row(page, 'ann').click();
  await page.getByText('Written by poet').waitFor();

  const single = await startApp(t);
  await park(single.url, 'ann', 'help me');
  await page.goto(`${single.url}/desk`);
  await row(page, 'ann').click();
  await page.getByText('due in').waitFor();
  t.is(await page.getByText('Written by').count(), 0);
});

webTest('the first of two decisions wins, and the other reviewer sees at once who decided and how', async (t) => {
  const app = await startWithKeys(t);
  const browser = await openBrowser(t);
  const [kim, lee] = [await desk(browser, app, 'kim'), await desk(browser, app, 'lee')];
  t.is((await kim.context().cookies())[0]!.httpOnly, true);
  await kim.getByText('No pending reviews').waitFor();
  const reviewId = await parkWithKeys(app, 'ann', 'help me');
  await row(kim, 'ann').click();
  await row(lee, 'ann').click();
  await kim.getByRole('button', { name: 'Claim C' }).click();
  await lee.getByText('Claimed by kim').waitFor();
  await lee.getByRole('button', { name: 'Reject' }).click();
  await kim.getByRole('button', { name: 'Approve' }).click();
  await kim.getByRole('button', { name: /^Approve/ }).click();
  await row(kim, 'ann').waitFor({ state: 'detached' });
  await lee.getByText('Already decided: kim approved this reply.').waitFor();
  t.is(await lee.getByRole('button', { name: 'Reject' }).count(), 0, 'the decision buttons are gone');
  const { body } = await call<ReviewJson>(app.url, `/reviews/${reviewId}`, { headers: as('kim') });
  t.like(body, { status: 'approved', decided_by: 'kim', reply: 'echo: help me' });

  // Two decisions at the same time: one is applied, the other reviewer sees it.
  const second = await parkWithKeys(app, 'bob', 'help him');
  for (const page of [kim, lee]) {
    await row(page, 'bob').click();
    await page.getByText('due in').waitFor();
  }
  await kim.getByRole('button', { name: 'Approve' }).click();
  await lee.getByRole('button', { name: 'Reject' }).click();
  // No request continues before both are sent: an applied decision closes the form of the other reviewer.
  const sent = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  for (const [i, page] of [kim, lee].entries())
    await page.route('**/reviews/*/decision', async (route) => {
      sent[i]!.resolve();
      await Promise.all(sent.map(({ promise }) => promise));
      await route.continue();
    });
  await Promise.all([
    kim.getByRole('button', { name: /^Approve/ }).click(),
    lee.getByRole('button', { name: /^Reject/ }).click(),
  ]);
  const decided = await eventually('a decision', async () => {
    const { body: review } = await call<ReviewJson>(app.url, `/reviews/${second}`, { headers: as('kim') });
    return review.status !== 'pending' && review;
  });
  const loser = decided.decided_by === 'kim' ? lee : kim;
  await loser.getByText(`Already decided: ${decided.decided_by} ${decided.status} this reply.`).waitFor();
});

webTest('a decision appears in another browser within a second', async (t) => {
  const app = await startWithKeys(t);
  const browser = await openBrowser(t);
  const [kim, lee] = [await desk(browser, app, 'kim'), await desk(browser, app, 'lee')];
  const delays: number[] = [];
  for (const user of ['ann', 'bob', 'cho']) {
    await parkWithKeys(app, user, 'help');
    await row(kim, user).click();
    await row(lee, user).waitFor();
    await kim.getByRole('button', { name: 'Approve' }).click();
    const removed = row(lee, user).waitFor({ state: 'detached' });
    const response = kim.waitForResponse((response) => response.url().endsWith('/decision'));
    await kim.getByRole('button', { name: /^Approve/ }).click();
    await response;
    const decidedAt = performance.now();
    await removed;
    delays.push(Math.round(performance.now() - decidedAt));
  }
  t.log(`from the decision until the row is removed: ${delays.join(', ')} ms`);
  t.true(Math.max(...delays) < 1_000, delays.join());
});

webTest('the keyboard selects, claims, edits with a diff, rejects with a note and opens the next review', async (t) => {
  const app = await startApp(t);
  const first = await park(app.url, 'ann', 'please help, urgent');
  const second = await park(app.url, 'bob', 'an emergency');
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/desk`);
  await row(page, 'bob').waitFor();
  const { keyboard } = page;
  await keyboard.press('j');
  await page.locator('mark', { hasText: 'urgent' }).first().waitFor();
  t.deepEqual(await page.locator('.message mark').allInnerTexts(), ['help', 'urgent']);
  await keyboard.press('c');
  await page.getByRole('button', { name: 'Release' }).waitFor();
  await keyboard.press('e');
  await page.locator('textarea[aria-label=Reply]:focus').waitFor();
  await keyboard.press('Control+a');
  await keyboard.type('Somebody calls you.');
  await page.locator('.diff ins', { hasText: 'Somebody' }).waitFor();
  await page.locator('.diff del').first().waitFor();
  await keyboard.press('Control+Enter');
  await row(page, 'ann').waitFor({ state: 'detached' });
  t.like(await turnOf(app.url, first.turn_id), { status: 'completed', reply: 'Somebody calls you.' });

  await page.locator('.review-head', { hasText: 'bob' }).waitFor();
  await keyboard.press('a');
  await keyboard.press('Escape');
  await keyboard.press('r');
  await page.getByLabel('Note for the audit trail').waitFor();
  await keyboard.type('We do not say so.');
  await keyboard.press('Control+Enter');
  await row(page, 'bob').waitFor({ state: 'detached' });
  const { body } = await call<ReviewJson>(app.url, `/reviews/${second.review!.review_id}`);
  t.like(body, { status: 'rejected', note: 'We do not say so.' });

  await keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'My decisions today' }).click();
  await row(page, 'ann').getByText('edited').waitFor();
  await row(page, 'bob').getByText('rejected').waitFor();
  t.deepEqual(faults, []);
});

webTest('a passed deadline and a stale draft are shown', async (t) => {
  const app = await startApp(t, { settings: { REVIEW_DEADLINE_S: '6' } });
  const { page } = await visit(await openBrowser(t), `${app.url}/desk`);
  await page.getByText('No pending reviews').waitFor();
  const turn = await park(app.url, 'ann', 'help');
  await row(page, 'ann').click();
  const more = { user_id: 'ann', text: 'more', metadata: { session_id: turn.session_id } };
  await waitForTurn(app.url, (await chat(app.url, more)).turn_id);
  await page.reload();
  await page.getByText('Stale: ann sent more messages').waitFor();
  await page.getByText('Expired: the deadline passed').waitFor();
  t.is((await decide(app.url, turn.review!.review_id, { decision: 'approve' })).status, 410);
});

webTest('filters apply; a cancelled turn is shown, also if it is cancelled while its review is loading', async (t) => {
  const app = await startApp(t);
  const { page } = await visit(await openBrowser(t), `${app.url}/desk`);
  await park(app.url, 'bob', 'help');
  const cancelled = await park(app.url, 'cho', 'urgent');
  await row(page, 'bob').waitFor();
  await page.getByLabel('User').fill('cho');
  await row(page, 'bob').waitFor({ state: 'detached' });
  const { review_id: reviewId } = cancelled.review!;
  // The response that says pending arrives after the event that says cancelled.
  await page.route(`**/reviews/${reviewId}`, async (route) => {
    const pending = await route.fetch();
    await call(app.url, `/turns/${cancelled.turn_id}/cancel`, { method: 'POST' });
    await row(page, 'cho').waitFor({ state: 'detached' });
    await route.fulfill({ response: pending });
  });
  await row(page, 'cho').click();
  await page.getByText('Cancelled: the turn was cancelled').waitFor();
  t.is((await decide(app.url, reviewId, { decision: 'approve' })).status, 409);
});

/** One red point. */
const POINT =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

webTest('the desk shows the pictures of a message, and loads none from other servers', async (t) => {
  const models = [{ model: SCRIPTED_MODEL, profile: { images: true } }];
  const app = await startApp(t, {
    settings: { ASSISTANTS: assistantsFile(t, { assistants: { turnkeeper: { models } } }).path },
  });
  const link = 'https://pictures.test/cat.png';
  const parts = [POINT, link].map((url) => ({ type: 'image_url', image_url: { url } }));
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'help me' }, ...parts] }];
  await call(app.url, '/v1/chat/completions', { body: { model: 'turnkeeper', user: 'ann', messages } });
  const { page, faults, foreign } = await visit(await openBrowser(t), `${app.url}/desk`);
  await row(page, 'ann').click();
  const picture = page.getByRole('img', { name: 'Picture 1 of 2' });
  await picture.waitFor();
  t.is(await picture.evaluate((image: { naturalWidth: number }) => image.naturalWidth), 1);
  t.is(await page.getByRole('link', { name: link }).getAttribute('rel'), 'noopener noreferrer');
  t.deepEqual(faults, []);
  t.deepEqual(
    foreign.filter((url) => !url.startsWith('data:')),
    [],
  );
});
