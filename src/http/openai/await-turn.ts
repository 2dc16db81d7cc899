// Waits for an accepted turn. After acceptance no response may cause a retry: OpenAI's clients retry automatically on 408,
// 409, 429 and 5xx, and one message would become two turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../../domain/errors.ts';
import { isSettled, type Turn, type TurnStatus } from '../../domain/turn.ts';
import { MAX_WAIT_S } from '../header-fields.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { Services } from '../services.ts';
import { notErased } from '../turn-access.ts';
import { responseIdOf, turnkeeperJson } from './ids.ts';

/** Less than the clients' timeout of ten minutes, after which they retry. */
const WAIT_MS = 570_000;
const UNAVAILABLE_RETRY_MS = 1_000;

/** The settled turn, or the last known state if the client disconnects, the server stops or the time is up.
 *  @throws Problem */
export async function awaitSettled(turns: Services['turns'], accepted: Turn, signal: AbortSignal): Promise<Turn> {
  const deadline = performance.now() + WAIT_MS;
  let turn = accepted;
  while (!isSettled(turn.status) && !signal.aborted) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    try {
      const timeoutMs = Math.min(left, MAX_WAIT_S * 1000);
      turn = notErased(await turns.waitUntilSettled(turn, { timeoutMs, signal }));
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (!(error instanceof Unavailable)) throw failedAfterAccept(error, turn);
      // The turn is durable: wait until the database is available again.
      await sleep(UNAVAILABLE_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  return turn;
}

const doNotRetry = { 'x-should-retry': 'false' };
const membersOf = (turn: Turn) => ({ turnkeeper: turnkeeperJson(turn) });

/** The problem for an unknown error after the turn was accepted. */
const failedAfterAccept = (cause: unknown, turn: Turn): Problem =>
  new Problem(
    'internal_error',
    'The error was logged. The turn was accepted: retrieve it instead of sending the message again.',
    { headers: doNotRetry, members: membersOf(turn), cause },
  );

const CODES: Readonly<Partial<Record<TurnStatus, ProblemCode>>> = {
  failed: 'turn_failed',
  cancelled: 'turn_cancelled',
  expired: 'turn_expired',
};

function detailOf({ turnId, status, error }: Turn): string {
  const where = `See /turns/${turnId} or /v1/responses/${responseIdOf(turnId)}.`;
  if (error) return `The turn failed: ${error.code}: ${error.detail}. ${where}`;
  return CODES[status] ? `The turn is ${status}. ${where}` : `The turn is ${status}; it is not final yet. ${where}`;
}

/** The problem for a turn without a reply. `hasKey`: the request has an idempotency key, so that a retry finds this turn. */
export function noReplyProblem(turn: Turn, hasKey: boolean): Problem {
  const code = CODES[turn.status] ?? 'turn_unfinished';
  const mayRetry = code === 'turn_unfinished' && hasKey;
  return new Problem(code, detailOf(turn), {
    headers: { 'x-should-retry': String(mayRetry) },
    members: membersOf(turn),
  });
}
