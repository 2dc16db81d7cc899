// The desk's filters over 10,000 pending and 40,000 decided reviews.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { call } from '../support/client.ts';
import type { ReviewJson } from './support.ts';

interface Page {
  readonly items: (ReviewJson & { user_id: string })[];
  readonly next_cursor: string | null;
}

const PENDING = 10_000;
const DECIDED = 40_000;

/** Review n belongs to `user-<n % 500>`. Every 1,000th has the rule `money`. Above PENDING, reviewer `lee-<n % 10>`
 *  decided it (n - PENDING) minutes ago. */
const TURNS = `insert into turns (turn_id, user_id, session_id, seq, status, text, metadata, tags)
  select gen_random_uuid(), 'user-' || n % 500, gen_random_uuid(), n, case when n <= ${PENDING} then 'awaiting_review' else 'completed' end, 'help ' || n, '{}', '[]'
  from generate_series(1, ${PENDING + DECIDED}) n`;
const REVIEWS = `insert into reviews (review_id, turn_id, user_id, session_id, seq, status, reasons, draft, deadline, claimed_by, claimed_until, decision, decided_by, decided_at)
  select gen_random_uuid(), turn_id, user_id, session_id, seq, case when seq <= ${PENDING} then 'pending' else 'approved' end,
    case when seq % 1000 = 0 then '[{"rule": "keyword", "detail": "x"}, {"rule": "money", "detail": "y"}]'::jsonb else '[{"rule": "keyword", "detail": "x"}]' end,
    'draft', date_trunc('milliseconds', now() + interval '1 hour' + seq * interval '1 second'),
    case when seq <= ${PENDING} and seq % 100 < 2 then 'kim' end,
    case when seq <= ${PENDING} and seq % 100 < 2 then now() + (case when seq % 100 = 0 then 1 else -1 end) * interval '1 hour' end,
    case when seq > ${PENDING} then 'approve' end, case when seq > ${PENDING} then 'lee-' || seq % 10 end,
    case when seq > ${PENDING} then now() - (seq - ${PENDING}) * interval '1 minute' end
  from turns`;

test('filters select reviews and page without gaps or repeats', async (t) => {
  const { url, databaseUrl } = await startApp(t);
  const builder = await connect(databaseUrl, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  for (const sql of [TURNS, REVIEWS, 'analyze turns', 'analyze reviews']) await builder.raw(sql);
  const all = async (query: string): Promise<Page['items']> => {
    const items: Page['items'] = [];
    let cursor = '';
    do {
      const startedAt = performance.now();
      const { status, body } = await call<Page>(url, `/reviews?limit=100&${query}${cursor && `&cursor=${cursor}`}`);
      if (items.length === 0) t.log(`${query || 'all'}: first page ${Math.round(performance.now() - startedAt)} ms`);
      t.is(status, 200, JSON.stringify(body));
      items.push(...body.items);
      cursor = body.next_cursor ?? '';
    } while (cursor !== '' && items.length < 500);
    const deadlines = items.map(({ deadline }) => deadline);
    t.deepEqual(deadlines, deadlines.toSorted());
    t.is(new Set(items.map(({ review_id: id }) => id)).size, items.length, query);
    return items;
  };
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();

  const ofUser = await all('user_id=user-7');
  t.is(ofUser.length, 100);
  t.true(ofUser.every(({ user_id: user }) => user === 'user-7'));
  t.is((await all('user_id=user-7&status=pending')).length, 20);
  t.is((await all('rule=money')).length, 50);
  t.is((await all('rule=money&status=pending')).length, 10);
  t.is((await all('rule=keyword&status=pending')).length, 500);
  t.is((await all('rule=unknown&status=pending')).length, 0);
  t.is((await all('rule=mon')).length, 0, 'a part of a rule name does not match');
  const claimed = await all('claimed_by=kim');
  t.is(claimed.length, 100, 'a lapsed claim does not match');
  t.true(claimed.every(({ claimed_by: by }) => by === 'kim'));
  const decided = await all('decided_by=lee-3');
  t.is(decided.length, 500);
  t.true(decided.every(({ decided_by: by }) => by === 'lee-3'));
  t.is((await all(`decided_by=lee-3&decided_since=${hourAgo}`)).length, 6);
  const recent = (await all(`decided_since=${hourAgo}`)).length;
  t.true(recent === 59 || recent === 60, `${recent}`);
  t.is((await all(`decided_by=lee-3&decided_since=${hourAgo}&status=rejected`)).length, 0);
  t.is((await all('status=pending')).length, 500);
});

test('a response to invalid filters lists all of them', async (t) => {
  const { url } = await startApp(t);
  const { status, body } = await call<{ errors: { pointer: string }[] }>(
    url,
    '/reviews?user_id=a%20b&rule=&claimed_by=&decided_by=%00&decided_since=yesterday&since=1',
  );
  t.is(status, 400);
  t.deepEqual(body.errors.map(({ pointer }) => pointer).toSorted(), [
    '/query/claimed_by',
    '/query/decided_by',
    '/query/decided_since',
    '/query/rule',
    '/query/since',
    '/query/user_id',
  ]);
});
