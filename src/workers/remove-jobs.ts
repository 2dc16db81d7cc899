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

/** The data of a job without the events of the user; null: nothing is left. */
function without(data: unknown, userId: string): unknown {
  if (!Array.isArray(data)) return isOf(data, userId) ? null : data;
  const rest = data.filter((event: unknown) => !isOf(event, userId));
  return rest.length === 0 ? null : rest;
}

const eventsIn = (data: unknown): number => (Array.isArray(data) ? data.length : 1);

/** Removes all jobs of the user that are not running, and the user's events from jobs with several events. A job that
 *  changes its state during the search may be missed, so the caller must repeat the call later. Rejects while Redis is
 *  unavailable. */
export async function removeJobsOf(queue: Queue, userId: string): Promise<void> {
  const found: Job[] = [];
  for (const state of STATES) {
    for (let from = 0; ; from += PAGE) {
      const jobs: (Job | undefined)[] = await queue.getJobs([state], from, from + PAGE - 1, true);
      for (const job of jobs) if (job && concerns(job.data, userId)) found.push(job);
      if (jobs.length < PAGE) break;
    }
  }
  for (const job of found) {
    const rest = without(job.data, userId);
    if (rest === null) await queue.remove(job.id!);
    else await job.updateData(rest).catch(ifGone);
  }
}

const concerns = (data: unknown, userId: string): boolean => {
  const rest = without(data, userId);
  return rest === null || eventsIn(rest) < eventsIn(data);
};

/** BullMQ refuses with a numeric code: the job has ended meanwhile. */
function ifGone(error: unknown): void {
  if (typeof (error as { code?: unknown }).code !== 'number') throw error;
}
