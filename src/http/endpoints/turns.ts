// Turns: read, long poll, list, cancel, retry.
import { z } from 'zod';
import { isFinal, TURN_STATUSES, type Turn } from '../../domain/turn.ts';
import type { StepContent } from '../../domain/tools/step.ts';
import type { CancelOutcome } from '../../turns/cancellation.ts';
import { seesStepContents, type Identity } from '../auth/access.ts';
import { page, turnCursor } from '../cursor.ts';
import { ifNoneMatch, MAX_WAIT_S } from '../header-fields.ts';
import { json, operation, type Answer, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS, limit, pageOf, sessionId, userId, wholeNumber } from '../schemas.ts';
import type { Services } from '../services.ts';
import { notErased, ownTurn, turnIdParameter } from '../turn-access.ts';
import { etagOf, linkTo, turnJson, turnSchema, withContents } from './turn-json.ts';

const turnPage = pageOf(turnSchema).register(COMPONENTS, { id: 'TurnPage' });

/** The contents of the steps, if the caller may see them. @throws Unavailable */
const contentsFor = async (turns: Services['turns'], turn: Turn, identity: Identity): Promise<StepContent[]> =>
  seesStepContents(identity) ? turns.stepContents(turn) : [];

function turnAnswer(turn: Turn, contents: readonly StepContent[]): Answer {
  const body = JSON.stringify(withContents(turnJson(turn), contents));
  return json(body, 200, { etag: etagOf(body) });
}

const NOT_RETRYABLE =
  'Only a failed turn can be retried, if nothing was delivered and no call with the effect `once` was started.';

/** The turn that a cancel returned. @throws Problem turn_finished, turn_not_found */
function cancelledTurn(outcome: CancelOutcome): Turn {
  switch (outcome.outcome) {
    case 'cancelled':
      return outcome.turn;
    case 'final':
      throw new Problem('turn_finished', `The turn is ${outcome.turn.status} and cannot be cancelled.`);
    case 'unknown':
      throw new Problem('turn_not_found', 'No turn has this id.');
  }
}

/** Operations that read, cancel and retry turns. */
export const turnOperations = (turns: Services['turns']): Operation[] => [
  operation({
    id: 'getTurn',
    method: 'GET',
    path: '/turns/{turn_id}',
    tag: 'Turns',
    summary: 'Retrieve a turn, or wait for it',
    description:
      'With `wait`, the response is sent when the turn becomes final or awaiting review, or after that time. For a turn that already awaits review, it is sent when the status changes.',
    access: { resource: 'turns', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnIdParameter }),
    query: z.strictObject({
      wait: wholeNumber(0, MAX_WAIT_S).optional().meta({ description: 'Maximum time to wait, in seconds.' }),
    }),
    headers: z.object({
      'if-none-match': ifNoneMatch.meta({ description: 'The ETag of the version that the client has.' }),
    }),
    answers: {
      200: {
        description: 'The turn.',
        schema: turnSchema,
        headers: { ETag: 'The version of the turn. It changes whenever the turn changes.' },
      },
      304: {
        description: 'The turn has not changed since the version in `If-None-Match`.',
        headers: { ETag: 'The same version.' },
      },
    },
    problems: ['turn_not_found', 'database_unavailable'],
    async handle({ path, query }, context) {
      const shown = async (turn: Turn) => turnAnswer(turn, await contentsFor(turns, turn, context.identity));
      if (!query.wait) return shown(await ownTurn(turns, path.turn_id, context));
      // Created before the turn is read, so that the turn need not be read again before the wait.
      const watch = turns.watch(path.turn_id.toLowerCase());
      try {
        const turn = await ownTurn(watch, path.turn_id, context);
        if (isFinal(turn.status)) return await shown(turn);
        const options = { timeoutMs: query.wait * 1000, signal: context.signal() };
        return await shown(notErased(await watch.untilSettled(turn, options)));
      } finally {
        watch.close();
      }
    },
  }),
  operation({
    id: 'listTurns',
    method: 'GET',
    path: '/users/{user_id}/turns',
    tag: 'Turns',
    summary: 'List the turns of a user, newest first',
    access: { resource: 'turns', owner: 'path' },
    params: z.strictObject({ user_id: userId }),
    query: z.strictObject({
      status: z.enum(TURN_STATUSES).optional(),
      session_id: sessionId.optional(),
      limit,
      cursor: turnCursor.schema.optional(),
    }),
    answers: { 200: { description: 'A page of turns.', schema: turnPage } },
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
  operation({
    id: 'cancelTurn',
    method: 'POST',
    path: '/turns/{turn_id}/cancel',
    tag: 'Turns',
    summary: 'Cancel a turn',
    description:
      'Cancels a turn that is queued, running or awaiting review. The turn gets no reply, and the user’s next turn runs immediately. The model call is aborted; ' +
      'the text generated so far is its `partial_reply`, if its worker supplies it within a second and the reply needs no review. Repeating the request returns the same turn. ' +
      'If the turn becomes final at the same moment, it is either final or cancelled, never both. A client that disconnects does not cancel a turn.',
    access: { resource: 'turns', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnIdParameter }),
    answers: { 200: { description: 'The cancelled turn.', schema: turnSchema } },
    problems: ['turn_not_found', 'turn_finished', 'database_unavailable'],
    async handle({ path }, context) {
      const turn = await ownTurn(turns, path.turn_id, context);
      return json(turnJson(cancelledTurn(await turns.cancel(turn.turnId, context.identity.name))));
    },
  }),
  operation({
    id: 'retryTurn',
    method: 'POST',
    path: '/turns/{turn_id}/retry',
    tag: 'Turns',
    summary: 'Retry a failed turn',
    description:
      'Queues a failed turn again, at its `seq`: it is the next turn of its user, before those that were accepted after it. Its error and `finished_at` are cleared, `attempts` continues, and MODEL_RETRY_S starts again. ' +
      'Of several requests at the same time one is answered 202, the others 409. Webhooks may receive `turn.failed` before `turn.completed`.',
    access: { resource: 'retries', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnIdParameter }),
    answers: {
      202: {
        description: 'The turn, which is queued.',
        schema: turnSchema,
        headers: { Location: 'The path of the turn.' },
      },
    },
    problems: ['turn_not_found', 'not_retryable', 'database_unavailable'],
    async handle({ path }, context) {
      const { turnId } = await ownTurn(turns, path.turn_id, context);
      const turn = await turns.retry(turnId);
      if (!turn) throw new Problem('not_retryable', NOT_RETRYABLE);
      return json(turnJson(turn), 202, { location: linkTo(turnId) });
    },
  }),
];
