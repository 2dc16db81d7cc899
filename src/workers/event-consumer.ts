// What every consumer of a topic has in common.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Model } from '../model/model.ts';
import type { Database } from '../store/database.ts';
import { dataOf, type Topic } from '../turns/events.ts';
import type { ReviewDesk } from '../reviews/review-desk.ts';
import type { UserRunner } from '../turns/user-runner.ts';
import type { z } from 'zod';
import { Ignored, type Consumer } from './consumers.ts';
import type { Queues } from './queues.ts';

export interface TopicDeps {
  readonly runner: UserRunner;
  readonly desk: ReviewDesk;
  readonly queues: Queues;
  readonly database: Database;
  readonly actors: ActorRuntime;
  readonly model: Model;
  readonly modelAttempts: number;
  readonly concurrency: number;
  readonly debounceMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A consumer of events of one shape; any other payload is counted, logged and kept, never repeated. */
export function eventConsumer<T>(
  { metrics, log }: Pick<TopicDeps, 'metrics' | 'log'>,
  topic: Topic,
  shape: z.ZodType<T>,
  concurrency: number,
  handle: (data: T) => Promise<void>,
): Consumer {
  return {
    queue: topic,
    concurrency,
    async handle(payload) {
      const data = dataOf(topic, shape, payload);
      if (data === null) {
        metrics.eventsIgnored.inc({ topic });
        log.warn({ topic }, 'An event of a wrong type or shape was ignored.');
        throw new Ignored(topic);
      }
      await handle(data);
    },
  };
}
