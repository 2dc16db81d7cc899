// Memory: what is remembered of a user.
import { z } from 'zod';
import type { MemoryHistory, MemoryPatch, MemoryRecord } from '../../domain/memory.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS, instant, storableText, userId } from '../schemas.ts';
import type { MemoryService } from '../services.ts';

const fields = {
  name: storableText(1, 200).meta({ examples: ['Alice'] }),
  preferred_style: storableText(1, 200).meta({ examples: ['casual'] }),
  user_summary: storableText(0, 4000).meta({ examples: ['Alice is a new user.'] }),
};
const favouriteTopics = z.array(storableText(1, 100)).max(50);

const initializeMemory = z
  .strictObject({ ...fields, favourite_topics: favouriteTopics.optional() })
  .register(COMPONENTS, { id: 'InitializeMemory' });

const patchMemory = z
  .strictObject({ ...fields, favourite_topics: favouriteTopics })
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    error: 'must have at least one field',
  })
  .meta({ minProperties: 1 })
  .register(COMPONENTS, { id: 'PatchMemory' });

const profile = z
  .object({
    name: z.string(),
    preferred_style: z.string(),
    user_summary: z.string(),
    favourite_topics: z.array(z.string()),
  })
  .register(COMPONENTS, { id: 'Profile' });
const memory = profile
  .extend({
    version: z.int().meta({ description: 'Grows with every change; 0: nothing is known.' }),
    through_seq: z.int().meta({ description: 'The summary covers the user’s turns up to this seq.' }),
  })
  .register(COMPONENTS, { id: 'Memory' });
const initialized = z
  .object({ status: z.literal('success'), user_id: z.string(), metadata: profile })
  .register(COMPONENTS, { id: 'MemoryInitialized' });
const history = z
  .object({
    items: z.array(
      z.object({
        version: z.int(),
        user_summary: z.string(),
        through_seq: z.int(),
        turn_ids: z.array(z.string()),
        replaced_at: instant,
      }),
    ),
    turn_ids: z.array(z.string()).meta({ description: 'The turns that the present summary was made from.' }),
  })
  .register(COMPONENTS, { id: 'MemoryHistory' });

/** Only fields that were sent: an absent field must not overwrite. */
function patchOf(body: z.output<typeof patchMemory>): MemoryPatch {
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.preferred_style !== undefined && { preferredStyle: body.preferred_style }),
    ...(body.user_summary !== undefined && { summary: body.user_summary }),
    ...(body.favourite_topics !== undefined && { favouriteTopics: body.favourite_topics }),
  };
}

const profileJson = (record: MemoryRecord): z.output<typeof profile> => ({
  name: record.name,
  preferred_style: record.preferredStyle,
  user_summary: record.summary,
  favourite_topics: [...record.favouriteTopics],
});

/** What is remembered. */
export const memoryJson = (record: MemoryRecord): z.output<typeof memory> => ({
  ...profileJson(record),
  version: record.version,
  through_seq: record.throughSeq,
});

/** Earlier summaries. */
export const historyJson = ({ past, turnIds }: MemoryHistory): z.output<typeof history> => ({
  items: past.map((entry) => ({
    version: entry.version,
    user_summary: entry.summary,
    through_seq: entry.throughSeq,
    turn_ids: [...entry.turnIds],
    replaced_at: entry.replacedAt,
  })),
  turn_ids: [...turnIds],
});

const ofUser = {
  tag: 'Memories',
  access: { thing: 'memories', owner: 'path' },
  params: z.strictObject({ user_id: userId }),
  problems: ['user_not_found', 'actors_unavailable', 'database_unavailable'],
} as const;

/** Reading and changing memory. */
export const memoryOperations = (memories: MemoryService): Operation[] => [
  operation({
    ...ofUser,
    id: 'initializeMemory',
    method: 'POST',
    path: '/memories/{user_id}/initialize',
    summary: 'Set what is known of a user',
    body: initializeMemory,
    example: { name: 'Alice', preferred_style: 'casual', user_summary: 'Alice is a new user.' },
    answers: { 200: { description: 'It is remembered.', schema: initialized } },
    async handle({ path, body }) {
      const record = await memories.patch(path.user_id, patchOf(body));
      return json({ status: 'success', user_id: path.user_id, metadata: profileJson(record) });
    },
  }),
  operation({
    ...ofUser,
    id: 'getMemory',
    method: 'GET',
    path: '/memories/{user_id}',
    summary: 'Read what is known of a user',
    description:
      'Of a user nobody has heard of: the name is the id, the style `casual`, the summary `<id> is a new user.`',
    answers: { 200: { description: 'What is known.', schema: memory } },
    handle: async ({ path }) => json(memoryJson(await memories.read(path.user_id))),
  }),
  operation({
    ...ofUser,
    id: 'patchMemory',
    method: 'PATCH',
    path: '/memories/{user_id}',
    summary: 'Change some of what is known',
    body: patchMemory,
    example: { preferred_style: 'formal' },
    answers: { 200: { description: 'What is known now.', schema: memory } },
    handle: async ({ path, body }) => json(memoryJson(await memories.patch(path.user_id, patchOf(body)))),
  }),
  operation({
    ...ofUser,
    id: 'getMemoryHistory',
    method: 'GET',
    path: '/memories/{user_id}/history',
    summary: 'Read earlier summaries, newest first',
    answers: { 200: { description: 'The summaries that were replaced.', schema: history } },
    handle: async ({ path }) => json(historyJson(await memories.history(path.user_id))),
  }),
  operation({
    ...ofUser,
    id: 'deleteMemory',
    method: 'DELETE',
    path: '/memories/{user_id}',
    summary: 'Forget what is known',
    description: 'Turns so far will not be learned from again. Messages stay.',
    answers: { 204: { description: 'It is forgotten.' } },
    async handle({ path }) {
      await memories.forget(path.user_id);
      return { status: 204 };
    },
  }),
];
