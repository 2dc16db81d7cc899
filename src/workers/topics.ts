// The consumers of the worker: one function for each topic, and the table of all consumers.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { chatRequested, cloudEvent, conversationUpdated, messageSent } from '../domain/events.ts';
import { bareDecision, reviewDecided } from '../domain/decision-events.ts';
import { SUMMARIES } from '../domain/topics.ts';
import { summarise, type SummariseDeps } from '../memory/summarise.ts';
import type { ReviewDecisions } from '../reviews/review-decisions.ts';
import { countTurns } from '../store/analytics.ts';
import type { Database } from '../store/database.ts';
import type { UserRunner } from '../turns/user-runner.ts';
import { InvalidEvent, type Consumer } from './consumers.ts';
import { eventConsumer, type EventDeps } from './event-consumer.ts';
import type { Queues } from './queues.ts';

interface ChatRequestDeps extends EventDeps {
  readonly runner: Pick<UserRunner, 'run'>;
  readonly queues: Pick<Queues, 'wake'>;
  readonly concurrency: number;
}

/** `chat-requests`: runs the turns of a user. The worker uses only the user id; the user's actor decides which turn
 *  runs. */
const chatRequests = ({ runner, queues, concurrency, ...deps }: ChatRequestDeps): Consumer =>
  eventConsumer(deps, { topic: 'chat-requests', shape: chatRequested, concurrency }, async ({ user_id: userId }) => {
    const next = await runner.run(userId);
    // The new job goes behind the jobs of other users, so that one busy user does not delay them.
    if (next) await queues.wake([{ ...next, userId }]);
  });

interface ConversationDeps extends EventDeps {
  readonly queues: Pick<Queues, 'summarise'>;
  readonly debounceMs: number;
}

/** `conversations`: a reply was delivered. Requests a new summary, which runs when the user has been quiet for a
 *  while. */
const conversations = ({ queues, debounceMs, ...deps }: ConversationDeps): Consumer =>
  eventConsumer(deps, { topic: 'conversations', shape: conversationUpdated, concurrency: 64 }, ({ user_id: userId }) =>
    queues.summarise(userId, debounceMs),
  );

const summaryJob = z.object({ user_id: z.string() });

/** `summaries` (internal): renews one user's summary. Not urgent: the concurrency is low, so that replies come
 *  first. */
const summaries = (deps: SummariseDeps): Consumer => ({
  queue: SUMMARIES,
  concurrency: 16,
  async handle(payload) {
    const job = summaryJob.safeParse(payload);
    if (!job.success) throw new InvalidEvent(SUMMARIES);
    await summarise(deps, job.data.user_id);
  },
});

/** Time for which events are collected for one statement. */
const GATHER_MS = 20;

interface MessageDeps extends EventDeps {
  readonly database: Database;
}

/** `messages`: counts each delivered turn once. Events that arrive within GATHER_MS share one statement. */
function messages({ database, ...deps }: MessageDeps): Consumer {
  let batch: { readonly turnIds: string[]; readonly counted: Promise<void> } | null = null;
  const count = async (turnIds: string[]): Promise<void> => {
    await sleep(GATHER_MS);
    batch = null;
    await countTurns(database, turnIds);
  };
  const topic = { topic: 'messages', shape: messageSent, concurrency: 256 } as const;
  return eventConsumer(deps, topic, async ({ turn_id: turnId }) => {
    if (!batch) {
      const turnIds: string[] = [];
      batch = { turnIds, counted: count(turnIds) };
    }
    batch.turnIds.push(turnId);
    await batch.counted;
  });
}

interface DecisionDeps extends EventDeps {
  readonly decisions: Pick<ReviewDecisions, 'decide'>;
}

/** `review-decisions`: applies a decision that was made over HTTP or posted to the topic, as an event or as bare
 *  data. */
function reviewDecisions({ decisions, ...deps }: DecisionDeps): Consumer {
  const { metrics, log } = deps;
  const topic = { topic: 'review-decisions', shape: reviewDecided, concurrency: 16 } as const;
  const consumer = eventConsumer(deps, topic, async (addressed) => {
    const outcome = await decisions.decide(addressed);
    if (outcome !== 'unknown') return log.debug({ ids: addressed.ids, outcome }, 'A decision was processed.');
    metrics.eventsIgnored.inc({ topic: topic.topic });
    log.warn({ ids: addressed.ids }, 'A decision about an unknown review or turn was ignored.');
  });
  const asEvent = (payload: object) => cloudEvent({ topic: topic.topic, id: 'bare', userId: 'unknown', data: payload });
  return {
    ...consumer,
    handle: (payload) => consumer.handle(bareDecision(payload) ? asEvent(payload as object) : payload),
  };
}

export interface TopicDeps {
  readonly chatRequests: ChatRequestDeps;
  readonly conversations: ConversationDeps;
  readonly summaries: SummariseDeps;
  readonly messages: MessageDeps;
  readonly reviewDecisions: DecisionDeps;
}

/** The table of consumers. */
export const consumersOf = (deps: TopicDeps): Consumer[] => [
  chatRequests(deps.chatRequests),
  conversations(deps.conversations),
  summaries(deps.summaries),
  messages(deps.messages),
  reviewDecisions(deps.reviewDecisions),
];
