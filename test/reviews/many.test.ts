// A thousand parked turns are a thousand rows: they block nobody, and all of them can be decided at once.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, ended, eventually } from '../support/client.ts';
import { decide, park, type ReviewJson } from './support.ts';

const USERS = 1_000;
const AT_ONCE = 64;

async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let index = next++; index < items.length; index = next++) await work(items[index]!, index);
    }),
  );
}

test('a thousand turns wait and block nobody; decided 64 at a time none is lost or doubled', async (t) => {
  const { url, model } = await startApp(t, { settings: { MEMORY_DEBOUNCE_MS: '600000' } });
  const users = Array.from({ length: USERS }, (_, n) => `user-${n}`);
  await each(users, async (user) => void (await park(url, user, 'this is urgent')));
  t.is(model.chatCalls.length, USERS);
  t.is((await ended(url, (await chat(url, { user_id: 'user-7', text: 'and now?' })).turn_id)).status, 'completed');

  const began = performance.now();
  const first = await call<{ items: ReviewJson[]; next_cursor: string | null }>(
    url,
    '/reviews?status=pending&limit=100',
  );
  t.log(`first page of ${USERS}: ${Math.round(performance.now() - began)} ms`);
  const all = [...first.body.items];
  for (let cursor = first.body.next_cursor; cursor !== null;) {
    const page = await call<typeof first.body>(url, `/reviews?status=pending&limit=100&cursor=${cursor}`);
    all.push(...page.body.items);
    cursor = page.body.next_cursor;
  }
  t.is(new Set(all.map(({ review_id: id }) => id)).size, USERS);

  const decisions = ['approve', 'edit', 'reject'] as const;
  const statuses: number[] = [];
  await each(all, async ({ review_id: id }, n) => {
    const decision = decisions[n % 3]!;
    const body = { decision, ...(decision === 'edit' && { reply: `edited ${n}` }) };
    const answers = await Promise.all([decide(url, id, body), decide(url, id, body)]);
    statuses.push(...answers.map(({ status }) => status));
  });
  t.log(`decided twice each in ${Math.round(performance.now() - began)} ms`);
  t.true(statuses.every((status) => status === 200 || status === 202));
  await eventually(
    'none is left',
    async () => (await call<{ items: unknown[] }>(url, '/reviews?status=pending')).body.items.length === 0,
  );
  const rejected = all.filter((_, n) => n % 3 === 2).length;
  const sums = await eventually('all counted', async () => {
    const { items } = (
      await call<{ items: { by_status: Record<string, number>; reviewed: number }[] }>(url, '/analytics')
    ).body;
    const [day] = items.slice(-1);
    return day?.by_status['completed'] === USERS + 1 - rejected && day;
  });
  t.is(sums.by_status['rejected'], rejected);
  t.is(sums.reviewed, USERS);
  await each(all, async (review, n) => {
    const told = { approve: 'echo: this is urgent', edit: `edited ${n}`, reject: null }[decisions[n % 3]!];
    const rows = (await delivered(url, (review as ReviewJson & { user_id: string }).user_id)).filter(
      ({ turn_id: turnId }) => turnId === review.turn_id,
    );
    t.deepEqual(
      rows.map(({ content }) => content),
      told === null ? [] : ['this is urgent', told],
    );
  });
});
