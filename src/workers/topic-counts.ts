// How the topics stand.
import type { Job } from 'bullmq';
import type { JobCounts, QueueName, Queues } from './queues.ts';

export interface TopicCounts extends JobCounts {
  readonly topic: QueueName;
  /** Null: nothing waits. */
  readonly oldestWaitingS: number | null;
}

async function oldestWaitingS(queues: Queues, topic: QueueName, now: Date): Promise<number | null> {
  const [oldest] = (await queues.get(topic).getJobs(['waiting'], 0, 0, true)) as (Job | undefined)[];
  return oldest ? Math.max(0, now.getTime() - oldest.timestamp) / 1_000 : null;
}

/** The counts of every topic. Rejects while Redis is away. */
export async function topicCounts(queues: Queues, now: Date): Promise<TopicCounts[]> {
  const ages = queues.names.map((topic) => oldestWaitingS(queues, topic, now));
  const [counts, ...oldest] = await Promise.all([queues.counts(), ...ages]);
  return queues.names.map((topic, at) => ({ topic, ...counts[topic], oldestWaitingS: oldest[at]! }));
}
