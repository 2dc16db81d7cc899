// What turnkeeper remembers of a user, in the tutorials' shapes.
import { z } from 'zod';
import type { MemoryRecord } from '../memory/memory.ts';
import { ofUser, uuid } from './fields.ts';
import { operation, type Operation } from './operation.ts';
import type { MemoryService } from './services.ts';

const NAME_MAX = 200;
const SUMMARY_MAX = 2_000;
const TOPICS_MAX = 32;

const name = z.string().min(1).max(NAME_MAX);
const summary = z.string().min(1).max(SUMMARY_MAX);
const topics = z.array(z.string().min(1).max(100)).max(TOPICS_MAX);

const metadata = { name, preferred_style: name, user_summary: summary };
const initializeBody = z
  .strictObject({ ...metadata, favourite_topics: topics.optional() })
  .meta({ id: 'MemoryInitialize' });
const patchBody = z
  .strictObject({ ...metadata, favourite_topics: topics })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, {
    error: 'must set at least one of name, preferred_style, user_summary, favourite_topics',
  })
  .meta({ id: 'MemoryPatch' });
const memory = z
  .object({ ...metadata, favourite_topics: topics, version: z.int(), through_seq: z.int() })
  .meta({ id: 'Memory' });
const initialized = z
  .object({
    status: z.literal('success'),
    user_id: z.string(),
    metadata: z.object({ ...metadata, favourite_topics: topics }),
  })
  .meta({ id: 'MemoryInitialized' });
const history = z
  .object({
    items: z.array(
      z.object({
        user_summary: z.string(),
        version: z.int(),
        through_seq: z.int(),
        turn_ids: z.array(uuid),
        replaced_at: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'MemoryHistory' });

const profileView = (record: MemoryRecord) => ({
  name: record.name,
  preferred_style: record.preferredStyle,
  user_summary: record.summary,
  favourite_topics: [...record.favouriteTopics],
});
const view = (record: MemoryRecord) => ({
  ...profileView(record),
  version: record.version,
  through_seq: record.throughSeq,
});

const patchOf = (body: z.infer<typeof patchBody>) => ({
  ...(body.name === undefined ? {} : { name: body.name }),
  ...(body.preferred_style === undefined ? {} : { preferredStyle: body.preferred_style }),
  ...(body.user_summary === undefined ? {} : { summary: body.user_summary }),
  ...(body.favourite_topics === undefined ? {} : { favouriteTopics: body.favourite_topics }),
});

const ofMemory = {
  tag: 'Memory',
  access: { kind: 'memory', owner: 'path' },
  params: ofUser,
  query: z.strictObject({}),
  problems: ['actors_unavailable'],
} as const;

export const memoryOperations = (memories: MemoryService): Operation[] => [
  operation({
    ...ofMemory,
    id: 'initializeMemory',
    method: 'post',
    path: '/memories/{user_id}/initialize',
    summary: 'Set name, preferred style and summary of a user.',
    body: initializeBody,
    example: {
      name: 'Junaid',
      preferred_style: 'formal',
      user_summary: 'Junaid is interested in distributed systems.',
    },
    answers: { 200: { description: 'Stored.', schema: initialized } },
    async handle({ params, body }) {
      const record = await memories.patch(params.user_id, patchOf({ favourite_topics: [], ...body }));
      return { status: 200, body: { status: 'success', user_id: params.user_id, metadata: profileView(record) } };
    },
  }),
  operation({
    ...ofMemory,
    id: 'getMemory',
    method: 'get',
    path: '/memories/{user_id}',
    summary: 'What is remembered of a user; defaults where nothing is.',
    answers: { 200: { description: 'The memory.', schema: memory } },
    async handle({ params }) {
      return { status: 200, body: view(await memories.read(params.user_id)) };
    },
  }),
  operation({
    ...ofMemory,
    id: 'patchMemory',
    method: 'patch',
    path: '/memories/{user_id}',
    summary: 'Change some of what is remembered.',
    body: patchBody,
    example: { favourite_topics: ['tea', 'weather'] },
    answers: { 200: { description: 'The memory as it is now.', schema: memory } },
    async handle({ params, body }) {
      return { status: 200, body: view(await memories.patch(params.user_id, patchOf(body))) };
    },
  }),
  operation({
    ...ofMemory,
    id: 'getMemoryHistory',
    method: 'get',
    path: '/memories/{user_id}/history',
    summary: 'Earlier summaries, newest first, with the turns they came from.',
    answers: { 200: { description: 'Earlier summaries.', schema: history } },
    async handle({ params }) {
      const { past } = await memories.history(params.user_id);
      const items = past.map((item) => ({
        user_summary: item.summary,
        version: item.version,
        through_seq: item.throughSeq,
        turn_ids: [...item.turnIds],
        replaced_at: item.replacedAt,
      }));
      return { status: 200, body: { items } };
    },
  }),
  operation({
    ...ofMemory,
    id: 'deleteMemory',
    method: 'delete',
    path: '/memories/{user_id}',
    summary: 'Forget the user; turns up to now will not be learned from again.',
    answers: { 204: { description: 'Forgotten.' } },
    async handle({ params }) {
      await memories.forget(params.user_id);
      return { status: 204 };
    },
  }),
];
