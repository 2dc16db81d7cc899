// A user as a whole: export and erase.
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
    conversations: z.array(z.looseObject({})),
    reviews: z.array(z.looseObject({})),
  })
  .register(COMPONENTS, { id: 'UserExport' });

const ofUser = { tag: 'Users', params: z.strictObject({ user_id: userId }) } as const;

/** Exporting and erasing a user. */
export const userOperations = (services: Services): Operation[] => [
  operation({
    ...ofUser,
    id: 'exportUser',
    method: 'GET',
    path: '/users/{user_id}/export',
    summary: 'Export everything known of a user',
    description:
      'One JSON document: memory and its history, counts, every turn newest first, delivered messages, reviews. ' +
      'Drafts and the audit trail of reviews are in it only for those who may see reviews. Of a user nobody has heard of, it is empty.',
    access: { thing: 'export', owner: 'path' },
    answers: { 200: { description: 'The document, sent while it is read.', schema: exported } },
    problems: ['user_not_found', 'actors_unavailable', 'database_unavailable'],
    async handle({ path }, { identity }) {
      const pieces = exportOf(services, path.user_id, mayUse(identity, 'reviews'));
      // Read before anything is answered: while a dependency is away the answer says so.
      const first = await pieces.next();
      const whole = async function* () {
        if (!first.done) yield first.value;
        yield* pieces;
      };
      const disposition = `attachment; filename="turnkeeper-${path.user_id.replaceAll(':', '_')}.json"`;
      return {
        status: 200,
        headers: { 'content-disposition': disposition, 'cache-control': 'no-store' },
        body: Readable.from(whole(), { objectMode: false }),
      };
    },
  }),
  operation({
    ...ofUser,
    id: 'eraseUser',
    method: 'DELETE',
    path: '/users/{user_id}',
    summary: 'Erase a user everywhere',
    description:
      'When this is answered the user’s rows are gone and nothing that runs can commit any more. Memory, queued events and streams follow within seconds, ' +
      'and once more when nobody can still be at work: then the erasure is `completed`. Until then a message of the user is refused with `user_being_erased`. ' +
      'Counts of all users stay, without a name. Asked again while it is under way, it is the same erasure.',
    access: { thing: 'erase', owner: 'path' },
    answers: {
      202: { description: 'It is under way.', schema: erasureSchema, headers: { Location: 'Where its status is.' } },
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
    summary: 'Read the status of an erasure',
    access: { thing: 'erase', owner: 'loaded' },
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
