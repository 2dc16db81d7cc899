// The documentation pages in a browser. On a narrow phone (360 px) they do not scroll horizontally.
import type { Page } from 'playwright-core';
import { start } from '../http/support/ingress.ts';
import { violations } from '../support/axe.ts';
import { openBrowser, visit, webTest } from '../support/browser.ts';

const documentWidth = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth');

for (const path of ['/docs', '/docs/errors']) {
  webTest(`${path} fits a window of 360 px, collapsed and expanded, without violations`, async (t) => {
    t.timeout(120_000);
    const { ingress } = await start(t);
    const browser = await openBrowser(t);
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [360, 820, 1280]) {
        const name = `${colorScheme}, ${width} px`;
        const viewport = { width, height: 800 };
        const { page, faults, foreign } = await visit(browser, ingress.url + path, { colorScheme, viewport });
        await page.locator('main h1').waitFor();
        t.true((await documentWidth(page)) <= width, `${name}, collapsed: ${await documentWidth(page)} px wide`);
        t.deepEqual(await violations(page), [], `${name}, collapsed`);
        const operations = page.locator('details');
        if (path === '/docs') t.true((await operations.count()) > 40);
        await operations.evaluateAll('(all) => { for (const details of all) details.open = true; }');
        t.true((await documentWidth(page)) <= width, `${name}, expanded: ${await documentWidth(page)} px wide`);
        t.deepEqual(await violations(page), [], `${name}, expanded`);
        t.deepEqual({ faults, foreign }, { faults: [], foreign: [] }, name);
        await page.context().close();
      }
    }
  });
}
