// Operations in a real browser: what runs and what failed, dead letters, one user, and who may be there.
import { keyOf, sha256 } from '../http/support/ingress.ts';
import { park, topic } from '../reviews/support.ts';
import { startApp } from '../support/app.ts';
import { openBrowser, signIn, visit, webTest } from '../support/browser.ts';
import { call, chat, ended, eventually } from '../support/client.ts';

webTest('the overview shows what waits and what failed; a user is looked up, exported and erased', async (t) => {
  const app = await startApp(t);
  app.model.script(({ lastUserMessage }) => (lastUserMessage === 'break' ? { status: 400 } : {}));
  await ended(app.url, (await chat(app.url, { user_id: 'ann', text: 'hello' })).turn_id);
  await ended(app.url, (await chat(app.url, { user_id: 'ann', text: 'break' })).turn_id);
  await park(app.url, 'ann', 'help');
  const { page, faults } = await visit(await openBrowser(t), `${app.url}/operations`);
  const tile = page.locator('.tile', { hasText: 'Awaiting review' });
  await tile.getByText('1', { exact: true }).waitFor();
  await page.getByRole('row', { name: /chat-requests/ }).waitFor();
  await page.locator('.bars li').first().waitFor();
  await page.locator('.chart canvas').waitFor();
  await page.getByText('As a table').click();
  await page.getByRole('columnheader', { name: 'failed', exact: true }).waitFor();

  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByLabel('User id').fill('ann');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /break/ }).getByText('failed').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ]);
  t.is(download.suggestedFilename(), 'turnkeeper-ann.json');
  await page.getByRole('button', { name: 'Erase ann' }).click();
  t.true(await page.getByRole('button', { name: 'Erase for good' }).isDisabled());
  await page.getByLabel('Type the user id to confirm').fill('ann');
  await page.keyboard.press('Enter');
  await page.getByText('The rows are gone').or(page.getByText('Everything of this user is erased')).waitFor();
  const { body } = await call<{ items: unknown[] }>(app.url, '/users/ann/turns');
  t.deepEqual(body.items, []);
  t.deepEqual(faults, []);
});

webTest('a dead letter is seen with its reason, replayed, and deleted by a second press', async (t) => {
  const app = await startApp(t);
  const queue = topic(t, app.redisUrl, 'messages');
  await queue.add('nonsense', { subject: 'ann' }, { jobId: 'odd/job' });
  const { page } = await visit(await openBrowser(t), `${app.url}/operations#/dead-letters`);
  const letter = page.locator('.letter', { hasText: 'odd/job' });
  const isThere = (): Promise<boolean> =>
    eventually('the dead letter', async () => {
      await page.getByRole('button', { name: 'Look again' }).click();
      return (await letter.count()) === 1;
    });
  await isThere();
  t.regex(await letter.innerText(), /ignored/);
  await letter.getByRole('button', { name: 'Replay' }).click();
  await page.getByText('is tried again').waitFor();
  await isThere();
  await letter.getByRole('button', { name: 'Delete' }).click();
  await letter.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('is gone').waitFor();
  await letter.waitFor({ state: 'detached' });
  t.is(await queue.getFailedCount(), 0);
});

webTest('each role sees the places it may be at, and is told plainly elsewhere', async (t) => {
  const roles = { kim: 'reviewer', ann: 'user:ann', root: 'admin' };
  const API_KEYS = Object.entries(roles).map(([name, role]) => `${name}:${role}:${sha256(keyOf(name))}`);
  const app = await startApp(t, { settings: { AUTH: 'keys', API_KEYS: API_KEYS.join() } });
  const browser = await openBrowser(t);
  const places = { kim: ['Review desk'], ann: ['Chat'], root: ['Chat', 'Review desk', 'Operations'] };
  for (const [name, expected] of Object.entries(places)) {
    const { page } = await visit(browser, `${app.url}/operations`);
    await page.getByLabel('Key', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This key is not known.').waitFor();
    await signIn(page, keyOf(name));
    const links = page.getByRole('navigation', { name: 'Places' }).getByRole('link');
    t.deepEqual(await links.allInnerTexts(), expected);
    if (name === 'root') await page.getByText('Turns that ended').waitFor();
    else await page.getByText('Not for this key').waitFor();
    if (name === 'ann') {
      await page.goto(`${app.url}/?user=bob`);
      await page.getByText('Chatting as ann').waitFor();
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Key', { exact: true }).waitFor();
    await page.context().close();
  }
});
