// Reviews of calls and returned drafts on the desk, in a real browser: what is shown, decided and sent.
import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import type { ExecutionContext } from 'ava';
import {
  afterDecision,
  ask,
  decideOn,
  reviewOf,
  scripted,
  startToolApp,
  statuses,
  turnOf,
  type ToolTurn,
} from '../tools/turn-support.ts';
import { heldDrafts } from '../reviews/revise-support.ts';
import { park, reviewOf as reviewById } from '../reviews/support.ts';
import { startApp } from '../support/app.ts';
import { violations } from '../support/axe.ts';
import { openBrowser, visit, webTest, type TestBrowser } from '../support/browser.ts';

const row = (page: Page, userId: string) => page.getByRole('option').filter({ hasText: userId });
const select = async (page: Page, userId: string): Promise<void> => {
  await row(page, userId).click();
  await page.locator('.review-head', { hasText: userId }).waitFor();
};
const ARGUMENTS = { order: 'A1', amount: 12.5, notify: true, items: [{ sku: 'oolong' }], note: 'line one\nline two' };

/** Axe in light and dark, and the width of the page, on a wide and on a narrow window. */
async function checkLayout(t: ExecutionContext, page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 900 });
      t.deepEqual(await violations(page), [], `${name}, ${colorScheme}, ${width}`);
      const wider = await page.evaluate<number>(
        "Math.max(...[...document.querySelectorAll('html, main, .decide')].map((box) => box.scrollWidth - box.clientWidth))",
      );
      t.true(wider <= 0, `${name} is ${wider} px wider than a window of ${width}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

/** The body of the next decision that the page sends. */
const nextDecision = async (page: Page): Promise<Record<string, unknown>> =>
  (await page.waitForRequest(/\/decision$/)).postDataJSON() as Record<string, unknown>;

webTest(
  'a call is shown with its arguments, and an edit in a form is sent with the hash of what was shown',
  async (t) => {
    const app = await startToolApp(t);
    app.model.script(scripted([{ name: 'refund', arguments: ARGUMENTS }]));
    const parked = await ask(app.url, 'Refund A1.');
    const { tool_call: call } = await reviewOf(app.url, parked);
    const { page, faults } = await visit(await openBrowser(t), `${app.url}/desk`);
    await row(page, 'ann').getByText('refund {"order":"A1"').waitFor();
    await row(page, 'ann').getByText('call', { exact: true }).waitFor();
    await select(page, 'ann');
    const details = page.getByRole('region', { name: 'Review details' });
    t.deepEqual(await details.locator('.argument-list dt').allInnerTexts(), [
      'order text',
      'amount number',
      'notify yes or no',
      'items JSON',
      'note text',
    ]);
    await checkLayout(t, page, 'a call');
    await page.keyboard.press('e');
    await page.locator('textarea:focus').waitFor();
    t.is(await page.getByLabel('order').inputValue(), 'A1');
    const submit = page.getByRole('button', { name: /^Approve edit/ });
    t.true(await submit.isDisabled(), 'nothing has changed yet');
    await page.getByLabel('amount').fill('a lot');
    await page.getByText('amount: this is not a number.').waitFor();
    t.true(await submit.isDisabled());
    await page.getByLabel('amount').fill('9007199254740993');
    await page.getByText('amount: a number is too large.').waitFor();
    await page.getByLabel('amount').fill('7');
    await page.getByLabel('notify').selectOption('no (false)');
    await page.getByLabel('items').fill('[]');
    await page.locator('.diff ins', { hasText: '7' }).first().waitFor();
    await page.locator('.diff del', { hasText: '12.5' }).first().waitFor();
    await checkLayout(t, page, 'an edit of arguments');

    // The form keeps its text when the list and the review are updated.
    await ask(app.url, 'Refund B2.', 'ben');
    await row(page, 'ben').waitFor();
    await page.waitForTimeout(200);
    t.is(await page.getByLabel('amount').inputValue(), '7');
    await page.getByRole('button', { name: 'Edit as JSON' }).click();
    const json = page.getByLabel('Arguments as JSON');
    await json.fill((await json.inputValue()).replace('"A1"', '"A2", "reason": "late"'));
    await page.getByRole('button', { name: 'Edit in fields' }).click();
    t.is(await page.getByLabel('reason').inputValue(), 'late');
    const sent = nextDecision(page);
    await page.getByLabel('reason').focus();
    await page.keyboard.press('Control+Enter');
    const edited = { ...ARGUMENTS, order: 'A2', reason: 'late', amount: 7, notify: false, items: [] };
    t.deepEqual(await sent, { decision: 'edit', arguments: edited, arguments_sha256: call!.arguments_sha256 });
    await row(page, 'ann').waitFor({ state: 'detached' });
    t.deepEqual(statuses(await afterDecision(app.url, parked)), ['refund done']);
    t.deepEqual(
      app.server.ledger.map(({ arguments: ran }) => ran),
      [edited],
    );
    await page.getByRole('button', { name: 'My decisions today' }).click();
    await select(page, 'ann');
    await page.getByText('You approved this call with other arguments.').waitFor();
    await page.getByRole('heading', { name: 'Arguments of the reviewer' }).waitFor();
    t.deepEqual(faults, []);
  },
);

webTest('calls are approved, rejected with a note for the model, and responded to, by keyboard', async (t) => {
  const app = await startToolApp(t);
  app.model.script(scripted([{ name: 'refund', arguments: {} }]));
  const [approve, reject, respond] = await Promise.all(
    ['ann', 'ben', 'cho'].map((user) => ask(app.url, 'Refund.', user)),
  );
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/desk`);
  const { keyboard } = page;
  await select(page, 'ann');
  await page.getByText('No arguments').waitFor();
  await keyboard.press('a');
  await page.getByText('with exactly these arguments').waitFor();
  await keyboard.press('Escape');
  await keyboard.press('a');
  const sent = nextDecision(page);
  await keyboard.press('Control+Enter');
  t.is((await sent)['arguments_sha256'], (await reviewOf(app.url, approve!)).tool_call!.arguments_sha256);
  await row(page, 'ann').waitFor({ state: 'detached' });
  await select(page, 'ben');
  await keyboard.press('r');
  await page.getByLabel('Note for the model and the audit trail').waitFor();
  await keyboard.type('Too late.');
  await keyboard.press('Control+Enter');
  await row(page, 'ben').waitFor({ state: 'detached' });
  await select(page, 'cho');
  await keyboard.press('s');
  await page.locator('textarea[aria-label=Result]:focus').waitFor();
  t.true(await page.getByRole('button', { name: /^Send result/ }).isDisabled());
  await keyboard.type('{"by":"hand"}');
  await keyboard.press('Control+Enter');
  await row(page, 'cho').waitFor({ state: 'detached' });
  t.deepEqual(statuses(await afterDecision(app.url, approve!)), ['refund done']);
  t.true((await afterDecision(app.url, reject!)).reply!.includes('Too late.'));
  t.true((await afterDecision(app.url, respond!)).reply!.includes('{"by":"hand"}'));
  t.is(app.server.ledger.length, 1);
  await page.getByRole('button', { name: 'My decisions today' }).click();
  await row(page, 'cho').getByText('responded').waitFor();
  await select(page, 'cho');
  await page.getByText('You gave the result of this call, which was not made.').waitFor();
  await page.getByRole('heading', { name: 'Result of the reviewer' }).waitFor();
  t.deepEqual(faults, []);
});

