// Validates the events of a topic before its consumer handles them. A job has one event or an array of events. All topics
// with CloudEvents use it.
import type { z } from 'zod';
import { Unavailable } from '../domain/errors.ts';
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
  /** Jobs that one process handles at the same time. */
  readonly concurrency: number;
}

function ignore({ metrics, log }: EventDeps, topic: Topic): void {
  metrics.eventsIgnored.inc({ topic });
  log.warn({ topic }, 'An event with an invalid type or shape was ignored.');
}

/** Creates a consumer of events of one type and shape. Any other payload is counted, logged and kept as a dead
 *  letter. */
export function eventConsumer<T>(deps: EventDeps, topic: EventTopic<T>, handle: (data: T) => Promise<void>): Consumer {
  return {
    queue: topic.topic,
    concurrency: topic.concurrency,
    async handle(payload) {
      const data = dataOf(topic.topic, topic.shape, payload);
      if (data === null) {
        ignore(deps, topic.topic);
        throw new InvalidEvent(topic.topic);
      }
      await handle(data);
    },
  };
}

export interface SharedJobDeps extends EventDeps {
  readonly queues: {
    /** Adds each event again as its own job. */
    split(topic: Topic, events: readonly unknown[]): Promise<void>;
  };
}

/** Like `eventConsumer`, for jobs that may also have an array of events. If some of them are invalid, or if they cannot
 *  be handled together, these events become jobs of their own, so that each one is retried and kept as a dead letter by
 *  itself. */
export function sharedJobConsumer<T>(
  deps: SharedJobDeps,
  topic: EventTopic<T>,
  handleAll: (data: readonly T[]) => Promise<void>,
): Consumer {
  const single = eventConsumer(deps, topic, (data) => handleAll([data]));
  return {
    ...single,
    async handle(payload) {
      if (!Array.isArray(payload) || payload.length === 0) return single.handle(payload);
      const events = payload.map((event: unknown) => ({ event, data: dataOf(topic.topic, topic.shape, event) }));
      const again = events.filter(({ data }) => data === null);
      const valid = events.filter(({ data }) => data !== null);
      try {
        if (valid.length > 0) await handleAll(valid.map(({ data }) => data!));
      } catch (error) {
        // Not a fault of the events: the job waits as a whole.
        if (error instanceof Unavailable) throw error;
        const detail = { topic: topic.topic, events: valid.length, err: error as Error };
        deps.log.warn(detail, 'The events of a job could not be handled together. Each one is tried alone.');
        again.push(...valid);
      }
      if (again.length > 0) {
        await deps.queues.split(
          topic.topic,
          again.map(({ event }) => event),
        );
      }
    },
  };
}
