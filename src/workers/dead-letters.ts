// Dead letters: lists, replays and deletes the events that failed for good and stay in their topics.
import type { Job, Queue } from 'bullmq';
import { Unavailable } from '../domain/errors.ts';
import type { DeadLetter, DeadLetterPosition, QueueName } from '../domain/topics.ts';
import { isRedisUnavailable, type RedisConnection } from '../redis/connection.ts';
import type { Queues } from './queues.ts';
import { userOf } from './remove-jobs.ts';

interface Failed {
  readonly topic: QueueName;
  readonly jobId: string;
  readonly at: number;
}

/** Sorts by time, newest first, then by topic and job id. */
const newestFirst = (a: Failed, b: Failed): number =>
  b.at - a.at || (a.topic === b.topic ? (a.jobId < b.jobId ? -1 : 1) : a.topic < b.topic ? -1 : 1);

/** Runs `work`. @throws Unavailable if Redis is unavailable */
async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isRedisUnavailable(error)) throw error;
    throw new Unavailable('queues', { cause: error });
  }
}

export class DeadLetters {
  readonly #queues: Queues;
  readonly #redis: RedisConnection;

  constructor(queues: Queues, redis: RedisConnection) {
    this.#queues = queues;
    this.#redis = redis;
  }

  /** Lists the dead letters of one topic or of all topics, newest first, after position `after`. A topic keeps at most
   *  1,000 dead letters (queues.ts). @throws Unavailable */
  list(topic: QueueName | undefined, after: DeadLetterPosition | undefined, limit: number): Promise<DeadLetter[]> {
    return orUnavailable(async () => {
      const failed = await Promise.all((topic ? [topic] : this.#queues.names).map((each) => this.#failedOf(each)));
      const all = failed.flat().toSorted(newestFirst);
      const position = after && { topic: after.topic, jobId: after.jobId, at: after.failedAt.getTime() };
      const remaining = position ? all.filter((each) => newestFirst(position, each) < 0) : all;
      const letters: DeadLetter[] = [];
      for (const each of remaining) {
        if (letters.length === limit) break;
        const job: Job<unknown> | undefined = await this.#queues.get(each.topic).getJob(each.jobId);
        // The job may have been replayed or deleted meanwhile.
        if (job) letters.push(deadLetterOf(each, job));
      }
      return letters;
    });
  }

  async #failedOf(topic: QueueName): Promise<Failed[]> {
    const found = await this.#redis.zrange(this.#queues.get(topic).toKey('failed'), '0', '-1', 'WITHSCORES');
    const failed: Failed[] = [];
    for (let n = 0; n < found.length; n += 2) failed.push({ topic, jobId: found[n]!, at: Number(found[n + 1]) });
    return failed;
  }

  /** Puts the job back into its topic with all its attempts. False: it is not a dead letter, or not any more.
   *  @throws Unavailable */
  replay(topic: QueueName, jobId: string): Promise<boolean> {
    return this.#ifDead(topic, jobId, async (queue) => {
      const job: Job | undefined = await queue.getJob(jobId);
      if (!job) return false;
      try {
        await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
        return true;
      } catch (error) {
        // BullMQ refuses with a numeric code: a concurrent replay or deletion came first.
        if (typeof (error as { code?: unknown }).code === 'number') return false;
        throw error;
      }
    });
  }

  /** Deletes the job for good. False: it is not a dead letter, or not any more. @throws Unavailable */
  remove(topic: QueueName, jobId: string): Promise<boolean> {
    return this.#ifDead(topic, jobId, async (queue) => (await queue.remove(jobId)) === 1);
  }

  #ifDead(topic: QueueName, jobId: string, work: (queue: Queue) => Promise<boolean>): Promise<boolean> {
    const queue = this.#queues.get(topic);
    return orUnavailable(async () => (await queue.getJobState(jobId)) === 'failed' && work(queue));
  }
}

const deadLetterOf = ({ topic, jobId, at }: Failed, job: Job<unknown>): DeadLetter => ({
  topic,
  jobId,
  userId: userOf(job.data),
  failedAt: new Date(at),
  attempts: job.attemptsMade,
  reason: job.failedReason,
  data: job.data,
});