webTest(
  'an unknown outcome is explained; it is retried, responded to, or reported as not done; kinds are filtered',
  async (t) => {
    const app = await startToolApp(t);
    app.model.script(({ messages, ...call }) =>
      call.lastUserMessage === 'help'
        ? {}
        : scripted([{ name: 'charge', arguments: { order: 'A1' } }])({ messages, ...call }),
    );
    app.server.answer((response) => response.writeHead(500).end('down'));
    const [retry, respond, reject] = await Promise.all(
      ['ann', 'ben', 'cho'].map((user) => ask(app.url, 'Charge.', user)),
    );
    await ask(app.url, 'help', 'dan');
    app.server.answer((response) => response.end('charged'));
    const { page, faults } = await visit(await openBrowser(t), `${app.url}/desk`);
    const kind = page.getByLabel('Kind');
    await row(page, 'dan').waitFor();
    await kind.selectOption('Replies');
    await row(page, 'ann').waitFor({ state: 'detached' });
    await row(page, 'dan').waitFor();
    await kind.selectOption('Unknown outcomes');
    await row(page, 'ann').getByText('unknown outcome').waitFor();
    t.is(await row(page, 'dan').count(), 0);
    await select(page, 'ann');
    await page.getByText('This call was started. It is not known whether it was carried out.').waitFor();
    t.deepEqual(await page.locator('.decide button').allInnerTexts(), ['Respond S', 'Not done R', 'Retry T']);
    await checkLayout(t, page, 'an unknown outcome');
    await page.keyboard.press('t');
    await page.getByText('its effect may happen twice').waitFor();
    await page.keyboard.press('Control+Enter');
    await row(page, 'ann').waitFor({ state: 'detached' });
    await select(page, 'ben');
    await page.keyboard.press('s');
    await page.keyboard.type('It worked.');
    await page.keyboard.press('Control+Enter');
    await row(page, 'ben').waitFor({ state: 'detached' });
    await select(page, 'cho');
    await page.keyboard.press('r');
    await page.keyboard.type('Not in the books.');
    await page.keyboard.press('Control+Enter');
    await row(page, 'cho').waitFor({ state: 'detached' });
    t.deepEqual(statuses(await afterDecision(app.url, retry!)), ['charge done']);
    t.true((await afterDecision(app.url, respond!)).reply!.includes('It worked.'));
    t.true((await afterDecision(app.url, reject!)).reply!.includes('Not in the books.'));
    t.is(app.server.ledger.length, 4);
    t.deepEqual(faults, []);
  },
);

