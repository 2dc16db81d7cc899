// Runs axe-core on all pages: dark and light, wide and narrow, with and without data, signed out.
import type { Page } from 'playwright-core';
import type { ExecutionContext } from 'ava';
import { park } from '../reviews/support.ts';
import { sha256 } from '../http/support/ingress.ts';
import { startApp } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { violations } from '../support/axe.ts';
import { openBrowser, visit, webTest, type TestBrowser } from '../support/browser.ts';
import { chat, waitForTurn } from '../support/client.ts';

interface Scene {
  readonly name: string;
  readonly path: string;
  readonly prepare: (page: Page) => Promise<unknown>;
}

const SCENES: readonly Scene[] = [
  {
    name: 'chat',
    path: '/?user=ann',
    prepare: async (page) => {
      const sessions = page.getByRole('button', { name: 'Sessions' });
      if (await sessions.isVisible()) await sessions.click();
      await page.locator('.session').first().click();
      await page.getByText('Held for review', { exact: true }).first().waitFor();
      await page.getByLabel('Assistant').waitFor();
      await page.getByRole('article').getByText('Assistant: poet').waitFor();
    },
  },
  { name: 'an empty chat', path: '/?user=nobody', prepare: (page) => page.getByText('Start a conversation').waitFor() },
  {
    name: 'the desk',
    path: '/desk',
    prepare: (page) => page.getByRole('listbox').getByRole('option').first().waitFor(),
  },
  {
    name: 'a review being edited',
    path: '/desk',
    prepare: async (page) => {
      await page.getByRole('listbox').getByRole('option').first().click();
      await page.getByText('due in').waitFor();
      await page.keyboard.press('e');
      await page.getByLabel('Reply', { exact: true }).fill('Something else');
      await page.locator('.diff ins').first().waitFor();
    },
  },
  {
    name: 'an empty desk',
    path: '/desk',
    prepare: async (page) => {
      await page.getByLabel('User').fill('nobody');
      await page.getByText('No pending reviews').waitFor();
    },
  },
  {
    name: 'the shortcuts',
    path: '/desk',
    prepare: async (page) => {
      await page.getByRole('listbox').getByRole('option').first().waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'operations',
    path: '/operations',
    prepare: (page) => page.getByRole('rowheader', { name: 'long-' }).waitFor(),
  },
  {
    name: 'dead letters',
    path: '/operations#/dead-letters',
    prepare: (page) => page.getByText('No dead letters').waitFor(),
  },
  {
    name: 'a user',
    path: '/operations#/users/ann',
    prepare: async (page) => {
      await page.getByText('held for review').first().waitFor();
      await page.getByRole('button', { name: 'Erase ann' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
];

async function check(t: ExecutionContext, browser: TestBrowser, url: string, scenes: readonly Scene[]): Promise<void> {
  for (const { name, path, prepare } of scenes) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const viewport of [
        { width: 1440, height: 900 },
        { width: 390, height: 844 },
      ]) {
        const { page, faults } = await visit(browser, url + path, { colorScheme, viewport });
        await prepare(page);
        t.deepEqual(await violations(page), [], `${name}, ${colorScheme}, ${viewport.width}`);
        t.deepEqual(faults, [], name);
        const wider = await page.evaluate<number>(
          "Math.max(...[...document.querySelectorAll('html, main')].map((box) => box.scrollWidth - box.clientWidth))",
        );
        t.true(wider <= 0, `${name} is ${wider} px wider than a window of ${viewport.width}`);
        await page.context().close();
      }
    }
  }
}

webTest('axe-core finds no violation on any page, and no page is wider than the window', async (t) => {
  t.timeout(240_000);
  const long = 'long-'.repeat(9);
  const { path } = assistantsFile(t, {
    default: 'support',
    assistants: { support: {}, poet: { description: 'Answers in verse.' }, [long]: {} },
  });
  const app = await startApp(t, { settings: { ASSISTANTS: path } });
  const { session_id } = await park(app.url, 'ann', 'please help, this is urgent', { tags: ['tea'] });
  await park(app.url, 'ann', 'help me in verse', { assistant: 'poet', metadata: { session_id } });
  await park(app.url, 'bob', 'an emergency');
  await waitForTurn(app.url, (await chat(app.url, { user_id: 'cleo', text: 'hello', assistant: long })).turn_id);
  await check(t, await openBrowser(t), app.url, SCENES);
});

webTest('axe-core finds no violation in the sign-in form', async (t) => {
  const app = await startApp(t, { settings: { AUTH: 'keys', API_KEYS: `kim:reviewer:${sha256('key')}` } });
  const prepare = (page: Page) => page.getByLabel('Key', { exact: true }).waitFor();
  await check(t, await openBrowser(t), app.url, [{ name: 'the sign-in form', path: '/desk', prepare }]);
});
