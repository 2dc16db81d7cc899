// Calls of tools on the chat page and on the page of a user, in a real browser.
import type { Page } from 'playwright-core';
import { afterDecision, ask, decideOn, reviewOf, scripted, startToolApp, turnOf } from '../tools/turn-support.ts';
import { violations } from '../support/axe.ts';
import { openBrowser, visit, webTest } from '../support/browser.ts';
import { waitForTurn } from '../support/client.ts';

const LONG = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ');

const send = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
};
const turn = (page: Page, seq: number) => page.getByRole('article', { name: `Turn ${seq}`, exact: true });
const lines = (page: Page, seq: number) =>
  turn(page, seq).getByRole('list', { name: 'Tool calls' }).getByRole('listitem');

webTest('each call has a line while its turn runs, and text before a call is void', async (t) => {
  const app = await startToolApp(t, { settings: { REVIEW_KEYWORDS: 'none' } });
  app.model.script(({ messages }) => {
    const results = messages.filter(({ role }) => role === 'tool').length;
    if (results === 0)
      return { text: 'Let me look.', calls: [{ name: 'get_order', arguments: { order: 'SECRET-1' } }] };
    if (results === 1) return { calls: [{ name: 'nothing', arguments: {} }] };
    return { text: LONG, trickleMs: 60 };
  });
  const release = Promise.withResolvers<void>();
  app.server.answer(async (response) => {
    await release.promise;
    response.end('{"state":"SECRET-2"}');
  });
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/?user=ann`);
  await send(page, 'Where is it?');
  await lines(page, 1).getByText('running').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['get_order running']);
  t.is(await turn(page, 1).getByText('Thinking').count(), 0);
  // The log is a live region: changes inside it are announced politely.
  t.is(await page.getByRole('log').getByRole('list', { name: 'Tool calls' }).count(), 1);
  release.resolve();
  await turn(page, 1).getByText('word3').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['get_order done', 'nothing failed']);
  t.notRegex(await turn(page, 1).innerText(), /Let me look|word39/, 'the text before the call is void');
  await turn(page, 1).getByText('word39').waitFor();
  await page.reload();
  await turn(page, 1).getByText('word39').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['get_order done', 'nothing failed']);
  t.notRegex(await page.content(), /SECRET/, 'the page has no arguments and no results');
  t.deepEqual(faults, []);
});

webTest('a turn that waits for a person says why, and continues on the page after each decision', async (t) => {
  const app = await startToolApp(t, { settings: { REVIEW_HELD_TEXT: 'Please wait.' } });
  app.model.script(
    scripted([{ name: 'refund', arguments: { order: 'A1' } }], [{ name: 'charge', arguments: { order: 'A1' } }]),
  );
  app.server.answer((response, { tool }) =>
    tool === 'charge' ? response.writeHead(500).end('down') : response.end('refunded'),
  );
  const browser = await openBrowser(t);
  const { page, faults } = await visit(browser, `${app.url}/?user=ann`);
  await send(page, 'Refund it.');
  await turn(page, 1).getByText('A person decides whether refund is called.').waitFor();
  await turn(page, 1).getByText('Please wait.').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['refund waits for a person']);
  const [{ turn_id: turnId }] = await turnsOf(page);
  const parked = await turnOf(app.url, turnId);
  t.is((await decideOn(app.url, parked, { decision: 'approve' })).status, 200);
  await turn(page, 1).getByText('It is not known whether the call of charge was carried out.').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['refund done', 'charge outcome not known']);
  t.deepEqual(await violations(page), []);

  // The same lines on the page of the user.
  const operations = await visit(browser, `${app.url}/operations#/users/ann`);
  const cell = operations.page.getByRole('list', { name: 'Tool calls' });
  await cell.waitFor();
  t.deepEqual(await cell.getByRole('listitem').allInnerTexts(), ['refund done', 'charge outcome not known']);
  t.deepEqual(await violations(operations.page), []);

  const unknown = await turnOf(app.url, turnId);
  t.is((await reviewOf(app.url, unknown)).kind, 'tool_outcome');
  t.is((await decideOn(app.url, unknown, { decision: 'respond', result: 'It was charged.' })).status, 200);
  await turn(page, 1).getByText('done: ').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['refund done', 'charge done']);
  t.is(await turn(page, 1).getByText('by a reviewer').count(), 0, 'nobody has reviewed the reply');
  t.deepEqual(faults, []);
});

webTest('a reply at the limit of tool calls says so; a declined call is shown', async (t) => {
  const app = await startToolApp(t, {}, { max_steps: 1 });
  app.model.script(scripted([{ name: 'refund', arguments: { order: 'A1' } }]));
  const parked = await ask(app.url, 'Refund it.');
  await decideOn(app.url, parked, { decision: 'reject', note: 'No.' });
  await afterDecision(app.url, parked);
  const { page } = await visit(await openBrowser(t), `${app.url}/?user=ann&session=${parked.session_id}`);
  await page.locator('.session').first().click();
  await turn(page, 1).getByText('Written at the limit of tool calls').waitFor();
  t.deepEqual(await lines(page, 1).allInnerTexts(), ['refund declined']);
  t.is((await waitForTurn(app.url, parked.turn_id)).status, 'completed');
});

/** The turns of the page's user. */
const turnsOf = async (page: Page): Promise<[{ turn_id: string }]> =>
  (await page.evaluate<{ items: [{ turn_id: string }] }>("fetch('/users/ann/turns').then((r) => r.json())")).items;
