// Topic `review-decisions`: somebody decided, over HTTP or straight on the topic, in an event or as the tutorial does.
import { bareDecision, reviewDecided } from '../reviews/events.ts';
import { cloudEvent } from '../turns/events.ts';
import type { Consumer } from './consumers.ts';
import { eventConsumer, type TopicDeps } from './event-consumer.ts';

const CONCURRENCY = 16;
const TOPIC = 'review-decisions';

export function reviewDecisions(deps: TopicDeps): Consumer {
  const { desk, metrics, log } = deps;
  const consumer = eventConsumer(deps, TOPIC, reviewDecided, CONCURRENCY, async (addressed) => {
    const outcome = await desk.decide(addressed);
    if (outcome !== 'unknown') return log.debug({ ids: addressed.ids, outcome }, 'A decision was taken in.');
    metrics.eventsIgnored.inc({ topic: TOPIC });
    log.warn({ ids: addressed.ids }, 'A decision about no review and no turn was ignored.');
  });
  const handle = (payload: unknown) =>
    consumer.handle(bareDecision(payload) ? cloudEvent(TOPIC, 'bare', 'unknown', payload as object) : payload);
  return { ...consumer, handle };
}
