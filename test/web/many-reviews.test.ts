// The desk with 10,000 pending reviews: it renders few rows, and the keyboard reaches the last one.
import { newId } from '../../src/domain/ids.ts';
import { park } from '../reviews/support.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { openBrowser, visit, webTest } from '../support/browser.ts';
import { call } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';

const PENDING = 10_000;
const BATCH = 500;

type Row = Record<string, unknown>;
const asStored = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value !== null && typeof value === 'object' && !(value instanceof Date) && !Buffer.isBuffer(value)
        ? JSON.stringify(value)
        : value,
    ]),
  );

/** Copies a parked turn and its review. Each copy has its own user and a deadline one second after the last one. */
async function multiply(t: Owner, app: TestApp, turnId: string): Promise<void> {
  const database = new Database(await connect(app.databaseUrl, { poolSize: 1 }));
  t.teardown(() => database.close());
  const turn = (await database.builder('turns').where({ turn_id: turnId }).first()) as Row;
  const review = (await database.builder('reviews').where({ turn_id: turnId }).first()) as Row;
  const due = (review['deadline'] as Date).getTime();
  for (let done = 1; done < PENDING; done += BATCH) {
    const copies = Array.from({ length: Math.min(BATCH, PENDING - done) }, (_, n) => {
      const ids = { turn_id: newId(), user_id: `user-${done + n}`, session_id: newId() };
      return {
        turn: asStored({ ...turn, ...ids, idempotency_key: null }),
        review: asStored({ ...review, ...ids, review_id: newId(), deadline: new Date(due + (done + n) * 1_000) }),
      };
    });
    await database.builder('turns').insert(copies.map((copy) => copy.turn));
    await database.builder('reviews').insert(copies.map((copy) => copy.review));
  }
}

webTest(
  'with 10,000 pending reviews the desk renders less than 40 rows, and the End key reaches the last review',
  async (t) => {
    t.timeout(240_000);
    const app = await startApp(t);
    const first = await park(app.url, 'user-0', 'urgent');
    await multiply(t, app, first.turn_id);
    const { page } = await visit(await openBrowser(t), `${app.url}/desk`);
    await page.getByText('100+ reviews').waitFor();
    await page.locator('.queue-box').focus();
    const rows = page.getByRole('listbox').getByRole('option');
    await page.keyboard.press('Home');
    for (let loaded = 100; loaded < PENDING; loaded += 100) {
      await page.keyboard.press('End');
      await page
        .getByText(new RegExp(`^${Math.min(loaded + 100, PENDING).toLocaleString('en')}\\+? reviews`))
        .waitFor();
      if (loaded % 2_000 === 0) t.true((await rows.count()) < 40, `${await rows.count()} rows in the page`);
    }
    await page.keyboard.press('End');
    await page.locator('[role=option][aria-selected=true]', { hasText: `user-${PENDING - 1}` }).waitFor();
    t.true((await rows.count()) < 40);
    // The list is still live: a review that ends elsewhere is removed.
    const { body } = await call<{ items: { review_id: string }[] }>(app.url, `/reviews?user_id=user-${PENDING - 1}`);
    await call(app.url, `/turns/${first.turn_id}/cancel`, { method: 'POST' });
    await page.getByText('9,999 reviews').waitFor();
    t.is(body.items.length, 1);
    const longest = await page.evaluate<number>(`new Promise((resolve) => {
    let last = performance.now(), longest = 0, frames = 0;
    const box = document.querySelector('.queue-box');
    box.scrollTop = 0;
    const frame = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      box.scrollTop += 900;
      if ((frames += 1) < 120) requestAnimationFrame(frame); else resolve(longest);
    };
    requestAnimationFrame(frame);
  })`);
    t.log(`longest frame of 120 while scrolling: ${Math.round(longest)} ms`);
  },
);
