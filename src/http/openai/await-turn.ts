// Waiting for an accepted turn. From here on no answer may ask the client to send the message again: OpenAI's clients
// do so by themselves on 408, 409, 429 and 5xx, and one message would become two turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../domain/errors.ts';
import { isSettled, type Turn, type TurnStatus } from '../../domain/turn.ts';
import { LONGEST_WAIT_S } from '../header-fields.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { Services } from '../services.ts';
import { stillThere } from '../endpoints/turns.ts';
import { aboutTurn, responseIdOf } from './ids.ts';

/** The clients wait ten minutes, and send the message again then. */
const WAIT_MS = 570_000;
const AWAY_RETRY_MS = 1_000;

/** The turn once it rests, or as it was known when the client has gone, the server stops or the wait is over. */
export async function awaitSettled(turns: Services['turns'], accepted: Turn, signal: AbortSignal): Promise<Turn> {
  const deadline = performance.now() + WAIT_MS;
  let turn = accepted;
  while (!isSettled(turn.status) && !signal.aborted) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    try {
      const timeoutMs = Math.min(left, LONGEST_WAIT_S * 1000);
      turn = stillThere(await turns.waitUntilSettled(turn, { timeoutMs, signal }));
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (!(error instanceof Unavailable)) throw acceptedBut(error, turn);
      // The turn is safe; the database comes back.
      await sleep(AWAY_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  return turn;
}

const doNotRetry = { 'x-should-retry': 'false' };
const members = (turn: Turn) => ({ turnkeeper: aboutTurn(turn) });

/** What went wrong after the turn was accepted. */
export const acceptedBut = (cause: unknown, turn: Turn): Problem =>
  new Problem('internal_error', 'It was logged. The turn was accepted: ask for it instead of sending it again.', {
    headers: doNotRetry,
    members: members(turn),
    cause,
  });

const CODES: Readonly<Partial<Record<TurnStatus, ProblemCode>>> = {
  failed: 'turn_failed',
  cancelled: 'turn_cancelled',
  expired: 'turn_expired',
};

function detailOf({ turnId, status, error }: Turn): string {
  const where = `See /turns/${turnId} or /v1/responses/${responseIdOf(turnId)}.`;
  if (error) return `The turn failed: ${error.code}: ${error.detail}. ${where}`;
  return CODES[status] ? `The turn is ${status}. ${where}` : `The turn is ${status} and will have its reply. ${where}`;
}

/** Why a turn has no reply to answer with. `repeatable`: the request has a key, so that sending it again finds this turn. */
export function withoutReply(turn: Turn, repeatable: boolean): Problem {
  const code = CODES[turn.status] ?? 'turn_unfinished';
  const again = code === 'turn_unfinished' && repeatable;
  return new Problem(code, detailOf(turn), {
    headers: { 'x-should-retry': String(again) },
    members: members(turn),
  });
}