/** Opens the review of a call and starts to approve it. */
async function startApproval(browser: TestBrowser, url: string, { review }: ToolTurn): Promise<Page> {
  const { page } = await visit(browser, `${url}/desk#${review!.review_id}`);
  await page.getByText('due in').waitFor();
  await page.keyboard.press('a');
  await page.getByText('with exactly these arguments').waitFor();
  return page;
}

/** Sends the open decision. The review may be loaded again meanwhile, so the button gets the focus first. */
async function confirm(page: Page): Promise<void> {
  await page.locator('.decision-form button[type=submit]').focus();
  await page.keyboard.press('Control+Enter');
}

webTest('a decision on something else, or after another one, is explained, and runs nothing', async (t) => {
  const app = await startToolApp(t);
  app.model.script(scripted([{ name: 'refund', arguments: { order: 'A1' } }]));
  const browser = await openBrowser(t);
  const [first, second] = await Promise.all(['ann', 'ben'].map((user) => ask(app.url, 'Refund.', user)));
  const page = await startApproval(browser, app.url, first!);
  // As if the reviewer had seen other arguments.
  await page.route('**/decision', (route) =>
    route.continue({ postData: JSON.stringify({ decision: 'approve', arguments_sha256: '0'.repeat(64) }) }),
  );
  await confirm(page);
  await page.getByText('Nothing was decided: this review has changed').waitFor();
  t.is((await turnOf(app.url, first!.turn_id)).status, 'awaiting_review');
  await page.getByRole('button', { name: /^Approve/ }).waitFor();

  // Another decision is applied after the click.
  const other = await startApproval(browser, app.url, second!);
  await other.route('**/decision', async (route) => {
    await decideOn(app.url, second!, { decision: 'reject' });
    await route.continue();
  });
  await confirm(other);
  await other.getByText('You rejected this call.').waitFor();
  t.is(await other.locator('.decide').count(), 0);
  t.is(app.server.ledger.length, 0);
});

webTest('a call whose deadline passes while a decision is open is shown as expired', async (t) => {
  const app = await startToolApp(t, { settings: { REVIEW_DEADLINE_S: '12' } });
  app.model.script(scripted([{ name: 'refund', arguments: { order: 'A1' } }]));
  const browser = await openBrowser(t);
  const page = await startApproval(browser, app.url, await ask(app.url, 'Refund.'));
  await page.getByText('Expired: the deadline passed').waitFor();
  t.is(await page.locator('.decide').count(), 0);
  t.is(app.server.ledger.length, 0);
});

webTest('a draft is returned with a note; until the new one is here the review can only be rejected', async (t) => {
  const app = await startApp(t);
  const drafts = heldDrafts(app.model);
  const { review } = await park(app.url, 'ann', 'help');
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/desk#${review!.review_id}`);
  await page.getByText('due in').waitFor();
  await page.keyboard.press('v');
  await page.getByLabel('Note for the model').waitFor();
  t.true(await page.getByRole('button', { name: /^Ask for a new draft/ }).isDisabled());
  await page.keyboard.type('kinder');
  const sent = nextDecision(page);
  await page.keyboard.press('Control+Enter');
  t.like(await sent, { decision: 'revise', note: 'kinder' });
  await page.getByText('The model is writing a new draft.').waitFor();
  t.deepEqual(await page.locator('.decide button').allInnerTexts(), ['Reject R']);
  drafts.release();
  await page.getByText('new: kinder').waitFor();
  await page.getByRole('heading', { name: 'Draft (revision 1)' }).waitFor();
  await page.keyboard.press('a');
  const approved = nextDecision(page);
  await page.keyboard.press('Control+Enter');
  t.is((await approved)['draft_sha256'], createHash('sha256').update('new: kinder').digest('hex'));
  await row(page, 'ann').waitFor({ state: 'detached' });
  t.is((await turnOf(app.url, (await reviewById(app.url, review!.review_id)).turn_id)).reply, 'new: kinder');
  t.deepEqual(faults, []);
});
