// The operators' one look: do turns flow, and what fails.
import { z } from 'zod';
import { FINAL_STATUSES } from '../../domain/turn.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS, instant } from '../schemas.ts';
import type { Overview } from '../../domain/statistics.ts';
import type { Services } from '../services.ts';

const count = z.int();
const seconds = z.number().nullable();

const overview = z
  .object({
    turns: z.object({ queued: count, running: count, awaiting_review: count }),
    oldest_waiting_s: seconds.meta({ description: 'Null: no turn waits.' }),
    queues_answer: z.boolean().meta({ description: 'False: Redis is away, and `topics` is empty for that reason.' }),
    topics: z.array(
      z.object({
        topic: z.string(),
        waiting: count,
        active: count,
        delayed: count,
        failed: count.meta({ description: 'Dead letters.' }),
        oldest_waiting_s: seconds,
      }),
    ),
    by_hour: z
      .array(z.object({ hour: instant, by_status: z.record(z.string(), count) }))
      .meta({ description: 'Turns that ended in each of the last 48 hours, oldest first.' }),
    failures: z
      .array(z.object({ code: z.string(), count }))
      .meta({ description: 'Failed turns of the last 24 hours by code, the most frequent first.' }),
    takeovers: count.meta({
      description: 'Claims that lapsed and were taken over, of turns that ended within 24 hours or have not ended.',
    }),
    model: z
      .object({
        requests: count,
        errors: count,
        latency_p50_s: seconds,
        latency_p95_s: seconds,
        input_tokens: count,
        output_tokens: count,
      })
      .meta({
        description:
          'Of turns that ended within the last hour. Requests: attempts at replies. Latency: from the claim to the commit, repeated attempts included, of replies that nobody had to review; null: there were none.',
      }),
    outbox: z.object({
      waiting: count,
      age_s: z.number().meta({ description: 'Of the oldest event that is not published yet.' }),
    }),
  })
  .register(COMPONENTS, { id: 'Overview' });

const overviewJson = ({ rows, outbox, topics }: Overview): z.output<typeof overview> => ({
  turns: { queued: rows.turns.queued, running: rows.turns.running, awaiting_review: rows.turns.awaitingReview },
  oldest_waiting_s: rows.oldestWaitingS,
  queues_answer: topics !== null,
  topics: (topics ?? []).map(({ oldestWaitingS, ...counts }) => ({ ...counts, oldest_waiting_s: oldestWaitingS })),
  by_hour: rows.byHour.map(({ hour, byStatus }) => ({
    hour: hour.toISOString(),
    by_status: Object.fromEntries(FINAL_STATUSES.map((status) => [status, byStatus[status] ?? 0])),
  })),
  failures: rows.failures.map(({ code, count: turns }) => ({ code, count: turns })),
  takeovers: rows.takeovers,
  model: {
    requests: rows.model.requests,
    errors: rows.model.errors,
    latency_p50_s: rows.model.latencyP50S,
    latency_p95_s: rows.model.latencyP95S,
    input_tokens: rows.model.inputTokens,
    output_tokens: rows.model.outputTokens,
  },
  outbox: { waiting: outbox.waiting, age_s: outbox.ageS },
});

/** What operators look at. */
export const overviewOperations = (service: Services['overview']): Operation[] => [
  operation({
    id: 'getOverview',
    method: 'GET',
    path: '/admin/overview',
    tag: 'Operation',
    summary: 'See whether turns flow, and what fails',
    description: 'Of the whole deployment: counted from the rows and the queues, not from this process.',
    access: { thing: 'admin', owner: 'nobody' },
    answers: { 200: { description: 'As it is now.', schema: overview } },
    problems: ['database_unavailable'],
    handle: async () => json(overviewJson(await service.read())),
  }),
];
