// Dead letters: looking at what failed for good, trying it again, deleting it.
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
    user_id: z.string().nullable().meta({ description: 'Whom it concerns, where its payload tells.' }),
    failed_at: instant,
    attempts: z.int(),
    reason: z.string(),
    data: z.unknown().meta({ description: 'The payload: an event as its topic carries it.' }),
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

const letterThing = {
  tag: 'Operation',
  access: { thing: 'admin', owner: 'nobody' },
  params: z.strictObject({ topic: storableText(1, 200), job_id: storableText(1, 500) }),
} as const;

function topicOf(name: string): QueueName {
  const topic = QUEUE_NAMES.find((known) => known === name);
  if (topic === undefined) throw notFound();
  return topic;
}

/** Listing, replaying and deleting dead letters. */
export const deadLetterOperations = (service: DeadLetterService): Operation[] => [
  operation({
    id: 'listDeadLetters',
    method: 'GET',
    path: '/admin/dead-letters',
    tag: 'Operation',
    summary: 'List events that failed for good, newest first',
    description: 'A topic keeps its last thousand.',
    access: letterThing.access,
    query: z.strictObject({
      topic: z.enum(QUEUE_NAMES).optional(),
      limit,
      cursor: deadLetterCursor.schema.optional(),
    }),
    answers: { 200: { description: 'One page.', schema: letters } },
    problems: ['queues_unavailable'],
    async handle({ query }) {
      const rows = await service.list(query.topic, query.cursor, query.limit + 1);
      const { items, next } = page(rows, query.limit, (last) => deadLetterCursor.write(last));
      return json({ items: items.map(letterJson), next_cursor: next });
    },
  }),
  operation({
    ...letterThing,
    id: 'replayDeadLetter',
    method: 'POST',
    path: '/admin/dead-letters/{topic}/{job_id}/replay',
    summary: 'Try a dead letter again',
    description: 'It goes back to its topic with all its attempts. What fails again comes back.',
    answers: { 202: { description: 'It waits in its topic.', schema: replayed } },
    problems: ['dead_letter_not_found', 'queues_unavailable'],
    async handle({ path }) {
      if (!(await service.replay(topicOf(path.topic), path.job_id))) throw notFound();
      return json({ topic: path.topic, job_id: path.job_id }, 202);
    },
  }),
  operation({
    ...letterThing,
    id: 'deleteDeadLetter',
    method: 'DELETE',
    path: '/admin/dead-letters/{topic}/{job_id}',
    summary: 'Delete a dead letter',
    answers: { 204: { description: 'It is gone for good.' } },
    problems: ['dead_letter_not_found', 'queues_unavailable'],
    async handle({ path }) {
      if (!(await service.remove(topicOf(path.topic), path.job_id))) throw notFound();
      return { status: 204 };
    },
  }),
];
