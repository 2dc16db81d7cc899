// The reviewer's desk: the list, claims, `decided_by`, and the cancellation of a turn that awaits review.
import test from 'ava';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { keyOf, sha256 } from '../http/support/ingress.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { call, delivered } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { decide, park, reviewOf, turnOf, type ProblemJson, type ReviewJson } from './support.ts';

interface Page {
  readonly items: ReviewJson[];
  readonly next_cursor: string | null;
}

const FIELDS =
  'review_id kind turn_id user_id session_id status reasons text assistant draft draft_sha256 client_calls revision drafting tool_call arguments result finish_reason history pictures claimed_by deadline decision reply note decided_by decided_at stale claimed_until created_at';

const open = async (t: Owner, { databaseUrl }: Pick<TestApp, 'databaseUrl'>) => {
  const database = new Database(await connect(databaseUrl, { poolSize: 1 }));
  t.teardown(() => database.close());
  return database;
};

test('the list has the earliest deadline first, pages without gaps or repeats, and filters by status', async (t) => {
  const { url } = await startApp(t);
  const parked = [];
  for (let n = 0; n < 7; n += 1) parked.push((await park(url, `user-${n}`, 'urgent')).review!);
  await decide(url, parked[0]!.review_id, { decision: 'approve' });
  const found: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { body: Page } = await call(url, `/reviews?status=pending&limit=2${cursor && `&cursor=${cursor}`}`);
    found.push(...page.body.items.map(({ review_id: id }) => id));
    cursor = page.body.next_cursor;
  }
  t.deepEqual(
    found,
    parked.slice(1).map(({ review_id: id }) => id),
  );
  t.is((await call<Page>(url, '/reviews')).body.items.length, 7);
  t.is((await call<Page>(url, '/reviews?status=approved')).body.items[0]!.review_id, parked[0]!.review_id);
  t.is(
    Object.keys(await reviewOf(url, parked[1]!.review_id))
      .toSorted()
      .join(),
    FIELDS.split(' ').toSorted().join(),
  );
  for (const bad of ['?status=waiting', '?cursor=abc', '?cursor=dHVybnM6MQ'])
    t.is((await call(url, `/reviews${bad}`)).status, 400, bad);
});

test('one reviewer at a time holds a claim, and decided_by is the authenticated caller', async (t) => {
  const keys = { kim: 'reviewer', lee: 'reviewer', app: 'service' };
  const API_KEYS = Object.entries(keys).map(([name, role]) => `${name}:${role}:${sha256(keyOf(name))}`);
  const app = await startApp(t, { settings: { AUTH: 'keys', API_KEYS: API_KEYS.join() } });
  const as = (name: keyof typeof keys) => ({ authorization: `Bearer ${keyOf(name)}` });
  const posted = await call<{ turn_id: string }>(app.url, '/chat', {
    body: { user_id: 'ann', text: 'help' },
    headers: { ...as('app'), prefer: 'wait=20' },
  });
  const turn = await call<{ review: { review_id: string } }>(app.url, `/turns/${posted.body.turn_id}`, {
    headers: as('app'),
  });
  const path = `/reviews/${turn.body.review.review_id}`;
  const claim = (name: 'kim' | 'lee', method = 'POST') =>
    call<ReviewJson & ProblemJson>(app.url, `${path}/claim`, { method, headers: as(name) });

  t.like((await claim('kim')).body, { claimed_by: 'kim' });
  t.is((await claim('kim')).status, 200, 'renewed');
  t.like((await claim('lee')).body, { status: 409, code: 'claimed_by_other' });
  t.is((await claim('lee', 'DELETE')).status, 204, 'a claim of another reviewer is not released');
  t.is((await claim('lee')).status, 409);
  t.is((await claim('kim', 'DELETE')).status, 204);
  t.is((await claim('lee')).status, 200);
  const database = await open(t, app);
  await database.builder.raw("update reviews set claimed_until = now() - interval '1 second'");
  const lapsed = await call<ReviewJson>(app.url, path, { headers: as('kim') });
  t.is(lapsed.body.claimed_by, null, 'lapsed');
  t.is((await claim('kim')).status, 200);

  const decided = await call<ReviewJson>(app.url, `${path}/decision`, {
    body: { decision: 'approve' },
    headers: as('kim'),
  });
  t.like(decided.body, { decided_by: 'kim', claimed_by: null });
  t.like((await claim('lee')).body, { status: 409, code: 'already_decided' });
  const again = await call(app.url, `${path}/decision`, { body: { decision: 'approve' }, headers: as('lee') });
  t.is(again.status, 200, 'the same decision of another reviewer is not a conflict');
  t.is((again.body as unknown as ReviewJson).decided_by, 'kim');
  const events = await call<{ items: { who: string | null; what: string }[] }>(app.url, `${path}/events`, {
    headers: as('lee'),
  });
  t.deepEqual(
    events.body.items.map(({ who, what }) => `${who ?? '-'} ${what}`),
    ['- requested', 'kim claimed', 'kim claimed', 'kim released', 'lee claimed', 'kim claimed', 'kim approved'],
  );
});

test('cancelling a turn that awaits review also cancels its review, which can then not be decided', async (t) => {
  const app = await startApp(t);
  const { turn_id: turnId, review } = await park(app.url, 'ann', 'help');
  const reviewId = review!.review_id;
  const cancel = () => call(app.url, `/turns/${turnId}/cancel`, { method: 'POST' });
  t.deepEqual(
    (await Promise.all([cancel(), cancel()])).map(({ status }) => status),
    [200, 200],
  );
  t.is((await turnOf(app.url, turnId)).status, 'cancelled');
  t.is((await reviewOf(app.url, reviewId)).status, 'cancelled');
  const late = await decide<ProblemJson>(app.url, reviewId, { decision: 'approve' });
  t.is(late.status, 409);
  t.is(late.body.applied!.status, 'cancelled');
  t.deepEqual(await delivered(app.url, 'ann'), []);
});
