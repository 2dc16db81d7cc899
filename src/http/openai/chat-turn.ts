// Accepts a turn from an OpenAI request: determines its user and its session.
import { newId } from '../../domain/ids.ts';
import type { Assistant, AssistantSource } from '../../domain/assistants/assistant.ts';
import { hashRequest } from '../../domain/accept.ts';
import type { Continuation } from '../../domain/branch.ts';
import type { ConversationRow } from '../../domain/conversation.ts';
import type { ClientResults } from '../../domain/tools/client-tools.ts';
import type { Turn } from '../../domain/turn.ts';
import { isRateLimited } from '../auth/access.ts';
import type { RequestContext } from '../operation.ts';
import { invalidRequest, Problem } from '../problem.ts';
import { INSTRUCTIONS_CHARACTERS, isUserId } from '../../domain/limits.ts';
import { storableText } from '../../domain/text.ts';
import type { Services } from '../services.ts';
import { acceptedTurn } from '../turn-access.ts';
import { clientRequestOf, toolFaults, type GivenTools } from './client-tools.ts';
import type { ChatMessage, Exchange } from './messages.ts';
import { OPTIONS_KEY, type GivenMetadata } from './parameters.ts';
import { picturesFor, type GivenPicture } from './pictures.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { matchOfTurn, shownOf, type Shown } from './shown-history.ts';

/** What the operator configures for OpenAI's API. */
export interface OpenAiSettings {
  readonly assistants: AssistantSource;
  /** The text that stands for a reply that awaits review. */
  readonly heldText: string;
}

/** Turns that are compared with the history of a request at a time, newest first, and how many times at most: a user may
 *  return to an old chat. */
const PAGE_TURNS = 50;
const MAX_PAGES = 10;
/** Exchanges before a turn that are compared: more than a prompt contains. */
const COMPARED_EXCHANGES = 50;
/** Turns with the same exchange that are compared. */
const MAX_CANDIDATES = 10;
/** Comparisons of a history with the turns before a turn, for one request. Histories and chats that repeat the same
 *  exchange would need thousands. */
const MAX_COMPARISONS = 500;

/** The user id of the turn: the user that the trusted header names, otherwise `user` of the request, otherwise the user of
 *  the key, otherwise the name of the key. @throws Problem invalid_request, user_not_found */
export function userOfRequest(
  user: string | null | undefined,
  { identity, namedUser, owns }: Pick<RequestContext, 'identity' | 'namedUser' | 'owns'>,
): string {
  const userId = namedUser ?? user ?? identity.userId ?? identity.name;
  if (!isUserId(userId)) {
    const detail = 'is required: the name of the key is not a valid user id';
    throw invalidRequest([{ pointer: '/user', detail }]);
  }
  if (!owns(userId)) throw new Problem('user_not_found', 'No user has this id.');
  return userId;
}

/** A session, and where a turn continues it. */
export interface Place {
  /** Null: a new session. */
  readonly session: string | null;
  /** Undefined: the turn continues the newest branch. */
  readonly continues: Continuation | undefined;
}

interface Candidate {
  readonly turn: Turn;
  readonly match: 'same' | 'part';
  readonly shown: Shown;
}

/** A history that lacks turns of the branch and also has other messages may be that of another chat. */
const isSure = ({ shown }: Pick<Candidate, 'shown'>): boolean => shown.isWhole || shown.isKnown;

/** Better candidates have higher numbers: the same text, all turns of the branch shown, all that is shown known, and then
 *  delivered: a reply that is still held adds nothing to the prompt. */
const rankOf = ({ turn, match, shown }: Candidate): number =>
  (match === 'same' ? 8 : 0) + (shown.isWhole ? 4 : 0) + (shown.isKnown ? 2 : 0) + (replyOf(turn) === null ? 0 : 1);

/** Reads the messages before a turn, each turn once. Null: so many turns were compared that no more should be. */
type ReadBefore = (turn: Turn) => Promise<readonly ConversationRow[] | null>;

