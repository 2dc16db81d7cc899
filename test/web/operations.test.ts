// The operations page in a real browser: overview, users, dead letters and permissions.
import { keyOf, sha256 } from '../http/support/ingress.ts';
import { park, topic } from '../reviews/support.ts';
import { startApp } from '../support/app.ts';
import { openBrowser, signIn, visit, webTest } from '../support/browser.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';

webTest('the overview shows held and failed turns; a user is found, exported and erased', async (t) => {
  const app = await startApp(t);
  app.model.script(({ lastUserMessage }) => (lastUserMessage === 'break' ? { status: 400 } : {}));
  const hello = await waitForTurn(app.url, (await chat(app.url, { user_id: 'ann', text: 'hello' })).turn_id);
  await waitForTurn(app.url, (await chat(app.url, { user_id: 'ann', text: 'break' })).turn_id);
  await park(app.url, 'ann', 'help');
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/operations`);
  const tile = page.locator('.tile', { hasText: 'Held for review' });
  await tile.getByText('1', { exact: true }).waitFor();
  await page.getByRole('row', { name: /chat-requests/ }).waitFor();
  await page.locator('.bars li').first().waitFor();
  const assistants = page.getByRole('region', { name: 'Assistants, table' });
  const { input_tokens: input, output_tokens: output } = hello.usage!;
  await assistants.getByRole('row', { name: `turnkeeper scripted 1 0 ${input} ${output}`, exact: true }).waitFor();
  await assistants.getByRole('row', { name: 'turnkeeper — 1 1 0 0', exact: true }).waitFor();
  await page.locator('.chart canvas').waitFor();
  await page.getByText('Show as table').click();
  await page.getByRole('columnheader', { name: 'failed', exact: true }).waitFor();

  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByLabel('User id').fill('ann');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /break/ }).getByText('failed').waitFor();
  app.model.script(() => ({}));
  await page.getByRole('button', { name: 'Retry turn 2' }).click();
  await page.getByRole('row', { name: /break/ }).getByText('completed').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ]);
  t.is(download.suggestedFilename(), 'turnkeeper-ann.json');
  await page.getByRole('button', { name: 'Erase ann' }).click();
  t.true(await page.getByRole('button', { name: 'Erase permanently' }).isDisabled());
  await page.getByLabel('Type the user id to confirm').fill('ann');
  await page.keyboard.press('Enter');
  await page.getByText('Database rows are deleted').or(page.getByText('All data of this user is erased')).waitFor();
  const { body } = await call<{ items: unknown[] }>(app.url, '/users/ann/turns');
  t.deepEqual(body.items, []);
  t.deepEqual(faults, []);
});

webTest('a dead letter is shown with its reason, replayed, and deleted after a second click', async (t) => {
  const app = await startApp(t);
  const queue = topic(t, app.redisUrl, 'messages');
  await queue.add('nonsense', { subject: 'ann' }, { jobId: 'odd/job' });
  const { page } = await visit(await openBrowser(t), `${app.url}/operations#/dead-letters`);
  const letter = page.locator('.letter', { hasText: 'odd/job' });
  const isListed = (): Promise<boolean> =>
    eventually('the dead letter', async () => {
      await page.getByRole('button', { name: 'Refresh' }).click();
      return (await letter.count()) === 1;
    });
  await isListed();
  t.regex(await letter.innerText(), /ignored/);
  await letter.getByRole('button', { name: 'Replay' }).click();
  await page.getByText('is queued again').waitFor();
  await isListed();
  await letter.getByRole('button', { name: 'Delete' }).click();
  await letter.getByRole('button', { name: 'Delete permanently' }).click();
  await page.getByText('is deleted').waitFor();
  await letter.waitFor({ state: 'detached' });
  t.is(await queue.getFailedCount(), 0);
});

webTest('each role sees the links it may open, and a message on other pages', async (t) => {
  const roles = { kim: 'reviewer', ann: 'user:ann', root: 'admin' };
  const API_KEYS = Object.entries(roles).map(([name, role]) => `${name}:${role}:${sha256(keyOf(name))}`);
  const app = await startApp(t, { settings: { AUTH: 'keys', API_KEYS: API_KEYS.join() } });
  const browser = await openBrowser(t);
  const links = { kim: ['Review desk'], ann: ['Chat'], root: ['Chat', 'Review desk', 'Operations'] };
  for (const [name, expected] of Object.entries(links)) {
    const { page } = await visit(browser, `${app.url}/operations`);
    await page.getByLabel('Key', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('Invalid key or token.').waitFor();
    await signIn(page, keyOf(name));
    const shown = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
    t.deepEqual(await shown.allInnerTexts(), expected);
    if (name === 'root') await page.getByText('Final turns by hour').waitFor();
    else await page.getByText('No access').waitFor();
    if (name === 'ann') {
      await page.goto(`${app.url}/?user=bob`);
      await page.getByText('Chatting as ann').waitFor();
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Key', { exact: true }).waitFor();
    await page.context().close();
  }
});
