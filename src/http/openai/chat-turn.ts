// From a request in OpenAI's words to an accepted turn: who speaks, in which conversation.
import { newId } from '../../domain/ids.ts';
import { hashRequest } from '../../domain/accept.ts';
import type { Turn } from '../../domain/turn.ts';
import { acceptedTurn } from '../endpoints/chat.ts';
import type { RequestContext } from '../operation.ts';
import { Problem } from '../problem.ts';
import { isUserId } from '../../domain/limits.ts';
import type { Services } from '../services.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { heldMessage } from './ids.ts';
import type { LastExchange, ChatMessage } from './messages.ts';
import { OWN_METADATA, type GivenMetadata } from './parameters.ts';

/** Turns among which a conversation is looked for. */
const RECENT = 50;

/** The user whose turn it is: the one named, or who the key stands for.
 *  @throws Problem invalid_request, user_not_found */
export function userOfRequest(named: string | null | undefined, { identity, owns }: RequestContext): string {
  const userId = named ?? identity.userId ?? identity.name;
  if (!isUserId(userId)) {
    const detail = `is required: the key's name cannot be a user_id`;
    throw new Problem('invalid_request', 'One thing is wrong with the request.', {
      errors: [{ pointer: '/user', detail }],
    });
  }
  if (!owns(userId)) throw new Problem('user_not_found', 'No user has this id.');
  return userId;
}

/** Whether the client shows this turn as its last exchange. White space around a reply is lost in some of them. */
function shows(turn: Turn, { user, assistant }: LastExchange): boolean {
  const shown = assistant.trim();
  // A held reply may have been decided since the client was told that it waits.
  const told = [replyOf(turn), heldMessage(turn)];
  return told.some((text) => text?.trim() === shown) && (user === null || user === turn.text);
}

/** The session of the user's newest turn that the client shows as its last exchange; null: there is none.
 *  @throws Unavailable */
export async function continuedSession(
  turns: Services['turns'],
  userId: string,
  before: LastExchange | null,
): Promise<string | null> {
  if (!before) return null;
  const recent = await turns.list(userId, { limit: RECENT });
  return recent.find((turn) => shows(turn, before))?.sessionId ?? null;
}

export interface ChatTurnRequest {
  readonly userId: string;
  readonly said: ChatMessage;
  /** Null: a new one. */
  readonly session: string | null;
  readonly metadata: GivenMetadata;
  /** Of ours, kept with the metadata; null: nothing. */
  readonly own: object | null;
  readonly key: string | null;
}

/** Accepts the turn; a repeat of the request with the same key finds the one there is.
 *  @throws Problem, Unavailable */
export async function acceptChatTurn(
  turns: Services['turns'],
  spoken: ChatTurnRequest,
  { sentBody }: RequestContext,
): Promise<Turn> {
  const { userId, said, metadata, own, key } = spoken;
  const sessionId = spoken.session ?? newId();
  const outcome = await turns.accept({
    userId,
    text: said.text,
    metadata: { ...metadata, ...(own && { [OWN_METADATA]: own }), session_id: sessionId },
    sessionId,
    tags: [],
    onBusy: 'enqueue',
    idempotencyKey: key,
    requestHash: hashRequest(sentBody),
  });
  return acceptedTurn(outcome);
}
