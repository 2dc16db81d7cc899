// Turns: polled, long-polled, listed.
import { z } from 'zod';
import { isUuid } from '../../domain/limits.ts';
import { isFinal, TURN_STATUSES, type Turn } from '../../domain/turn.ts';
import { page, turnCursor } from '../cursor.ts';
import { ifNoneMatch, LONGEST_WAIT_S } from '../header-fields.ts';
import { json, operation, type Answer, type Operation, type RequestContext } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS, limit, pageOf, sessionId, storableText, userId, wholeNumber } from '../schemas.ts';
import type { Services } from '../services.ts';
import { etagOf, turnJson, turnSchema } from './turn-json.ts';

const turnPage = pageOf(turnSchema).register(COMPONENTS, { id: 'TurnPage' });

/** The path part that names a turn. Not a UUID: then it names no turn, which is 404 and not 400. */
export const turnId = storableText(1, 200).meta({ format: 'uuid' });

/** The turn that was waited for, unless it was erased meanwhile. */
export function stillThere(turn: Turn | null): Turn {
  if (!turn) throw new Problem('turn_not_found', 'The turn was erased.');
  return turn;
}

/** The turn, if it is there for this caller. */
export async function ownTurn(
  turns: Services['turns'],
  id: string,
  { owns }: Pick<RequestContext, 'owns'>,
): Promise<Turn> {
  const turn = isUuid(id) ? await turns.find(id.toLowerCase()) : null;
  if (!turn || !owns(turn.userId)) throw new Problem('turn_not_found', 'No turn has this id.');
  return turn;
}

function turnAnswer(turn: Turn): Answer {
  const body = JSON.stringify(turnJson(turn));
  return json(body, 200, { etag: etagOf(body) });
}

/** Reading turns. */
export const turnOperations = (turns: Services['turns']): Operation[] => [
  operation({
    id: 'getTurn',
    method: 'GET',
    path: '/turns/{turn_id}',
    tag: 'Turns',
    summary: 'Read or await a turn',
    description:
      'With `wait` it answers when the turn rests (final, or awaiting review), or after that time; asked of a turn that already awaits review, when that changes.',
    access: { thing: 'turns', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnId }),
    query: z.strictObject({
      wait: wholeNumber(0, LONGEST_WAIT_S).optional().meta({ description: 'Seconds to wait at most.' }),
    }),
    headers: z.object({
      'if-none-match': ifNoneMatch.meta({ description: 'ETag of the turn as it is known.' }),
    }),
    answers: {
      200: { description: 'The turn.', schema: turnSchema, headers: { ETag: 'Changes whenever the turn does.' } },
      304: { description: 'The turn is as `If-None-Match` knows it.', headers: { ETag: 'The same again.' } },
    },
    problems: ['turn_not_found', 'database_unavailable'],
    async handle({ path, query }, context) {
      let turn = await ownTurn(turns, path.turn_id, context);
      if (query.wait && !isFinal(turn.status)) {
        turn = stillThere(
          await turns.waitUntilSettled(turn, { timeoutMs: query.wait * 1000, signal: context.signal() }),
        );
      }
      return turnAnswer(turn);
    },
  }),
  operation({
    id: 'listTurns',
    method: 'GET',
    path: '/users/{user_id}/turns',
    tag: 'Turns',
    summary: 'List a user’s turns, newest first',
    access: { thing: 'turns', owner: 'path' },
    params: z.strictObject({ user_id: userId }),
    query: z.strictObject({
      status: z.enum(TURN_STATUSES).optional(),
      session_id: sessionId.optional(),
      limit,
      cursor: turnCursor.schema.optional(),
    }),
    answers: { 200: { description: 'One page of turns.', schema: turnPage } },
    problems: ['user_not_found', 'database_unavailable'],
    async handle({ path, query }) {
      const rows = await turns.list(path.user_id, {
        status: query.status,
        sessionId: query.session_id,
        beforeSeq: query.cursor,
        limit: query.limit + 1,
      });
      const { items, next } = page(rows, query.limit, ({ seq }) => turnCursor.write(seq));
      return json({ items: items.map(turnJson), next_cursor: next });
    },
  }),
];
