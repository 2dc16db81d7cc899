// The stream of review events: every ingress sends every event once, in one order, across reconnects.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { connect } from '../../src/store/connect.ts';
import { startApp } from '../support/app.ts';
import { call, chat, eventually } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { startRedisServer } from '../support/services.ts';
import { openStream, type SseEvent, type SseStream } from '../support/sse.ts';
import { decide, park, type ReviewJson } from './support.ts';

interface ReviewEvent {
  readonly id: string;
  readonly review: ReviewJson;
}

const parsed = ({ id, data }: SseEvent): ReviewEvent => ({ id, review: JSON.parse(data) as ReviewJson });

const open = async (base: string, lastEventId?: string): Promise<SseStream> => {
  const stream = await openStream(`${base}/reviews/events`, { lastEventId });
  if (stream.status !== 200) throw new Error(`${stream.status}`);
  return stream;
};

/** Reads `count` events, then closes the stream. */
async function take(stream: SseStream, count: number): Promise<ReviewEvent[]> {
  const seen: ReviewEvent[] = [];
  for await (const event of stream.events) {
    seen.push(parsed(event));
    if (seen.length === count) break;
  }
  stream.close();
  return seen;
}

const claim = (base: string, id: string, method = 'POST') => call(base, `/reviews/${id}/claim`, { method });

test('the stream sends an event with the review when it is requested, claimed, released and decided', async (t) => {
  const { url } = await startApp(t);
  const stream = await open(url);
  t.is(stream.headers.get('content-type'), 'text/event-stream');
  const next = async (): Promise<ReviewEvent> => {
    const { value, done } = await stream.events.next();
    if (done) throw new Error('the stream ended');
    t.is(value.event, 'review');
    return parsed(value);
  };
  const { review } = await park(url, 'ann', 'this is urgent');
  const id = review!.review_id;
  const requested = await next();
  t.like(requested.review, { review_id: id, status: 'pending', text: 'this is urgent', claimed_by: null });
  const listed = await call<{ items: ReviewJson[] }>(url, '/reviews');
  t.deepEqual(requested.review, listed.body.items[0]);
  await claim(url, id);
  t.is((await next()).review.claimed_by, 'anonymous');
  await claim(url, id, 'DELETE');
  t.is((await next()).review.claimed_by, null);
  await decide(url, id, { decision: 'edit', reply: 'Soon.', note: 'calm' });
  const decided = await next();
  t.like(decided.review, { status: 'edited', reply: 'Soon.', note: 'calm', decided_by: 'anonymous' });
  t.is(Number(decided.id) - Number(requested.id), 3);
  stream.close();
});

test('a reader that reconnects to other ingresses receives each of 100 events once, in order', async (t) => {
  const app = await startApp(t);
  let second = await startSecondIngress(t, app);
  const reviews: string[] = [];
  const createEvents = async () => {
    const parked = Array.from({ length: 25 }, async (_, n) => {
      const { review } = await park(app.url, `user-${n}`, 'help');
      const id = review!.review_id;
      reviews.push(id);
      // Claims and decisions go to both processes.
      const base = n % 2 === 0 ? app.url : second.url;
      await claim(base, id);
      await claim(app.url, id, 'DELETE');
      await decide(app.url, id, { decision: 'reject' });
    });
    await Promise.all(parked);
  };
  const first = await open(second.url);
  const creating = createEvents();
  const seen = await take(first, 7);
  seen.push(...(await take(await open(app.url, seen.at(-1)!.id), 30)));
  await creating;
  await second.stop();
  second = await startSecondIngress(t, app);
  seen.push(...(await take(await open(second.url, seen.at(-1)!.id), 21)));
  seen.push(...(await take(await open(app.url, seen.at(-1)!.id), 42)));
  t.deepEqual(
    seen.map(({ id }) => Number(id)),
    Array.from({ length: 100 }, (_, n) => n + 1),
    'no gaps, no repeats',
  );
  for (const id of reviews) {
    const ofReview = seen.filter(({ review }) => review.review_id === id);
    t.is(ofReview.length, 4, id);
    t.is(ofReview.at(-1)!.review.status, 'rejected');
  }
  // No more old events: the next event is a new one.
  const rest = await open(second.url, seen.at(-1)!.id);
  const more = take(rest, 1);
  const { review } = await park(app.url, 'late', 'help');
  t.is((await more)[0]!.review.review_id, review!.review_id);
});

