// Accepts a turn from an OpenAI request: determines its user and its session.
import { newId } from '../../domain/ids.ts';
import { hashRequest } from '../../domain/accept.ts';
import type { Turn } from '../../domain/turn.ts';

import type { RequestContext } from '../operation.ts';
import { Problem } from '../problem.ts';
import { isUserId } from '../../domain/limits.ts';
import type { Services } from '../services.ts';
import { acceptedTurn } from '../turn-access.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import type { ChatMessage, LastExchange } from './messages.ts';
import { OPTIONS_KEY, type GivenMetadata } from './parameters.ts';

/** What the operator configures for OpenAI's API. */
export interface OpenAiSettings {
  /** The configured model. */
  readonly model: string;
  /** The text that stands for a reply that awaits review. */
  readonly heldText: string;
}

/** Number of recent turns that are compared with the history of a request. */
const RECENT_TURNS = 50;

/** The user id of the turn: the user that the trusted header names, otherwise `user` of the request, otherwise the user of
 *  the key, otherwise the name of the key. @throws Problem invalid_request, user_not_found */
export function userOfRequest(
  user: string | null | undefined,
  { identity, namedUser, owns }: Pick<RequestContext, 'identity' | 'namedUser' | 'owns'>,
): string {
  const userId = namedUser ?? user ?? identity.userId ?? identity.name;
  if (!isUserId(userId)) {
    const detail = 'is required: the name of the key is not a valid user id';
    throw new Problem('invalid_request', 'The request has 1 error.', { errors: [{ pointer: '/user', detail }] });
  }
  if (!owns(userId)) throw new Problem('user_not_found', 'No user has this id.');
  return userId;
}

/** Whether the turn is this exchange. White space around the reply is ignored, because some clients remove it. */
function isExchange(turn: Turn, { user, assistant }: LastExchange, heldText: string): boolean {
  const content = assistant.trim();
  const isReply = replyOf(turn)?.trim() === content && (user === null || user === turn.text);
  // The client may have the text that stood for a held reply, although the review is decided by now.
  const wasHeld = turn.review !== null && heldText.trim() === content && user === turn.text;
  return isReply || wasHeld;
}

/** The session of the newest reply in the request: found by its id, or else as one of the user's recent turns by its text.
 *  `heldText`: the text that stands for held replies. Of several turns the newest one that was delivered is chosen, because
 *  one that is still held adds nothing to the prompt. Null: no turn matches. @throws Unavailable */
export async function sessionOfHistory(
  turns: Services['turns'],
  userId: string,
  { lastTurnId, lastExchange }: ChatMessage,
  heldText: string,
): Promise<string | null> {
  const named = lastTurnId === null ? null : await turns.find(lastTurnId);
  if (named?.userId === userId) return named.sessionId;
  if (!lastExchange) return null;
  const recent = await turns.list(userId, { limit: RECENT_TURNS });
  const matching = recent.filter((turn) => isExchange(turn, lastExchange, heldText));
  return (matching.find((turn) => replyOf(turn) !== null) ?? matching[0])?.sessionId ?? null;
}

export interface ChatTurnRequest {
  readonly userId: string;
  readonly text: string;
  /** Null: a new session. */
  readonly session: string | null;
  readonly metadata: GivenMetadata;
  /** Request options that are stored with the metadata. Null: none. */
  readonly options: object | null;
  readonly idempotencyKey: string | null;
}

/** Accepts the turn. A repeated request with the same key returns the existing turn. @throws Problem, Unavailable */
export async function acceptChatTurn(
  turns: Services['turns'],
  request: ChatTurnRequest,
  { sentBody }: RequestContext,
): Promise<Turn> {
  const { userId, text, metadata, options, idempotencyKey } = request;
  const sessionId = request.session ?? newId();
  const outcome = await turns.accept({
    userId,
    text,
    metadata: { ...metadata, ...(options && { [OPTIONS_KEY]: options }), session_id: sessionId },
    sessionId,
    tags: [],
    onBusy: 'enqueue',
    idempotencyKey,
    requestHash: hashRequest(sentBody),
  });
  return acceptedTurn(outcome);
}
