// Topic `chat-requests`: a user has turns to run.
import { chatRequested } from '../turns/events.ts';
import type { Consumer } from './consumers.ts';
import { eventConsumer, type TopicDeps } from './event-consumer.ts';

/** The job only says whom to look at; which turn runs, the user's actor decides. */
export const chatRequests = (deps: TopicDeps): Consumer =>
  eventConsumer(deps, 'chat-requests', chatRequested, deps.concurrency, async ({ user_id: userId }) => {
    const next = await deps.runner.run(userId);
    // Behind the others now: one busy user starves nobody.
    if (next) await deps.queues.wake([{ ...next, userId }]);
  });
