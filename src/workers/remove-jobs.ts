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

const isOf = (job: Job<Payload | null> | undefined, userId: string): boolean =>
  [job?.data?.subject, job?.data?.user_id, job?.data?.data?.user_id].includes(userId);

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
