// Finding and removing the jobs of one user in a queue. A queue has no index by user, so all that rests in it is looked at.
import type { Job, JobType, Queue } from 'bullmq';

const PAGE = 500;
/** Where a job can rest. Those that run are over soon, and leave nothing or a failed one. */
const PLACES: readonly JobType[] = ['waiting', 'prioritized', 'delayed', 'failed', 'completed'];

/** The data of a job: an event, a bare decision, or our own. */
interface Payload {
  readonly subject?: unknown;
  readonly user_id?: unknown;
  readonly data?: { readonly user_id?: unknown } | null;
}

/** Every place where a payload may name its user. */
const namedIn = (payload: unknown): readonly unknown[] => {
  const { subject, user_id: userId, data } = (payload ?? {}) as Payload;
  return [subject, userId, data?.user_id];
};

/** Whom a payload concerns, where it tells. */
export const userOf = (payload: unknown): string | null =>
  namedIn(payload).find((name) => typeof name === 'string') ?? null;

const isOf = (job: Job<unknown> | undefined, userId: string): boolean => namedIn(job?.data).includes(userId);

/** Removes every resting job of the user. Jobs may come and go meanwhile, and one that moves may be missed: ask again
 *  later. Rejects while Redis is away. */
export async function removeJobsOf(queue: Queue, userId: string): Promise<void> {
  const found: string[] = [];
  for (const place of PLACES) {
    for (let from = 0; ; from += PAGE) {
      const jobs: (Job | undefined)[] = await queue.getJobs([place], from, from + PAGE - 1, true);
      for (const job of jobs) if (isOf(job, userId)) found.push(job!.id!);
      if (jobs.length < PAGE) break;
    }
  }
  for (const id of found) await queue.remove(id);
}
