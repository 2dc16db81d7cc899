// The producing side of the topics: BullMQ queues, and what is added to them.
import { hash } from 'node:crypto';
import { Queue, type Job } from 'bullmq';
import { newId } from '../domain/ids.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { Log } from '../telemetry/log.ts';
import type { Claim } from '../store/claims.ts';
import { traceparent } from '../telemetry/tracing.ts';
import { cloudEvent, outboxCloudEvent, type OutboxEvent } from '../domain/events.ts';
import {
  QUEUE_NAMES,
  SUMMARIES,
  TOPIC_TYPES,
  type JobCounts,
  type QueueName,
  type TopicCounts,
} from '../domain/topics.ts';
import { removeJobsOf } from './remove-jobs.ts';

export const PREFIX = 'turnkeeper';

/** A turn's job lives no longer than its run: the row is the truth, and an id that stays would keep the sweeper from
 *  adding it again. An event's last failure is kept to be looked at. */
const REMOVE_ALL = { removeOnComplete: true, removeOnFail: true };
const KEEP_FAILED = {
  removeOnComplete: true,
  removeOnFail: { count: 1_000 },
  attempts: 8,
  backoff: { type: 'exponential', delay: 500 },
};

/** As BullMQ names them; each is one length that Redis knows. */
const COUNTED_STATES = ['wait', 'active', 'delayed', 'failed'] as const;

export interface QueuedTurn extends Claim {
  readonly userId: string;
}

const chatJob = ({ turnId, epoch, userId }: QueuedTurn) => ({
  name: 'ChatRequested',
  data: cloudEvent({
    topic: 'chat-requests',
    id: turnId,
    userId,
    data: { turn_id: turnId, user_id: userId },
    traceparent: traceparent(),
  }),
  // With the epoch, so that the job of a worker that died cannot keep the next one out.
  opts: { jobId: `${turnId}-${epoch}`, ...REMOVE_ALL },
});

export class Queues {
  readonly #queues: Record<QueueName, Queue>;

  /** `connection` should fail fast: an accepted turn must not wait for Redis. */
  constructor(connection: RedisConnection, log: Log) {
    const open = (name: string) => {
      const queue = new Queue(name, { connection, prefix: PREFIX, skipWaitingForReady: true });
      queue.on('error', (error) => log.debug({ queue: name, detail: error.message }, 'A queue reported an error.'));
      return queue;
    };
    this.#queues = Object.fromEntries(QUEUE_NAMES.map((name) => [name, open(name)])) as Record<QueueName, Queue>;
  }

  get names(): readonly QueueName[] {
    return QUEUE_NAMES;
  }

  /** The queue itself, for looking at its jobs. */
  get(name: QueueName): Queue {
    return this.#queues[name];
  }

  /** Wakes a worker for these turns' users. Rejects while Redis is away; the sweeper does it later. */
  async wake(turns: readonly QueuedTurn[]): Promise<void> {
    await this.#queues['chat-requests'].addBulk(turns.map(chatJob));
  }

  /** Publishes events; publishing one again does nothing while it waits. Rejects while Redis is away. */
  async publish(events: readonly OutboxEvent[]): Promise<void> {
    const byTopic = Map.groupBy(events, (event) => event.topic);
    for (const [topic, ofTopic] of byTopic) {
      const jobs = ofTopic.map((committed) => {
        const event = outboxCloudEvent(committed);
        return { name: event.type, data: event, opts: { jobId: event.id, ...KEEP_FAILED } };
      });
      await this.#queues[topic].addBulk(jobs);
    }
  }

  /** Asks for the user's summary after `quietMs` without another call for the user. */
  async summarise(userId: string, quietMs: number): Promise<void> {
    // Its hash: BullMQ keeps such ids in a log of events, where no erasure would find the user.
    const deduplication = { id: hash('sha256', userId), keepLastIfActive: true, reschedule: true };
    await this.#queues[SUMMARIES].add(
      SUMMARIES,
      { user_id: userId, traceparent: traceparent() },
      { delay: quietMs, deduplication, ...KEEP_FAILED },
    );
  }

  /** Posts a decision. Rejects while Redis is away. */
  async postDecision(userId: string, data: object): Promise<void> {
    const event = cloudEvent({ topic: 'review-decisions', id: newId(), userId, data, traceparent: traceparent() });
    await this.#queues['review-decisions'].add(event.type, event, { jobId: event.id, ...KEEP_FAILED });
  }

  /** Hands over what came from elsewhere as a decision, right or wrong: the consumer judges it, and keeps what is wrong.
   *  Once while a job of this id is there. Rejects while Redis is away. */
  async handOverDecision(jobId: string, payload: unknown): Promise<void> {
    await this.#queues['review-decisions'].add(TOPIC_TYPES['review-decisions'], payload, { jobId, ...KEEP_FAILED });
  }

  /** Takes back the event that asks for a person, where nobody took it: what is decided needs nobody, and without a
   *  consumer the topic would grow for ever. Rejects while Redis is away. */
  async withdrawReview(reviewId: string): Promise<void> {
    await this.#queues['human-review'].remove(reviewId);
  }

  /** Removes what waits, or is kept for having failed, of this user. Rejects while Redis is away. */
  async forgetUser(userId: string): Promise<void> {
    for (const queue of Object.values(this.#queues)) await removeJobsOf(queue, userId);
  }

  /** Jobs by topic, and there by state. Rejects while Redis is away. */
  async counts(): Promise<Readonly<Record<QueueName, JobCounts>>> {
    const ofAll = Object.entries(this.#queues).map(async ([topic, queue]) => {
      const { wait = 0, active = 0, delayed = 0, failed = 0 } = await queue.getJobCounts(...COUNTED_STATES);
      return [topic, { waiting: wait, active, delayed, failed }] as const;
    });
    return Object.fromEntries(await Promise.all(ofAll)) as Record<QueueName, JobCounts>;
  }

  /** The counts of every topic, with the age of its oldest waiting job. Rejects while Redis is unavailable. */
  async topicCounts(now: Date): Promise<TopicCounts[]> {
    const ages = this.names.map((topic) => this.#oldestWaitingS(topic, now));
    const [counts, ...oldest] = await Promise.all([this.counts(), ...ages]);
    return this.names.map((topic, at) => ({ topic, ...counts[topic], oldestWaitingS: oldest[at]! }));
  }

  async #oldestWaitingS(topic: QueueName, now: Date): Promise<number | null> {
    const [oldest] = (await this.get(topic).getJobs(['waiting'], 0, 0, true)) as (Job | undefined)[];
    return oldest ? Math.max(0, now.getTime() - oldest.timestamp) / 1_000 : null;
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#queues).map((queue) => queue.close()));
  }
}
