// Owns the BullMQ queues of all topics: adds, removes and counts jobs.
import { hash } from 'node:crypto';
import { Queue, type Job } from 'bullmq';
import { newId } from '../domain/ids.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { Log } from '../telemetry/log.ts';
import type { Claim } from '../store/held-claims.ts';
import { traceparent } from '../telemetry/tracing.ts';
import {
  chatRequestedEvent,
  cloudEvent,
  outboxCloudEvent,
  type CloudEvent,
  type OutboxEvent,
} from '../domain/events.ts';
import type { DueSummary } from '../store/due-summaries.ts';
import {
  QUEUE_NAMES,
  SUMMARIES,
  TOPIC_TYPES,
  type JobCounts,
  type QueueName,
  type Topic,
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
  /** Position in the trace of the turn; null: the turn is not traced. */
  readonly traceparent: string | null;
}

/** The id of a job with these parts: the part itself, or a hash of several. Only the same group has the same id. */
const jobIdOf = (ids: readonly string[]): string => (ids.length === 1 ? ids[0]! : hash('sha256', ids.join(' ')));

const textLengthOf = ({ data }: OutboxEvent): number =>
  Object.values(data).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

/** Maximum of events in one job. Adding, taking and removing a job costs as much as processing many events. */
export const EVENTS_PER_JOB = 128;
/** Fewer for turns that wait for a worker: those of one job wait for the same one. */
const TURNS_PER_JOB = 16;
/** A job ends when it has this many UTF-16 units of text, however few events it has. */
const TEXT_PER_JOB = 100_000;

/** Groups of at most `most` items that share a job. An item of a trace gets its own job, because a job continues one
 *  trace. */
function groupsOf<T extends { readonly traceparent: string | null }>(
  all: readonly T[],
  most: number,
  textOf: (item: T) => number = () => 0,
): T[][] {
  const groups: T[][] = [];
  let open: T[] = [];
  let text = 0;
  for (const item of all) {
    if (item.traceparent !== null) {
      groups.push([item]);
      continue;
    }
    if (open.length === 0) groups.push(open);
    open.push(item);
    text += textOf(item);
    if (open.length < most && text < TEXT_PER_JOB) continue;
    open = [];
    text = 0;
  }
  return groups;
}

/** The data of a job: one event, or an array of several. */
const dataOf = (events: readonly CloudEvent[]): CloudEvent | readonly CloudEvent[] =>
  events.length === 1 ? events[0]! : events;

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

  /** Adds jobs of at most `most` turns that wake a worker for their users. Rejects while Redis is unavailable; the
   *  sweeper adds the jobs later. */
  async wake(turns: readonly QueuedTurn[], most = TURNS_PER_JOB): Promise<void> {
    await this.#queues['chat-requests'].addBulk(
      groupsOf(turns, most).map((group) => ({
        name: TOPIC_TYPES['chat-requests'],
        data: dataOf(group.map((turn) => chatRequestedEvent(turn.turnId, turn.userId, turn.traceparent))),
        // Contains the epoch, because a remaining job of a dead worker would block another job with the same id.
        opts: { jobId: jobIdOf(group.map(({ turnId, epoch }) => `${turnId}-${epoch}`)), ...REMOVE_ALL },
      })),
    );
  }

  /** Publishes events. A job that still exists is not added again. Rejects while Redis is unavailable. */
  async publish(events: readonly OutboxEvent[]): Promise<void> {
    for (const [topic, ofTopic] of Map.groupBy(events, (event) => event.topic)) {
      const groups = groupsOf(ofTopic, topic === 'human-review' ? 1 : EVENTS_PER_JOB, textLengthOf);
      const jobs = groups.map((group) => ({
        name: TOPIC_TYPES[topic],
        data: dataOf(group.map(outboxCloudEvent)),
        opts: { jobId: jobIdOf(group.map(({ eventId }) => eventId)), ...KEEP_FAILED },
      }));
      await this.#queues[topic].addBulk(jobs);
    }
  }

  /** Adds each event of a job again as its own job. Does nothing for an event whose job exists. Rejects while Redis is
   *  unavailable. */
  async split(topic: Topic, events: readonly unknown[]): Promise<void> {
    await this.#queues[topic].addBulk(
      events.map((event) => ({
        name: TOPIC_TYPES[topic],
        data: event,
        opts: { jobId: `single-${hash('sha256', JSON.stringify(event))}`, ...KEEP_FAILED },
      })),
    );
  }

  /** Adds the jobs of summaries that are due. A job that still exists is not added again. Rejects while Redis is
   *  unavailable. */
  async summarise(due: readonly DueSummary[]): Promise<void> {
    await this.#queues[SUMMARIES].addBulk(
      due.map(({ userId, mark, traceparent }) => ({
        name: SUMMARIES,
        data: { user_id: userId, traceparent },
        // A hash, because BullMQ writes job ids to its event log, from which an erasure cannot remove them.
        opts: { jobId: `${hash('sha256', userId)}-${mark}`, ...KEEP_FAILED },
      })),
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
