// POST /turns/{turn_id}/cancel.
import { z } from 'zod';
import type { CancelOutcome } from '../../turns/cancellation.ts';
import type { Turn } from '../../domain/turn.ts';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import type { Services } from '../services.ts';
import { turnJson, turnSchema } from './turn-json.ts';
import { ownTurn, turnId } from './turns.ts';

function cancelledTurn(outcome: CancelOutcome): Turn {
  switch (outcome.outcome) {
    case 'cancelled':
      return outcome.turn;
    case 'finished':
      throw new Problem('turn_finished', `It is ${outcome.turn.status}, and stays so.`);
    case 'unknown':
      throw new Problem('turn_not_found', 'No turn has this id.');
  }
}

/** Cancelling a turn. */
export const cancelOperations = (turns: Services['turns']): Operation[] => [
  operation({
    id: 'cancelTurn',
    method: 'POST',
    path: '/turns/{turn_id}/cancel',
    tag: 'Turns',
    summary: 'Cancel a turn',
    description:
      'Ends a turn that waits, runs or awaits review: it will have no reply, and the user’s next turn runs at once. The call of the model is closed; ' +
      'what it had written is kept as `partial_reply` as soon as it has let go, which is soon after this answer. Cancelling it again answers the same. ' +
      'A turn that ends at this very moment is either finished or cancelled, never both. A client that disconnects cancels nothing.',
    access: { thing: 'turns', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnId }),
    answers: { 200: { description: 'The cancelled turn.', schema: turnSchema } },
    problems: ['turn_not_found', 'turn_finished', 'database_unavailable'],
    async handle({ path }, context) {
      const turn = await ownTurn(turns, path.turn_id, context);
      return json(turnJson(cancelledTurn(await turns.cancel(turn.turnId, context.identity.name))));
    },
  }),
];
