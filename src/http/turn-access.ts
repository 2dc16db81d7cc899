// Shared answers about turns, for the endpoints and openai/: a turn by its id, and the outcome of an accept.
import type { AcceptOutcome } from '../domain/accept.ts';
import { isUuid } from '../domain/limits.ts';
import type { Turn } from '../domain/turn.ts';
import type { RequestContext } from './operation.ts';
import { invalidRequest, Problem } from './problem.ts';
import { storableText } from './schemas.ts';

/** The turn id in a path. It may be any string: an id that is not a UUID is answered 404, not 400. */
export const turnIdParameter = storableText(1, 200).meta({ format: 'uuid' });

/** The turn after a wait. @throws Problem turn_not_found if the turn was erased during the wait */
export function notErased(turn: Turn | null): Turn {
  if (!turn) throw new Problem('turn_not_found', 'The turn was erased.');
  return turn;
}

/** The turn with this id. @throws Problem turn_not_found, also if the caller may not use it; Unavailable */
export async function ownTurn(
  turns: { find(turnId: string): Promise<Turn | null> },
  id: string,
  { owns }: Pick<RequestContext, 'owns'>,
): Promise<Turn> {
  const turn = isUuid(id) ? await turns.find(id.toLowerCase()) : null;
  if (!turn || !owns(turn.userId)) throw new Problem('turn_not_found', 'No turn has this id.');
  return turn;
}

/** The problem for a turn that cannot be continued. */
export const notFollowed = (): Problem =>
  invalidRequest([{ pointer: '/follows', detail: 'is not a delivered turn of this session' }]);

/** The turn that an accept created or found. @throws Problem if the accept was refused */
export function acceptedTurn(outcome: AcceptOutcome): Turn {
  switch (outcome.outcome) {
    case 'accepted':
    case 'joined':
    case 'repeated':
      return outcome.turn;
    case 'key_reused':
      throw new Problem('idempotency_key_reused', 'Use a new idempotency key for a new request body.');
    case 'foreign_session':
      throw new Problem(
        'session_not_found',
        'No session of the user has this id. Omit metadata.session_id to start a new session.',
      );
    case 'unknown_follows':
      throw notFollowed();
    case 'user_busy':
      throw new Problem('user_busy', 'Wait until the user’s turns are settled, or use another on_busy.');
    case 'being_erased':
      throw new Problem('user_being_erased', 'A message accepted now would be erased too.', {
        headers: { 'retry-after': String(outcome.retryAfterS) },
      });
    case 'rate_limited':
      throw new Problem('rate_limited', 'The user has created as many turns in the last minute as are allowed.', {
        headers: { 'retry-after': String(outcome.retryAfterS) },
      });
    case 'budget_exhausted':
      throw new Problem('budget_exhausted', 'Retry when the next window of the budget begins.', {
        headers: { 'retry-after': String(outcome.retryAfterS) },
      });
    case 'queue_full': {
      const headers = { 'retry-after': String(Math.ceil(outcome.retryAfterS)) };
      throw outcome.scope === 'user'
        ? new Problem('user_queue_full', 'Retry when fewer turns of the user are queued.', { headers })
        : new Problem('queue_full', 'Retry when fewer turns are queued.', { headers });
    }
  }
}
