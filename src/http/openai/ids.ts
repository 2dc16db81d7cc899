// A turn under the names of OpenAI's API. Nothing is stored for them: each can be read back.
import type { Turn } from '../../domain/turn.ts';
import { isUuid } from '../../domain/limits.ts';

const RESPONSE = 'resp_';

export const responseIdOf = (turnId: string): string => RESPONSE + turnId;
export const messageIdOf = (turnId: string): string => `msg_${turnId}`;
export const completionIdOf = (turnId: string): string => `chatcmpl-${turnId}`;

/** The turn that a response id names; null: it is none of ours. */
export function turnIdOf(responseId: string): string | null {
  const id = responseId.slice(RESPONSE.length);
  return responseId.startsWith(RESPONSE) && isUuid(id) ? id.toLowerCase() : null;
}

/** Seconds since 1970, as OpenAI tells times. */
export const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/** What OpenAI's API has no word for; in every answer, as `turnkeeper`. */
export const aboutTurn = ({ turnId, sessionId, status }: Turn) => ({
  turn_id: turnId,
  session_id: sessionId,
  status,
});

/** What is said in the place of a reply that a person has to look at first. */
export const heldMessage = ({ turnId }: Pick<Turn, 'turnId'>): string =>
  `This reply waits for a person to review it. Ask for it later at /turns/${turnId} or /v1/responses/${responseIdOf(turnId)}.`;
