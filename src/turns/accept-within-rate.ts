// Accepts a turn of a user whose turns a minute are limited.
import { createHash } from 'node:crypto';
import type { AcceptOutcome, NewTurn } from '../domain/accept.ts';
import { effectOf } from '../domain/busy-rules.ts';
import { Unavailable } from '../domain/errors.ts';
import { newId } from '../domain/ids.ts';
import { usesPlace, type TurnRate } from '../domain/turn-rate.ts';

/** Requests with the same idempotency key create one turn, so they share one place. The key is a text of the client. */
const placeIdOf = ({ idempotencyKey: key }: NewTurn): string =>
  key === null ? newId() : createHash('sha256').update(key).digest('base64url');

/** Whether the request may be answered without a new turn: with the turn of an earlier request, or with one that it joins. */
const mayNeedNoTurn = ({ idempotencyKey, onBusy }: NewTurn): boolean =>
  idempotencyKey !== null || effectOf(onBusy).joins === true;

/** Accepts the turn if there is a place for it. A place that counts no turn is given back. `commit` accepts it; with seconds,
 *  it refuses a new turn and names them. @throws what `commit` throws */
export async function acceptWithinRate(
  rate: TurnRate,
  turn: NewTurn,
  commit: (rateRetryAfterS: number | null) => Promise<AcceptOutcome>,
): Promise<AcceptOutcome> {
  const id = placeIdOf(turn);
  const place = await rate.take(turn.userId, id);
  if (place.outcome === 'full') {
    const { retryAfterS } = place;
    return mayNeedNoTurn(turn) ? commit(retryAfterS) : { outcome: 'rate_limited', retryAfterS };
  }
  const giveBack = async () => {
    if (place.outcome === 'taken') await rate.giveBack(turn.userId, id);
  };
  try {
    const outcome = await commit(null);
    if (!usesPlace(outcome, Date.now())) await giveBack();
    return outcome;
  } catch (error) {
    // The turn may be accepted.
    if (!(error instanceof Unavailable && error.outcomeUnknown)) await giveBack();
    throw error;
  }
}
