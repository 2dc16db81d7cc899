// Dead letters: events that failed for good, which stay in their topic until somebody replays or deletes them.
import type { Job, Queue } from 'bullmq';
import { Unavailable } from '../domain/errors.ts';
import type { DeadLetter, DeadLetterPosition, QueueName } from '../domain/topics.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { Queues } from './queues.ts';
import { userOf } from './remove-jobs.ts';

interface Failed {
  readonly topic: QueueName;
  readonly jobId: string;
  readonly at: number;
}

/** The newest first; of the same moment by topic and id. */
const inOrder = (a: Failed, b: Failed): number =>
  b.at - a.at || (a.topic === b.topic ? (a.jobId < b.jobId ? -1 : 1) : a.topic < b.topic ? -1 : 1);

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
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

  /** Those of one topic or of all, the newest first. A topic keeps a thousand at most (queues.ts). @throws Unavailable */
  list(topic: QueueName | undefined, after: DeadLetterPosition | undefined, limit: number): Promise<DeadLetter[]> {
    return reaching(async () => {
      const failed = await Promise.all((topic ? [topic] : this.#queues.names).map((each) => this.#failedOf(each)));
      const all = failed.flat().toSorted(inOrder);
      const begin = after && { topic: after.topic, jobId: after.jobId, at: after.failedAt.getTime() };
      const behind = begin ? all.filter((each) => inOrder(begin, each) < 0) : all;
      const letters: DeadLetter[] = [];
      for (const each of behind) {
        if (letters.length === limit) break;
        const job: Job<unknown> | undefined = await this.#queues.get(each.topic).getJob(each.jobId);
        // Replayed or deleted since the look.
        if (job) letters.push(letterOf(each, job));
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

  /** Lets the topic try it again, with all its attempts. False: it is no dead letter (any more). @throws Unavailable */
  replay(topic: QueueName, jobId: string): Promise<boolean> {
    return this.#ofDead(topic, jobId, async (queue) => {
      const job: Job | undefined = await queue.getJob(jobId);
      if (!job) return false;
      try {
        await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
        return true;
      } catch (error) {
        // BullMQ numbers what it refuses. Two at once: the other one was first.
        if (typeof (error as { code?: unknown }).code === 'number') return false;
        throw error;
      }
    });
  }

  /** Deletes it for good. False: it is no dead letter (any more). @throws Unavailable */
  remove(topic: QueueName, jobId: string): Promise<boolean> {
    return this.#ofDead(topic, jobId, async (queue) => (await queue.remove(jobId)) === 1);
  }

  #ofDead(topic: QueueName, jobId: string, work: (queue: Queue) => Promise<boolean>): Promise<boolean> {
    const queue = this.#queues.get(topic);
    return reaching(async () => (await queue.getJobState(jobId)) === 'failed' && work(queue));
  }
}

const letterOf = ({ topic, jobId, at }: Failed, job: Job<unknown>): DeadLetter => ({
  topic,
  jobId,
  userId: userOf(job.data),
  failedAt: new Date(at),
  attempts: job.attemptsMade,
  reason: job.failedReason,
  data: job.data,
});
