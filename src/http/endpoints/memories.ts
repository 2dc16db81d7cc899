// The memory of a user: profile and summary.
import { z } from 'zod';
import { MEMORY_LIMITS } from '../../domain/limits.ts';
import type { MemoryHistory, MemoryPatch, MemoryRecord } from '../../domain/memory.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS, instant, storableText, userId } from '../schemas.ts';
import type { MemoryService } from '../services.ts';

const { nameCharacters, summaryCharacters, topics, topicCharacters } = MEMORY_LIMITS;
const fields = {
  name: storableText(1, nameCharacters).meta({ examples: ['Alice'] }),
  preferred_style: storableText(1, nameCharacters).meta({ examples: ['casual'] }),
  user_summary: storableText(0, summaryCharacters).meta({ examples: ['Alice is a new user.'] }),
};
const favouriteTopics = z.array(storableText(1, topicCharacters)).max(topics);

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
    version: z.int().meta({ description: 'Increases with every change. 0: the user has no memory.' }),
    through_seq: z.int().meta({ description: 'The summary covers the turns of the user up to this `seq`.' }),
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
    turn_ids: z.array(z.string()).meta({ description: 'The turns from which the current summary was generated.' }),
  })
  .register(COMPONENTS, { id: 'MemoryHistory' });

/** The fields that were sent. A missing field must not overwrite a value. */
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

/** The memory as JSON. */
export const memoryJson = (record: MemoryRecord): z.output<typeof memory> => ({
  ...profileJson(record),
  version: record.version,
  through_seq: record.throughSeq,
});

/** The earlier summaries as JSON. */
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
  access: { resource: 'memories', owner: 'path' },
  params: z.strictObject({ user_id: userId }),
  problems: ['user_not_found', 'actors_unavailable', 'database_unavailable'],
} as const;

/** Operations that read and change memory. */
export const memoryOperations = (memories: MemoryService): Operation[] => [
  operation({
    ...ofUser,
    id: 'initializeMemory',
    method: 'POST',
    path: '/memories/{user_id}/initialize',
    summary: 'Initialise the memory of a user',
    body: initializeMemory,
    example: { name: 'Alice', preferred_style: 'casual', user_summary: 'Alice is a new user.' },
    answers: { 200: { description: 'The memory is set.', schema: initialized } },
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
    summary: 'Retrieve the memory of a user',
    description: 'For an unknown user, the name is the id, the style `casual` and the summary `<id> is a new user.`',
    answers: { 200: { description: 'The memory.', schema: memory } },
    handle: async ({ path }) => json(memoryJson(await memories.read(path.user_id))),
  }),
  operation({
    ...ofUser,
    id: 'patchMemory',
    method: 'PATCH',
    path: '/memories/{user_id}',
    summary: 'Update the memory of a user',
    body: patchMemory,
    example: { preferred_style: 'formal' },
    answers: { 200: { description: 'The updated memory.', schema: memory } },
    handle: async ({ path, body }) => json(memoryJson(await memories.patch(path.user_id, patchOf(body)))),
  }),
  operation({
    ...ofUser,
    id: 'getMemoryHistory',
    method: 'GET',
    path: '/memories/{user_id}/history',
    summary: 'List earlier summaries, newest first',
    answers: { 200: { description: 'The replaced summaries.', schema: history } },
    handle: async ({ path }) => json(historyJson(await memories.history(path.user_id))),
  }),
  operation({
    ...ofUser,
    id: 'deleteMemory',
    method: 'DELETE',
    path: '/memories/{user_id}',
    summary: 'Delete the memory of a user',
    description: 'Future summaries do not include turns from before the deletion. The messages are kept.',
    answers: { 204: { description: 'The memory is deleted.' } },
    async handle({ path }) {
      await memories.forget(path.user_id);
      return { status: 204 };
    },
  }),
];
