// Delivered messages: of a session, and of a user by filter.
import { z } from 'zod';
import type { ConversationRow } from '../turns/conversation.ts';
import { requireOwner } from './access.ts';
import { cursor, cursorOf, instant, limit, nextCursor, ofUser, pageOf, tag, userId, uuid } from './fields.ts';
import { operation, type Operation } from './operation.ts';
import { Problem } from './problem.ts';
import type { ConversationService } from './services.ts';

const message = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  turn_id: uuid,
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime(),
});
const conversation = z
  .object({ history: z.array(message), session_id: uuid, user_id: userId })
  .meta({ id: 'Conversation' });
const messagePage = z
  .object({ items: z.array(message.extend({ session_id: uuid })), next_cursor: nextCursor })
  .meta({ id: 'MessagePage' });

const view = (row: ConversationRow) => ({
  role: row.role,
  content: row.content,
  turn_id: row.turnId,
  tags: [...row.tags],
  metadata: row.metadata,
  timestamp: row.createdAt.toISOString(),
});

export const conversationOperations = (conversations: ConversationService): Operation[] => [
  operation({
    id: 'getConversation',
    method: 'get',
    path: '/conversations/{session_id}',
    tag: 'Conversations',
    summary: "A session's delivered messages, in order.",
    access: { kind: 'conversations', owner: 'loaded' },
    params: z.object({ session_id: uuid }),
    query: z.strictObject({}),
    answers: { 200: { description: 'The conversation.', schema: conversation } },
    problems: ['session_not_found', 'database_unavailable'],
    async handle({ params, caller }) {
      const found = await conversations.ofSession(params.session_id);
      if (!found) throw new Problem('session_not_found', 'It does not exist, or it is not yours.');
      requireOwner(caller, found.userId, 'session_not_found');
      return {
        status: 200,
        body: { history: found.rows.map(view), session_id: params.session_id, user_id: found.userId },
      };
    },
  }),
  operation({
    id: 'listConversations',
    method: 'get',
    path: '/users/{user_id}/conversations',
    tag: 'Conversations',
    summary: "A user's delivered messages, oldest first.",
    access: { kind: 'conversations', owner: 'path' },
    params: ofUser,
    query: z.strictObject({
      tag: tag.optional(),
      session_id: uuid.optional(),
      from: instant.optional(),
      to: instant.optional(),
      limit,
      cursor: cursor(2).optional(),
    }),
    answers: { 200: { description: 'A page of messages.', schema: messagePage } },
    problems: ['database_unavailable'],
    async handle({ params, query }) {
      const after = query.cursor && { seq: query.cursor[0]!, ordinal: query.cursor[1]! };
      const filter = { tag: query.tag, sessionId: query.session_id, from: query.from, to: query.to, after };
      const found = await conversations.ofUser(params.user_id, { ...filter, limit: query.limit + 1 });
      const { items, next_cursor } = pageOf(found, query.limit, (row) => cursorOf(row.seq, row.ordinal));
      return {
        status: 200,
        body: { items: items.map((row) => ({ ...view(row), session_id: row.sessionId })), next_cursor },
      };
    },
  }),
];
