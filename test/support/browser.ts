// Opens the pages in a real browser and records script errors, policy violations and foreign requests.
import test from 'ava';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { fileOwner, type Owner } from './owner.ts';

const program = process.env['TURNKEEPER_TEST_CHROMIUM'];

/** Tests that need a browser are reported as skipped if none is available. */
export const webTest = program === undefined ? test.skip : test;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TIMEOUT_MS = 20_000;

/** The browser of one test: its contexts are closed when the test ends. */
export type TestBrowser = Pick<Browser, 'newContext'>;

const file = fileOwner();
let shared: Promise<Browser> | undefined;

/** The browser of the test file. Its start costs as much as a test, so all tests of a file share it. Their contexts share no
 *  cookies, no storage and no cache. */
function sharedBrowser(): Promise<Browser> {
  if (shared) return shared;
  shared = chromium.launch({ executablePath: program!, headless: true, args: FLAGS });
  file.teardown(async () => (await shared!).close());
  return shared;
}

/** Opens a browser for the test. */
export async function openBrowser(t: Owner): Promise<TestBrowser> {
  const browser = await sharedBrowser();
  const contexts: BrowserContext[] = [];
  t.teardown(() => Promise.all(contexts.map((context) => context.close())));
  return {
    newContext: async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      return context;
    },
  };
}

export interface Visit {
  readonly page: Page;
  /** Uncaught script exceptions and violations of the Content-Security-Policy. */
  readonly faults: string[];
  /** URLs of requests to other servers than the page's own. */
  readonly foreign: string[];
}

/** Opens `url` in a new browser context, which has its own cookies. */
export async function visit(browser: TestBrowser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const faults: string[] = [];
  const foreign: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) foreign.push(request.url());
  });
  await page.goto(url);
  return { page, faults, foreign };
}

/** Signs in with a key on a page that asks for one. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}
