// Export and erasure of a user.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { isUuid } from '../../domain/limits.ts';
import { ERASURE_STATUSES, isOf, type Erasure } from '../../domain/erasure.ts';
import { mayUse } from '../auth/access.ts';
import { exportOf } from './export.ts';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS, instant, storableText, userId } from '../schemas.ts';
import type { Services } from '../services.ts';

const erasureSchema = z
  .object({
    erasure_id: z.string().meta({ format: 'uuid' }),
    status: z.enum(ERASURE_STATUSES),
    requested_at: instant,
    finished_at: instant.nullable(),
    links: z.object({ self: z.string().meta({ format: 'uri-reference' }) }),
  })
  .register(COMPONENTS, { id: 'Erasure' });

const linkTo = (erasureId: string): string => `/erasures/${erasureId}`;

const erasureJson = ({ erasureId, status, requestedAt, finishedAt }: Erasure): z.output<typeof erasureSchema> => ({
  erasure_id: erasureId,
  status,
  requested_at: requestedAt.toISOString(),
  finished_at: finishedAt?.toISOString() ?? null,
  links: { self: linkTo(erasureId) },
});

const exported = z
  .looseObject({
    user_id: z.string(),
    exported_at: instant,
    memory: z.looseObject({}),
    memory_history: z.looseObject({}),
    analytics: z.looseObject({}),
    turns: z.array(z.looseObject({})),
    pictures: z.array(z.looseObject({})),
    conversations: z.array(z.looseObject({})),
    budget_charges: z.array(z.looseObject({})),
    reviews: z.array(z.looseObject({})),
  })
  .register(COMPONENTS, { id: 'UserExport' });

const ofUser = { tag: 'Users', params: z.strictObject({ user_id: userId }) } as const;

/** Operations that export and erase a user. */
export const userOperations = (services: Services): Operation[] => [
  operation({
    ...ofUser,
    id: 'exportUser',
    method: 'GET',
    path: '/users/{user_id}/export',
    summary: 'Export all data of a user',
    description:
      'One JSON document: memory and its history, analytics, all turns (newest first), the pictures of messages (https addresses and data URLs), delivered messages, the tokens that turns and summaries were charged, and reviews. ' +
      'Drafts and the audit trails of reviews are included only if the caller may use reviews. For an unknown user the lists are empty.',
    access: { resource: 'export', owner: 'path' },
    answers: { 200: { description: 'The document, streamed while it is read.', schema: exported } },
    problems: ['user_not_found', 'actors_unavailable', 'database_unavailable'],
    async handle({ path }, { identity }) {
      const chunks = exportOf(services, path.user_id, mayUse(identity, 'reviews'));
      // The first chunk is read before the response starts, so that an unavailable dependency is reported as a 503.
      const first = await chunks.next();
      const all = async function* () {
        if (!first.done) yield first.value;
        yield* chunks;
      };
      const disposition = `attachment; filename="turnkeeper-${path.user_id.replaceAll(':', '_')}.json"`;
      return {
        status: 200,
        headers: { 'content-disposition': disposition, 'cache-control': 'no-store' },
        body: Readable.from(all(), { objectMode: false }),
      };
    },
  }),
  operation({
    ...ofUser,
    id: 'eraseUser',
    method: 'DELETE',
    path: '/users/{user_id}',
    summary: 'Erase a user',
    description:
      'Erases the user from every store. When the response is sent, the user’s rows are deleted and running turns can no longer commit. Memory, queued events and streams are erased within seconds, ' +
      'and a second time when no worker can still be working for the user; then the erasure is `completed`. Until then, messages of the user are refused with `user_being_erased`. ' +
      'Aggregate counts stay, without user ids. A repeated request during an erasure returns the same erasure.',
    access: { resource: 'erase', owner: 'path' },
    answers: {
      202: {
        description: 'The erasure has started.',
        schema: erasureSchema,
        headers: { Location: 'The path of the erasure.' },
      },
    },
    problems: ['user_not_found', 'database_unavailable'],
    async handle({ path }) {
      const erasure = await services.erasures.begin(path.user_id);
      return json(erasureJson(erasure), 202, { location: linkTo(erasure.erasureId) });
    },
  }),
  operation({
    id: 'getErasure',
    method: 'GET',
    path: '/erasures/{erasure_id}',
    tag: 'Users',
    summary: 'Retrieve an erasure',
    access: { resource: 'erase', owner: 'loaded' },
    params: z.strictObject({ erasure_id: storableText(1, 200).meta({ format: 'uuid' }) }),
    answers: { 200: { description: 'The erasure.', schema: erasureSchema } },
    problems: ['erasure_not_found', 'database_unavailable'],
    async handle({ path }, { identity }) {
      const erasure = isUuid(path.erasure_id) ? await services.erasures.find(path.erasure_id) : null;
      if (!erasure || (identity.userId !== null && !isOf(erasure, identity.userId)))
        throw new Problem('erasure_not_found', 'No erasure has this id.');
      return json(erasureJson(erasure));
    },
  }),
];