test('an event that is committed late is sent late and not lost', async (t) => {
  const app = await startApp(t);
  const builder = await connect(app.databaseUrl, { poolSize: 2 });
  t.teardown(() => builder.destroy());
  const { review } = await park(app.url, 'ann', 'help');
  const id = review!.review_id;
  const stream = await open(app.url);
  const seen: ReviewEvent[] = [];
  const reading = (async () => {
    for await (const event of stream.events) seen.push(parsed(event));
  })();
  await eventually('the request', async () => seen.length === 1);
  // This event has an older id than the claim below and is committed after it.
  const late = await builder.transaction();
  await late.raw("insert into review_events (event_id, review_id, who, what) values (?, ?, 'kim', 'claimed')", [
    newId(),
    id,
  ]);
  await claim(app.url, id);
  await eventually('the claim', async () => seen.length === 2);
  await late.commit();
  await claim(app.url, id);
  await eventually('both', async () => seen.length === 4);
  const ids = seen.map((each) => Number(each.id));
  t.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
  const { rows } = await builder.raw<{ rows: { who: string | null; position: number }[] }>(
    'select who, position from review_events order by position',
  );
  t.deepEqual(
    rows.map(({ who }) => who),
    [null, 'anonymous', 'kim', 'anonymous'],
  );
  stream.close();
  await reading.catch(() => {});
});

test('processes that assign positions at the same time give every event one position', async (t) => {
  const app = await startApp(t);
  const second = await startSecondIngress(t, app);
  const { review } = await park(app.url, 'ann', 'help');
  const builder = await connect(app.databaseUrl, { poolSize: 4 });
  t.teardown(() => builder.destroy());
  const readers = await Promise.all([app.url, second.url, app.url, second.url].map((base) => open(base, '0')));
  const reading = readers.map((stream) => take(stream, 1_201));
  for (let n = 0; n < 40; n += 1) {
    const rows = Array.from({ length: 30 }, () => ({
      event_id: newId(),
      review_id: review!.review_id,
      what: 'claimed',
    }));
    await builder('review_events').insert(rows);
  }
  const all = await Promise.all(reading);
  for (const seen of all) {
    t.deepEqual(
      seen.map(({ id }) => Number(id)),
      Array.from({ length: 1_201 }, (_, n) => n + 1),
    );
  }
});

test('a reader that lists reviews and then follows them misses no event in between', async (t) => {
  const { url } = await startApp(t);
  const before = await call<{ items: ReviewJson[] }>(url, '/reviews');
  t.deepEqual(before.body.items, []);
  const { review } = await park(url, 'ann', 'help');
  const [seen] = await take(await open(url), 1);
  t.is(seen!.review.review_id, review!.review_id);
});

test('an invalid event id is refused, and an id that was never assigned starts at the end of the stream', async (t) => {
  const { url } = await startApp(t);
  await park(url, 'ann', 'help');
  await take(await open(url, '0'), 1);
  const refused = await openStream(`${url}/reviews/events`, { lastEventId: 'nonsense' });
  t.is(refused.status, 400);
  refused.close();
  const stream = await open(url, '999999');
  const next = take(stream, 1);
  const { review } = await park(url, 'bob', 'help');
  t.is((await next)[0]!.review.review_id, review!.review_id);
});

test('readers that do not read do not delay other readers', async (t) => {
  const { url } = await startApp(t);
  const stalled = await Promise.all(Array.from({ length: 20 }, () => open(url)));
  const reader = await open(url);
  const reading = take(reader, 60);
  const long = `help ${'x'.repeat(20_000)}`;
  const parked = Array.from({ length: 60 }, async (_, n) => chat(url, { user_id: `user-${n}`, text: long }));
  await Promise.all(parked);
  t.is(new Set((await reading).map(({ review }) => review.review_id)).size, 60);
  // A stalled reader receives all events as soon as it reads.
  t.is((await take(stalled[0]!, 60)).length, 60);
  for (const stream of stalled) stream.close();
});

test('readers receive events while Redis is unavailable', async (t) => {
  const redis = await startRedisServer(t);
  const { url } = await startApp(t, { redisUrl: redis.url });
  const { review } = await park(url, 'ann', 'help');
  const id = review!.review_id;
  const stream = await open(url);
  const next = async () => parsed((await stream.events.next()).value as SseEvent).review;
  t.is((await next()).status, 'pending');
  await redis.stop();
  await claim(url, id);
  t.is((await next()).claimed_by, 'anonymous');
  await redis.restart();
  await eventually('Redis is back', async () => (await call(url, '/readyz')).status === 200);
  await decide(url, id, { decision: 'approve' });
  t.is((await next()).status, 'approved');
  stream.close();
});