function readerBefore(turns: Services['turns']): ReadBefore {
  const read = new Map<string, Promise<readonly ConversationRow[]>>();
  let compared = 0;
  return async (turn) => {
    compared += 1;
    if (compared > MAX_COMPARISONS) return null;
    const rows = read.get(turn.turnId) ?? turns.before(turn, COMPARED_EXCHANGES);
    read.set(turn.turnId, rows);
    return rows;
  };
}

/** The turns in `among` that match the last exchange and whose branch is the client's history up to there. The newest one is
 *  the first one. `known`: turns of the user, with those in `among`. */
async function candidatesOf(
  readBefore: ReadBefore,
  { among, known }: { readonly among: readonly Turn[]; readonly known: readonly Turn[] },
  exchanges: readonly Exchange[],
  heldText: string,
): Promise<Candidate[]> {
  const last = exchanges.at(-1)!;
  const candidates: Candidate[] = [];
  for (const turn of among) {
    const match = matchOfTurn(turn, last, heldText);
    if (match === null) continue;
    const ofSession = known.filter(({ sessionId }) => sessionId === turn.sessionId);
    const isUndelivered = (exchange: Exchange) =>
      ofSession.some((each) => matchOfTurn(each, exchange, heldText) !== null);
    const before = await readBefore(turn);
    if (before === null) break;
    const shown = shownOf(before, exchanges.slice(0, -1), { heldText, known, isUndelivered });
    if (isSure({ shown }) || shown.seqs.length > 0) candidates.push({ turn, match, shown });
    if (candidates.filter(isSure).length === MAX_CANDIDATES) break;
  }
  return candidates;
}

/** Whose turns are compared. `session`: only those of this session; null: of all sessions. */
interface Owner {
  readonly userId: string;
  readonly session: string | null;
}

/** The turn, if it is one of theirs. @throws Unavailable */
async function turnOfOwner(
  turns: Services['turns'],
  { userId, session }: Owner,
  turnId: string | null,
): Promise<Turn[]> {
  const turn = turnId === null ? null : await turns.find(turnId);
  return turn?.userId === userId && (session === null || turn.sessionId === session) ? [turn] : [];
}

/** The exchanges, without ids that are not those of known turns: some clients make ids of the same form. */
const withKnownIds = (exchanges: readonly Exchange[], known: readonly Turn[]): Exchange[] => {
  const ids = new Set(known.map(({ turnId }) => turnId));
  return exchanges.map((each) =>
    each.turnId !== null && !ids.has(each.turnId) && (each.assistant.trim() !== '' || each.calls.length > 0)
      ? { ...each, turnId: null }
      : each,
  );
};

interface Found {
  readonly best: Candidate;
  /** The number of exchanges up to the one that matches. */
  readonly end: number;
}

/** The sure find, unless the other one shows more turns: the history of a client that puts examples before the part of a
 *  chat that it still shows is never sure. */
const betterOf = (sure: Found | null, unsure: Found | null): Found | null =>
  sure && (!unsure || sure.best.shown.seqs.length >= unsure.best.shown.seqs.length) ? sure : unsure;

/** The turn that matches the newest exchange of which there is one: first among the newest turns, then among older ones
 *  while the last exchange has none. The turn that the client names is among the first ones, however old it is. */
