// Finds and removes the jobs of one user in a queue. A queue has no index by user, so all jobs in it are read.
import type { Job, JobType, Queue } from 'bullmq';

const PAGE = 500;
/** All states but `active`: a running job ends soon and leaves nothing or a failed job. */
const STATES: readonly JobType[] = ['waiting', 'prioritized', 'delayed', 'failed', 'completed'];

/** The data of a job: an event, a bare decision, or the data of a summary job. */
interface Payload {
  readonly subject?: unknown;
  readonly user_id?: unknown;
  readonly data?: { readonly user_id?: unknown } | null;
}

/** The values of all fields that may contain the user id. */
const userFieldsOf = (payload: unknown): readonly unknown[] => {
  const { subject, user_id: userId, data } = (payload ?? {}) as Payload;
  return [subject, userId, data?.user_id];
};

/** The user id of a payload; null: it has none. */
export const userOf = (payload: unknown): string | null =>
  userFieldsOf(payload).find((value) => typeof value === 'string') ?? null;

const isOf = (payload: unknown, userId: string): boolean => userFieldsOf(payload).includes(userId);

/** The events of a job: it has one or an array of several. */
const eventsOf = (data: unknown): readonly unknown[] => (Array.isArray(data) ? data : [data]);

/** Removes all jobs of the user that are not running, and the user's events from jobs with several events. A job that
 *  changes its state during the search may be missed, so the caller must repeat the call later. Rejects while Redis is
 *  unavailable. */
export async function removeJobsOf(queue: Queue, userId: string): Promise<void> {
  const found: Job[] = [];
  for (const state of STATES) {
    for (let from = 0; ; from += PAGE) {
      const jobs: (Job | undefined)[] = await queue.getJobs([state], from, from + PAGE - 1, true);
      for (const job of jobs) if (job && eventsOf(job.data).some((event) => isOf(event, userId))) found.push(job);
      if (jobs.length < PAGE) break;
    }
  }
  for (const job of found) {
    const rest = eventsOf(job.data).filter((event) => !isOf(event, userId));
    if (rest.length === 0) await queue.remove(job.id!);
    else await job.updateData(rest).catch(ifGone);
  }
}

/** BullMQ refuses with a numeric code: the job has ended meanwhile. */
function ifGone(error: unknown): void {
  if (typeof (error as { code?: unknown }).code !== 'number') throw error;
}
