// Topic `conversations`: something was delivered to a user, so the summary is due once the user is quiet.
import { conversationUpdated } from '../turns/events.ts';
import type { Consumer } from './consumers.ts';
import { eventConsumer, type TopicDeps } from './event-consumer.ts';

const CONCURRENCY = 64;

export const conversations = (deps: TopicDeps): Consumer =>
  eventConsumer(deps, 'conversations', conversationUpdated, CONCURRENCY, ({ user_id: userId }) =>
    deps.queues.summarise(userId, deps.debounceMs),
  );
