// The table of what this program consumes, a file each.
import { chatRequests } from './chat-requests.ts';
import type { Consumer } from './consumers.ts';
import { conversations } from './conversations.ts';
import type { TopicDeps } from './event-consumer.ts';
import { messages } from './messages.ts';
import { reviewDecisions } from './review-decisions.ts';
import { summaries } from './summaries.ts';

export const consumersOf = (deps: TopicDeps): Consumer[] => [
  chatRequests(deps),
  conversations(deps),
  summaries(deps),
  messages(deps),
  reviewDecisions(deps),
];
