// Owns the BullMQ queues of all topics: adds, removes and counts jobs.
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

/** For jobs of turns. They are removed when they complete or fail: the row is the source of truth, and a remaining job
 *  id would prevent the sweeper from adding the job again. */
const REMOVE_ALL = { removeOnComplete: true, removeOnFail: true };
/** For events. They are retried, and failed ones are kept as dead letters. */
const KEEP_FAILED = {
  removeOnComplete: true,
  removeOnFail: { count: 1_000 },
  attempts: 8,
  backoff: { type: 'exponential', delay: 500 },
};

/** BullMQ's names. Redis returns each count without reading the jobs. */
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
  // Contains the epoch, because a remaining job of a dead worker would block another job with the same id.
  opts: { jobId: `${turnId}-${epoch}`, ...REMOVE_ALL },
});

export class Queues {
  readonly #queues: Record<QueueName, Queue>;

  /** `connection` should have been opened as `fail-fast`: an accepted turn must not wait for Redis. */
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

  /** The BullMQ queue, for reading its jobs. */
  get(name: QueueName): Queue {
    return this.#queues[name];
  }

  /** Adds jobs that wake a worker for the users of these turns. Rejects while Redis is unavailable; the sweeper adds
   *  the jobs later. */
  async wake(turns: readonly QueuedTurn[]): Promise<void> {
    await this.#queues['chat-requests'].addBulk(turns.map(chatJob));
  }

  /** Publishes events. An event whose job still exists is not added again. Rejects while Redis is unavailable. */
  async publish(events: readonly OutboxEvent[]): Promise<void> {
    const byTopic = Map.groupBy(events, (event) => event.topic);
    for (const [topic, ofTopic] of byTopic) {
      const jobs = ofTopic.map((outboxEvent) => {
        const event = outboxCloudEvent(outboxEvent);
        return { name: event.type, data: event, opts: { jobId: event.id, ...KEEP_FAILED } };
      });
      await this.#queues[topic].addBulk(jobs);
    }
  }

  /** Requests a new summary of the user after `quietMs` milliseconds without another call for the user. */
  async summarise(userId: string, quietMs: number): Promise<void> {
    // A hash, because BullMQ writes deduplication ids to its event log, from which an erasure cannot remove them.
    const deduplication = { id: hash('sha256', userId), keepLastIfActive: true, reschedule: true };
    await this.#queues[SUMMARIES].add(
      SUMMARIES,
      { user_id: userId, traceparent: traceparent() },
      { delay: quietMs, deduplication, ...KEEP_FAILED },
    );
  }

  /** Posts a decision to the topic. Rejects while Redis is unavailable. */
  async postDecision(userId: string, data: object): Promise<void> {
    const event = cloudEvent({ topic: 'review-decisions', id: newId(), userId, data, traceparent: traceparent() });
    await this.#queues['review-decisions'].add(event.type, event, { jobId: event.id, ...KEEP_FAILED });
  }

  /** Adds a message from pub/sub to the topic, valid or not: the consumer validates it. Does nothing while a job with
   *  this id exists. Rejects while Redis is unavailable. */
  async addReceivedDecision(jobId: string, payload: unknown): Promise<void> {
    await this.#queues['review-decisions'].add(TOPIC_TYPES['review-decisions'], payload, { jobId, ...KEEP_FAILED });
  }

  /** Removes the event that requested a review from its topic, if no consumer has received it: the review is decided,
   *  and without a consumer the topic would grow without limit. Rejects while Redis is unavailable. */
  async withdrawReview(reviewId: string): Promise<void> {
    await this.#queues['human-review'].remove(reviewId);
  }

  /** Removes the waiting and failed jobs of this user from all topics. Rejects while Redis is unavailable. */
  async forgetUser(userId: string): Promise<void> {
    for (const queue of Object.values(this.#queues)) await removeJobsOf(queue, userId);
  }

  /** Counts of jobs by topic and state. Rejects while Redis is unavailable. */
  async counts(): Promise<Readonly<Record<QueueName, JobCounts>>> {
    const ofAll = Object.entries(this.#queues).map(async ([topic, queue]) => {
      const { wait = 0, active = 0, delayed = 0, failed = 0 } = await queue.getJobCounts(...COUNTED_STATES);
      return [topic, { waiting: wait, active, delayed, failed }] as const;
    });
    return Object.fromEntries(await Promise.all(ofAll)) as Record<QueueName, JobCounts>;
  }

  /** Counts of jobs for every topic, with the age of its oldest waiting job. Rejects while Redis is unavailable. */
  async topicCounts(now: Date): Promise<TopicCounts[]> {
    const ages = this.names.map((topic) => this.#oldestWaitingS(topic, now));
    const [counts, ...oldest] = await Promise.all([this.counts(), ...ages]);
    return this.names.map((topic, index) => ({ topic, ...counts[topic], oldestWaitingS: oldest[index]! }));
  }

  async #oldestWaitingS(topic: QueueName, now: Date): Promise<number | null> {
    const [oldest] = (await this.get(topic).getJobs(['waiting'], 0, 0, true)) as (Job | undefined)[];
    return oldest ? Math.max(0, now.getTime() - oldest.timestamp) / 1_000 : null;
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.#queues).map((queue) => queue.close()));
  }
}
