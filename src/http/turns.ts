// Looking at turns: one by id, with a long-poll and an ETag; a user's, newest first.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isFinal, TURN_STATUSES, type Turn } from '../turns/turn.ts';
import { requireOwner, type Caller } from './access.ts';
import { cursor, cursorOf, limit, nextCursor, ofUser, pageOf, uuid, waitS } from './fields.ts';
import { operation, type Operation } from './operation.ts';
import { Problem } from './problem.ts';
import type { TurnService } from './services.ts';
import { turnSchema, turnView } from './turn-view.ts';

const turnPage = z.object({ items: z.array(turnSchema), next_cursor: nextCursor }).meta({ id: 'TurnPage' });

async function load(turns: TurnService, turnId: string, caller: Caller): Promise<Turn> {
  const turn = await turns.find(turnId);
  if (!turn) throw new Problem('turn_not_found', 'It does not exist, or it is not yours.');
  requireOwner(caller, turn.userId, 'turn_not_found');
  return turn;
}

const etagOf = (json: string): string => `"${createHash('sha1').update(json).digest('base64url')}"`;
const matches = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined && ifNoneMatch.split(',').some((given) => ['*', etag, `W/${etag}`].includes(given.trim()));

export const turnOperations = (turns: TurnService): Operation[] => [
  operation({
    id: 'getTurn',
    method: 'get',
    path: '/turns/{turn_id}',
    tag: 'Turns',
    summary: 'The turn; with `wait`, once it rests: final, or awaiting review.',
    access: { kind: 'turns', owner: 'loaded' },
    params: z.object({ turn_id: uuid }),
    query: z.strictObject({ wait: waitS.optional() }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    answers: {
      200: { description: 'The turn.', schema: turnSchema },
      304: { description: 'Unchanged since the given ETag.' },
    },
    problems: ['turn_not_found', 'database_unavailable'],
    async handle({ params, query, headers, caller, signal }) {
      let turn = await load(turns, params.turn_id, caller);
      if (query.wait && !isFinal(turn.status))
        turn = await turns.waitForRest(turn, { timeoutMs: query.wait * 1000, signal });
      const body = JSON.stringify(turnView(turn));
      const etag = etagOf(body);
      return matches(headers['if-none-match'], etag)
        ? { status: 304, headers: { etag } }
        : { status: 200, body, headers: { etag } };
    },
  }),
  operation({
    id: 'listTurns',
    method: 'get',
    path: '/users/{user_id}/turns',
    tag: 'Turns',
    summary: "A user's turns, newest first.",
    access: { kind: 'turns', owner: 'path' },
    params: ofUser,
    query: z.strictObject({
      status: z.enum(TURN_STATUSES).optional(),
      session_id: uuid.optional(),
      limit,
      cursor: cursor(1).optional(),
    }),
    answers: { 200: { description: 'A page of turns.', schema: turnPage } },
    problems: ['database_unavailable'],
    async handle({ params, query }) {
      const filter = { status: query.status, sessionId: query.session_id, beforeSeq: query.cursor?.[0] };
      const found = await turns.list(params.user_id, { ...filter, limit: query.limit + 1 });
      const { items, next_cursor } = pageOf(found, query.limit, (turn) => cursorOf(turn.seq));
      return { status: 200, body: { items: items.map(turnView), next_cursor } };
    },
  }),
];
