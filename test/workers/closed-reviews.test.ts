// Jobs of `human-review` do not outlive their reviews, whatever happened to Redis when the review ended.
import test from 'ava';
import { newId } from '../../src/domain/ids.ts';
import { startApp } from '../support/app.ts';
import { call, eventually } from '../support/client.ts';
import { decide, park, topic } from '../reviews/support.ts';
import { erase } from '../users/support.ts';

test('jobs whose review has ended in any way are removed; those of pending reviews stay', async (t) => {
  const { url, redisUrl } = await startApp(t, { settings: { REVIEW_DEADLINE_S: '3600' } });
  const queue = topic(t, redisUrl, 'human-review');
  const parked = await Promise.all(
    ['pending', 'decided', 'cancelled', 'erased'].map((user) => park(url, user, `help ${user}`)),
  );
  const [pending, decided, cancelled, erased] = parked.map(({ review }) => review!.review_id) as [
    string,
    string,
    string,
    string,
  ];
  const idsOf = async () => (await queue.getWaiting()).map(({ id }) => id!);
  const jobs = await eventually('all jobs', async () => {
    const found = await queue.getWaiting();
    return found.length === 4 && found;
  });
  await decide(url, decided, { decision: 'approve' });
  await call(url, `/turns/${parked[2]!.turn_id}/cancel`, { method: 'POST' });
  await erase(url, 'erased');
  // As a relay adds them that published late, or a Redis that was restored from an old copy.
  for (const { id, name, data } of jobs) await queue.add(name, data, { jobId: id! });
  const foreign = newId();
  await queue.add('HumanReviewRequired', {}, { jobId: foreign });
  await queue.add('HumanReviewRequired', {}, { jobId: 'not-an-id' });
  await eventually('the jobs of ended reviews are removed', async () => {
    const ids = await idsOf();
    return ![decided, cancelled, erased, foreign].some((id) => ids.includes(id));
  });
  t.deepEqual((await idsOf()).toSorted(), [pending, 'not-an-id'].toSorted());
});
