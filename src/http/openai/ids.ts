// The ids of a turn in OpenAI's API. They are not stored: each contains the turn id.
import type { Turn } from '../../domain/turn.ts';
import { isUuid } from '../../domain/limits.ts';

const RESPONSE = 'resp_';
const MESSAGE = 'msg_';
const INPUT = 'msg_in_';
const CALL = 'fc_';
const OUTPUT = 'fco_';

export const responseIdOf = (turnId: string): string => RESPONSE + turnId;
/** The id of the reply. */
export const messageIdOf = (turnId: string): string => MESSAGE + turnId;
/** The id of the user's message. */
export const inputIdOf = (turnId: string): string => INPUT + turnId;
/** The id of a call that the reply asks for, by its number from 0. */
export const callIdOf = (turnId: string, number: number): string => `${CALL}${turnId}_${number}`;
/** The id of a result that the turn's request had, by its number from 0. */
export const outputIdOf = (turnId: string, number: number): string => `${OUTPUT}${turnId}_${number}`;
export const completionIdOf = (turnId: string): string => `chatcmpl-${turnId}`;

const turnIdAfter =
  (prefix: string) =>
  (id: string): string | null => {
    const turnId = id.slice(prefix.length);
    return id.startsWith(prefix) && isUuid(turnId) ? turnId.toLowerCase() : null;
  };

/** The turn id in a response id. Null: not a valid response id. */
export const turnIdOf = turnIdAfter(RESPONSE);
/** The turn id in the id of a reply. Null: not the id of a reply of turnkeeper. */
export const turnIdOfMessage = turnIdAfter(MESSAGE);
const turnIdInCall = turnIdAfter(CALL);
/** The turn id in the id of a call. Null: not the id of a call of turnkeeper. */
export const turnIdOfCall = (id: string): string | null => turnIdInCall(id.replace(/_\d{1,3}$/, ''));
/** The turn id in the id of a user's message. Null: not such an id. */
export const turnIdOfInput = turnIdAfter(INPUT);

/** Unix time in seconds, OpenAI's time format. */
export const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/** The `turnkeeper` member of every response: data that OpenAI's API does not have. */
export const turnkeeperJson = ({ turnId, sessionId, status }: Turn) => ({
  turn_id: turnId,
  session_id: sessionId,
  status,
});
