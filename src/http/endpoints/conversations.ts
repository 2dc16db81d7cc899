// Conversations: the delivered messages of a session or a user.
import { z } from 'zod';
import { isUuid } from '../../domain/limits.ts';
import type { ConversationRow } from '../../domain/conversation.ts';
import { messageCursor, page, sessionCursor } from '../cursor.ts';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import {
  COMPONENTS,
  instant,
  limit,
  limitUpTo,
  moment,
  nextCursor,
  pageOf,
  sessionId,
  storableText,
  tag,
  userId,
} from '../schemas.ts';
import type { ConversationService } from '../services.ts';

export const message = z
  .object({
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    turn_id: z.string().meta({ format: 'uuid' }),
    tags: z.array(z.string()),
    metadata: z.looseObject({}),
    timestamp: instant,
  })
  .register(COMPONENTS, { id: 'Message' });

const userMessage = message
  .extend({ session_id: z.string().meta({ format: 'uuid' }) })
  .register(COMPONENTS, { id: 'UserMessage' });
const messagePage = pageOf(userMessage).register(COMPONENTS, { id: 'MessagePage' });
const branch = z
  .object({ turn_id: z.string().meta({ format: 'uuid' }), created_at: instant })
  .register(COMPONENTS, { id: 'Branch' });
const conversation = z
  .object({
    history: z.array(message),
    session_id: z.string().meta({ format: 'uuid' }),
    user_id: z.string(),
    next_cursor: nextCursor,
    branches: z.array(branch).meta({
      description:
        'All branches of the session, newest first. More than one: a turn continued an earlier turn than the last one.',
    }),
  })
  .register(COMPONENTS, { id: 'Conversation' });

/** A delivered message as JSON. */
export const messageJson = (row: ConversationRow): z.output<typeof message> => ({
  role: row.role,
  content: row.content,
  turn_id: row.turnId,
  tags: [...row.tags],
  metadata: row.metadata,
  timestamp: row.createdAt.toISOString(),
});

/** Operations that read conversations. */
export const conversationOperations = (conversations: ConversationService): Operation[] => [
  operation({
    id: 'getConversation',
    method: 'GET',
    path: '/conversations/{session_id}',
    tag: 'Conversations',
    summary: 'Retrieve the messages of a session',
    description:
      'The delivered messages of the session, oldest first. Turns that await review are not included. If the session has several branches, these are the messages of one of them. A session with more messages than `limit` has several pages.',
    access: { resource: 'conversations', owner: 'loaded' },
    // Any string: an id that is not a UUID is answered 404, not 400.
    params: z.strictObject({ session_id: storableText(1, 200).meta({ format: 'uuid' }) }),
    query: z.strictObject({
      limit: limitUpTo(1_000, 1_000),
      cursor: sessionCursor.schema.optional(),
      turn_id: storableText(1, 200).optional().meta({
        format: 'uuid',
        description: 'A turn of the branch to retrieve. Missing: the branch of the cursor, or else the newest branch.',
      }),
    }),
    answers: { 200: { description: 'A page of the messages of the session.', schema: conversation } },
    problems: ['session_not_found', 'database_unavailable'],
    async handle({ path, query }, { owns }) {
      const id = path.session_id.toLowerCase();
      const turnId = query.turn_id?.toLowerCase() ?? query.cursor?.branch;
      const part = { after: query.cursor, limit: query.limit + 1, turnId };
      const isKnown = isUuid(id) && (turnId === undefined || isUuid(turnId));
      const session = isKnown ? await conversations.ofSession(id, part) : null;
      if (!session || !owns(session.userId))
        throw new Problem('session_not_found', 'No session has this id, or it has no turn `turn_id`.');
      const branch = turnId ?? session.branches[0]?.turnId;
      const { items, next } = page(session.rows, query.limit, (last) => sessionCursor.write({ ...last, branch }));
      return json({
        history: items.map(messageJson),
        session_id: id,
        user_id: session.userId,
        next_cursor: next,
        branches: session.branches.map((each) => ({
          turn_id: each.turnId,
          created_at: each.createdAt.toISOString(),
        })),
      });
    },
  }),
  operation({
    id: 'listConversations',
    method: 'GET',
    path: '/users/{user_id}/conversations',
    tag: 'Conversations',
    summary: 'List the messages of a user, oldest first',
    access: { resource: 'conversations', owner: 'path' },
    params: z.strictObject({ user_id: userId }),
    query: z.strictObject({
      tag: tag.optional().meta({ description: 'Only messages of turns with this tag.' }),
      session_id: sessionId.optional(),
      from: moment.optional().meta({ description: 'Only messages delivered at or after this time.' }),
      to: moment.optional().meta({ description: 'Only messages delivered before this time.' }),
      limit,
      cursor: messageCursor.schema.optional(),
    }),
    answers: { 200: { description: 'A page of messages.', schema: messagePage } },
    problems: ['user_not_found', 'database_unavailable'],
    async handle({ path, query }) {
      const rows = await conversations.ofUser(path.user_id, {
        tag: query.tag,
        sessionId: query.session_id,
        from: query.from,
        to: query.to,
        after: query.cursor,
        limit: query.limit + 1,
      });
      const { items, next } = page(rows, query.limit, (last) => messageCursor.write(last));
      return json({
        items: items.map((row) => ({ ...messageJson(row), session_id: row.sessionId })),
        next_cursor: next,
      });
    },
  }),
];
