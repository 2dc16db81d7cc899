// The overview for operators: the progress of turns, and failures.
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
    turns: z.object({
      queued: count,
      postponed: count.meta({ description: 'How many of the queued turns wait for a budget.' }),
      running: count,
      awaiting_review: count,
    }),
    oldest_waiting_s: seconds.meta({
      description: 'Age of the oldest queued turn that does not wait for a budget. Null: there is none.',
    }),
    queues_answer: z.boolean().meta({ description: 'False: Redis is unavailable, so `topics` is empty.' }),
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
      .meta({ description: 'Turns that became final in each of the last 48 hours, oldest hour first.' }),
    failures: z
      .array(z.object({ code: z.string(), count }))
      .meta({ description: 'Failed turns of the last 24 hours by error code, most frequent code first.' }),
    assistants: z
      .array(
        z.object({
          assistant: z.string(),
          model: z
            .string()
            .nullable()
            .meta({ description: 'Null: no model answered, because the turns failed or were cancelled before.' }),
          turns: count,
          failed: count,
          input_tokens: count,
          output_tokens: count,
        }),
      )
      .meta({
        description:
          'Turns that became final in the last 24 hours, by assistant and the model that answered, most tokens first, at most 50 rows.',
      }),
    takeovers: count.meta({
      description:
        'Expired claims that another worker took over, of turns that became final in the last 24 hours or are not final.',
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
          'Turns that became final in the last hour. `requests`: model attempts. `latency_*`: time from the claim to the commit, including retries, of replies without a review. Null: no such replies.',
      }),
    outbox: z.object({
      waiting: count,
      age_s: z.number().meta({ description: 'Age of the oldest event that is not published yet.' }),
    }),
  })
  .register(COMPONENTS, { id: 'Overview' });

const overviewJson = ({ rows, outbox, topics }: Overview): z.output<typeof overview> => ({
  turns: {
    queued: rows.turns.queued,
    postponed: rows.turns.postponed,
    running: rows.turns.running,
    awaiting_review: rows.turns.awaitingReview,
  },
  oldest_waiting_s: rows.oldestWaitingS,
  queues_answer: topics !== null,
  topics: (topics ?? []).map(({ oldestWaitingS, ...counts }) => ({ ...counts, oldest_waiting_s: oldestWaitingS })),
  by_hour: rows.byHour.map(({ hour, byStatus }) => ({
    hour: hour.toISOString(),
    by_status: Object.fromEntries(FINAL_STATUSES.map((status) => [status, byStatus[status] ?? 0])),
  })),
  failures: rows.failures.map(({ code, count: turns }) => ({ code, count: turns })),
  assistants: rows.assistants.map(({ inputTokens, outputTokens, ...counts }) => ({
    ...counts,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
  })),
  takeovers: rows.takeovers,
  model: {
    requests: rows.model.requests,
    errors: rows.model.errors,
    latency_p50_s: rows.model.latencyP50S,
    latency_p95_s: rows.model.latencyP95S,
    input_tokens: rows.model.inputTokens,
    output_tokens: rows.model.outputTokens,
  },
  outbox: { waiting: outbox.unpublished, age_s: outbox.ageS },
});

/** Operations for the overview. */
export const overviewOperations = (service: Services['overview']): Operation[] => [
  operation({
    id: 'getOverview',
    method: 'GET',
    path: '/admin/overview',
    tag: 'Operation',
    summary: 'Retrieve an overview of turns, topics and failures',
    description:
      'Covers the whole deployment: the numbers are read from the database and the queues, not from this process.',
    access: { resource: 'admin', owner: 'none' },
    answers: { 200: { description: 'The current overview.', schema: overview } },
    problems: ['database_unavailable'],
    handle: async () => json(overviewJson(await service.read())),
  }),
];
