// Dead letters: list, replay and delete events that failed for good.
import { z } from 'zod';
import { deadLetterCursor, page } from '../cursor.ts';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS, instant, limit, pageOf, storableText } from '../schemas.ts';
import { QUEUE_NAMES, type DeadLetter, type QueueName } from '../../domain/topics.ts';
import type { DeadLetterService } from '../services.ts';

const letter = z
  .object({
    topic: z.string(),
    job_id: z.string(),
    user_id: z.string().nullable().meta({ description: 'The user of the event, if the payload contains one.' }),
    failed_at: instant,
    attempts: z.int(),
    reason: z.string(),
    data: z.unknown().meta({ description: 'The payload of the event.' }),
  })
  .register(COMPONENTS, { id: 'DeadLetter' });
const replayed = z.object({ topic: z.string(), job_id: z.string() }).register(COMPONENTS, { id: 'ReplayedLetter' });
const letters = pageOf(letter).register(COMPONENTS, { id: 'DeadLetterPage' });

const letterJson = ({ topic, jobId, userId, failedAt, attempts, reason, data }: DeadLetter) => ({
  topic,
  job_id: jobId,
  user_id: userId,
  failed_at: failedAt.toISOString(),
  attempts,
  reason,
  data,
});

const notFound = () => new Problem('dead_letter_not_found', 'No dead letter of this topic has this id.');

const ofDeadLetter = {
  tag: 'Operation',
  access: { resource: 'admin', owner: 'none' },
  params: z.strictObject({ topic: storableText(1, 200), job_id: storableText(1, 500) }),
} as const;

function topicOf(name: string): QueueName {
  const topic = QUEUE_NAMES.find((known) => known === name);
  if (topic === undefined) throw notFound();
  return topic;
}

/** Operations that list, replay and delete dead letters. */
export const deadLetterOperations = (service: DeadLetterService): Operation[] => [
  operation({
    id: 'listDeadLetters',
    method: 'GET',
    path: '/admin/dead-letters',
    tag: 'Operation',
    summary: 'List dead letters, newest first',
    description: 'Dead letters are events that failed for good. Each topic keeps the last 1,000.',
    access: ofDeadLetter.access,
    query: z.strictObject({
      topic: z.enum(QUEUE_NAMES).optional(),
      limit,
      cursor: deadLetterCursor.schema.optional(),
    }),
    answers: { 200: { description: 'A page of dead letters.', schema: letters } },
    problems: ['queues_unavailable'],
    async handle({ query }) {
      const rows = await service.list(query.topic, query.cursor, query.limit + 1);
      const { items, next } = page(rows, query.limit, (last) => deadLetterCursor.write(last));
      return json({ items: items.map(letterJson), next_cursor: next });
    },
  }),
  operation({
    ...ofDeadLetter,
    id: 'replayDeadLetter',
    method: 'POST',
    path: '/admin/dead-letters/{topic}/{job_id}/replay',
    summary: 'Replay a dead letter',
    description:
      'Adds the event to its topic again with the full number of attempts. If it fails again, it becomes a dead letter again.',
    answers: { 202: { description: 'The event is queued in its topic.', schema: replayed } },
    problems: ['dead_letter_not_found', 'queues_unavailable'],
    async handle({ path }) {
      if (!(await service.replay(topicOf(path.topic), path.job_id))) throw notFound();
      return json({ topic: path.topic, job_id: path.job_id }, 202);
    },
  }),
  operation({
    ...ofDeadLetter,
    id: 'deleteDeadLetter',
    method: 'DELETE',
    path: '/admin/dead-letters/{topic}/{job_id}',
    summary: 'Delete a dead letter',
    answers: { 204: { description: 'The dead letter is deleted.' } },
    problems: ['dead_letter_not_found', 'queues_unavailable'],
    async handle({ path }) {
      if (!(await service.remove(topicOf(path.topic), path.job_id))) throw notFound();
      return { status: 204 };
    },
  }),
];
