// Validates the events of a topic before its consumer handles them. All topics with CloudEvents use it.
import type { z } from 'zod';
import { dataOf } from '../domain/events.ts';
import type { Topic } from '../domain/topics.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { InvalidEvent, type Consumer } from './consumers.ts';

export interface EventDeps {
  readonly metrics: Pick<Metrics, 'eventsIgnored'>;
  readonly log: Log;
}

interface EventTopic<T> {
  readonly topic: Topic;
  readonly shape: z.ZodType<T>;
  /** Events that one process handles at the same time. */
  readonly concurrency: number;
}

/** Creates a consumer of events of one type and shape. Any other payload is counted, logged and kept as a dead
 *  letter. */
export function eventConsumer<T>(
  { metrics, log }: EventDeps,
  { topic, shape, concurrency }: EventTopic<T>,
  handle: (data: T) => Promise<void>,
): Consumer {
  return {
    queue: topic,
    concurrency,
    async handle(payload) {
      const data = dataOf(topic, shape, payload);
      if (data === null) {
        metrics.eventsIgnored.inc({ topic });
        log.warn({ topic }, 'An event with an invalid type or shape was ignored.');
        throw new InvalidEvent(topic);
      }
      await handle(data);
    },
  };
}
