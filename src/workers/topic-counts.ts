// How the topics stand.
import type { Job } from 'bullmq';
import type { Queues, QueueName } from './queues.ts';

export interface TopicCounts {
  readonly topic: QueueName;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** Null: nothing waits. */
  readonly oldestWaitingS: number | null;
}

async function countsOf(queues: Queues, topic: QueueName, now: Date): Promise<TopicCounts> {
  const queue = queues.get(topic);
  const [counts, [oldest]] = await Promise.all([
    queue.getJobCounts('waiting', 'active', 'delayed', 'failed'),
    queue.getJobs(['waiting'], 0, 0, true) as Promise<(Job | undefined)[]>,
  ]);
  return {
    topic,
    waiting: counts['waiting'] ?? 0,
    active: counts['active'] ?? 0,
    delayed: counts['delayed'] ?? 0,
    failed: counts['failed'] ?? 0,
    oldestWaitingS: oldest ? Math.max(0, now.getTime() - oldest.timestamp) / 1_000 : null,
  };
}

/** The counts of every topic. Rejects while Redis is away. */
export const topicCounts = (queues: Queues, now: Date): Promise<TopicCounts[]> =>
  Promise.all(queues.names.map((topic) => countsOf(queues, topic, now)));
