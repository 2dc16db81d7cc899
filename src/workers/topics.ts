// The consumers of the worker: one function for each topic, and the table of all consumers.
import { z } from 'zod';
import { chatRequested, chatRequestedEvent, cloudEvent, conversationUpdated, messageSent } from '../domain/events.ts';
import { bareDecision, reviewDecided } from '../domain/decision-events.ts';
import { SUMMARIES } from '../domain/topics.ts';
import { summarise, type SummariseDeps } from '../memory/summarise.ts';
import type { DecideOutcome, ReviewDecisions } from '../reviews/review-decisions.ts';
import { countTurns } from '../store/analytics.ts';
import type { Database } from '../store/database.ts';
import type { UserRunner } from '../turns/user-runner.ts';
import { traceparent } from '../telemetry/tracing.ts';
import { InvalidEvent, type Consumer } from './consumers.ts';
import type { DueSummaries } from './due-summaries.ts';
import { eventConsumer, sharedJobConsumer, type EventDeps, type SharedJobDeps } from './event-consumer.ts';

interface ChatRequestDeps extends SharedJobDeps {
  readonly runner: Pick<UserRunner, 'start'>;
}

/** A worker without a free place gives the turns of a job back after this time: another one may have a place. */
const PATIENCE_MS = 1_000;

/** `chat-requests`: runs the turns of users. The worker uses the turn id only to skip turns that it knows; the user's
 *  actor decides which turn runs. A job ends when its runs have started. The sweeper wakes users whose run failed. */
const chatRequests = ({ runner, ...deps }: ChatRequestDeps): Consumer =>
  sharedJobConsumer(deps, { topic: 'chat-requests', shape: chatRequested, concurrency: 4 }, async (requests) => {
    const until = performance.now() + PATIENCE_MS;
    const waiting: z.infer<typeof chatRequested>[] = [];
    for (const request of requests) {
      const waitMs = until - performance.now();
      if (!(await runner.start(request.user_id, request.turn_id, waitMs))) waiting.push(request);
    }
    if (waiting.length === 0) return;
    await deps.queues.split(
      'chat-requests',
      waiting.map((request) => chatRequestedEvent(request.turn_id, request.user_id, traceparent())),
    );
  });

interface ConversationDeps extends SharedJobDeps {
  readonly database: Database;
  readonly summaries: Pick<DueSummaries, 'counted'>;
}

/** `conversations`: replies were delivered. Counts each turn once, and marks the summaries of their users as due.
 *  Concurrent jobs share a statement. */
const conversations = ({ database, summaries: due, ...deps }: ConversationDeps): Consumer =>
  sharedJobConsumer(deps, { topic: 'conversations', shape: conversationUpdated, concurrency: 64 }, async (events) => {
    const turnIds = events.map(({ turn_id: turnId }) => turnId);
    await countTurns(database, turnIds, traceparent());
    due.counted();
  });

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

/** `messages`: its events are for other services. What turnkeeper derives from a delivery is done with its event of
 *  `conversations`. Here events are only validated and removed. */
const messages = (deps: SharedJobDeps): Consumer =>
  sharedJobConsumer(deps, { topic: 'messages', shape: messageSent, concurrency: 16 }, async () => {});

/** No review or turn is known; an approval names no draft; the review takes other decisions, at all or now, or is about something
 *  else. */
const IGNORED: ReadonlySet<DecideOutcome> = new Set([
  'unknown',
  'ignored',
  'not_allowed',
  'changed',
  'drafting',
  'revision_limit',
]);

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
    if (!IGNORED.has(outcome)) return log.debug({ ids: addressed.ids, outcome }, 'A decision was processed.');
    metrics.eventsIgnored.inc({ topic: topic.topic });
    log.warn({ ids: addressed.ids, outcome }, 'A decision was ignored.');
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
  readonly messages: SharedJobDeps;
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
