// The ids of a turn in OpenAI's API. They are not stored: each contains the turn id.
import type { Turn } from '../../domain/turn.ts';
import { isUuid } from '../../domain/limits.ts';

const RESPONSE = 'resp_';

export const responseIdOf = (turnId: string): string => RESPONSE + turnId;
export const messageIdOf = (turnId: string): string => `msg_${turnId}`;
export const completionIdOf = (turnId: string): string => `chatcmpl-${turnId}`;

/** The turn id in a response id. Null: not a valid response id. */
export function turnIdOf(responseId: string): string | null {
  const id = responseId.slice(RESPONSE.length);
  return responseId.startsWith(RESPONSE) && isUuid(id) ? id.toLowerCase() : null;
}

/** Unix time in seconds, OpenAI's time format. */
export const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/** The `turnkeeper` member of every response: data that OpenAI's API does not have. */
export const turnkeeperJson = ({ turnId, sessionId, status }: Turn) => ({
  turn_id: turnId,
  session_id: sessionId,
  status,
});

/** The message that is sent instead of a reply that awaits review. */
export const heldMessage = ({ turnId }: Pick<Turn, 'turnId'>): string =>
  `This reply is awaiting human review. Retrieve it later at /turns/${turnId} or /v1/responses/${responseIdOf(turnId)}.`;