async function newestMatch(
  turns: Services['turns'],
  owner: Owner,
  { exchanges, heldText }: Pick<ChatMessage, 'exchanges'> & { readonly heldText: string },
): Promise<Found | null> {
  const { userId, session } = owner;
  const readBefore = readerBefore(turns);
  let known: readonly Turn[] = [];
  let found: Found | null = null;
  let unsure: Found | null = null;
  let beforeSeq: number | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const filter = { limit: PAGE_TURNS, beforeSeq, ...(session !== null && { sessionId: session }) };
    const read = await turns.list(userId, filter);
    const { turnId } = exchanges.at(-1)!;
    const isRead = page > 0 || read.some((turn) => turn.turnId === turnId);
    const among = isRead ? read : [...read, ...(await turnOfOwner(turns, owner, turnId))];
    known = [...known, ...among];
    const compared = withKnownIds(exchanges, known);
    for (let end = compared.length; end > (found?.end ?? 0); end -= 1) {
      const candidates = await candidatesOf(readBefore, { among, known }, compared.slice(0, end), heldText);
      const [best] = candidates.toSorted((a, b) => rankOf(b) - rankOf(a) || b.shown.seqs.length - a.shown.seqs.length);
      if (!best) continue;
      if (isSure(best)) found = { best, end };
      else unsure ??= { best, end };
    }
    if (found?.end === exchanges.length || read.length < PAGE_TURNS) break;
    beforeSeq = read.at(-1)!.seq;
  }
  return betterOf(found, unsure);
}

/** Where a request with this history continues: after the newest exchange that is a turn of the user, in the session where
 *  the turns before it are those that the client shows. `session`: the one that the request names; null: any. If the
 *  request names none, the prompt contains no turn that the client does not show. `heldText` stands for replies that
 *  await review. @throws Unavailable */
export async function placeOfHistory(
  turns: Services['turns'],
  userId: string,
  history: Pick<ChatMessage, 'exchanges'> & { readonly heldText: string },
  session: string | null,
): Promise<Place> {
  const found = history.exchanges.length === 0 ? null : await newestMatch(turns, { userId, session }, history);
  if (!found) return { session, continues: undefined };
  const { turn, shown } = found.best;
  const isWhole = shown.isWhole || session !== null;
  const continues = { follows: turn.turnId, shown: isWhole ? null : [...shown.seqs, turn.seq] };
  return { session: turn.sessionId, continues };
}

export interface ChatTurnRequest extends Place {
  readonly userId: string;
  readonly assistant: Assistant;
  /** What the client sent as instructions. */
  readonly instructions: readonly string[];
  readonly text: string;
  readonly pictures: readonly GivenPicture[];
  readonly tools: GivenTools;
  readonly results: ClientResults;
  readonly metadata: GivenMetadata;
  /** Request options that are stored with the metadata. Null: none. */
  readonly options: object | null;
  readonly idempotencyKey: string | null;
}

/** The instructions of the client, for an assistant that takes them; null: none. @throws Problem invalid_request */
function clientInstructionsOf({ assistant, instructions }: ChatTurnRequest): string | null {
  if (!assistant.appendsClientInstructions) return null;
  const text = instructions.filter((each) => each.trim() !== '').join('\n\n');
  if (text === '') return null;
  if (text.length <= INSTRUCTIONS_CHARACTERS) return storableText(text);
  const detail = `the instructions must have at most ${INSTRUCTIONS_CHARACTERS} characters`;
  throw invalidRequest([{ pointer: '', detail }]);
}

/** Accepts the turn. A repeated request with the same key returns the existing turn. @throws Problem, Unavailable */
export async function acceptChatTurn(
  turns: Services['turns'],
  request: ChatTurnRequest,
  { identity, sentBody }: RequestContext,
): Promise<Turn> {
  const { userId, text, metadata, options, idempotencyKey, tools, results } = request;
  const faults = toolFaults(request.assistant, tools);
  if (faults.length > 0) throw invalidRequest(faults);
  const sessionId = request.session ?? newId();
  const outcome = await turns.accept({
    userId,
    text,
    metadata: { ...metadata, ...(options && { [OPTIONS_KEY]: options }), session_id: sessionId },
    sessionId,
    tags: [],
    assistant: request.assistant.name,
    clientInstructions: clientInstructionsOf(request),
    pictures: picturesFor(request.assistant, request.pictures),
    clientRequest: clientRequestOf(tools, results),
    onBusy: 'enqueue',
    continues: request.continues,
    idempotencyKey,
    isRateLimited: isRateLimited(identity),
    requestHash: hashRequest(sentBody),
  });
  return acceptedTurn(outcome);
}
