// Finds the turns that a client shows: compares the history of a request with the turns of its user. No I/O.
import type { ConversationRow } from '../../domain/conversation.ts';
import type { Turn } from '../../domain/turn.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import type { Exchange } from './messages.ts';

/** A turn as far as it is compared: its message, and what a client may have got as its reply. */
interface Comparable {
  readonly turnId: string;
  readonly seq: number;
  readonly text: string;
  readonly reply: string | null;
  /** Its reply may have awaited review. */
  readonly wasHeld: boolean;
}

/** `part`: the client stopped in the middle of the reply. */
type Match = 'same' | 'part' | null;

/** White space around the reply is ignored, because some clients remove it. */
function matchOf({ turnId, text, reply, wasHeld }: Comparable, exchange: Exchange, heldText: string): Match {
  const { user } = exchange;
  const content = exchange.assistant.trim();
  if (exchange.turnId !== null) return exchange.turnId === turnId ? 'same' : null;
  if (user !== null && user !== text) return null;
  // The client may have the text that stood for a held reply, although the review is decided by now.
  if (wasHeld && user !== null && content === heldText.trim()) return 'same';
  if (reply !== null && content === reply.trim()) return 'same';
  return user !== null && content !== '' && reply?.trim().startsWith(content) === true ? 'part' : null;
}

const comparable = (turn: Turn): Comparable => ({
  ...turn,
  reply: replyOf(turn) ?? turn.partialReply,
  wasHeld: turn.review !== null,
});

/** How the turn matches an exchange that the client shows; null: it does not. */
export const matchOfTurn = (turn: Turn, exchange: Exchange, heldText: string): Match =>
  matchOf(comparable(turn), exchange, heldText);

/** The delivered exchanges in these rows, in order. */
function exchangesOf(rows: readonly ConversationRow[]): Comparable[] {
  return rows
    .filter(({ role }) => role === 'user')
    .map(({ turnId, seq, content: text }) => {
      const reply = rows.find((row) => row.turnId === turnId && row.role === 'assistant');
      return { turnId, seq, text, reply: reply?.content ?? null, wasHeld: true };
    });
}

export interface Shown {
  /** The seqs of the turns that the client shows, in order. */
  readonly seqs: readonly number[];
  /** The client shows all of the turns. */
  readonly isWhole: boolean;
  /** All that the client shows is known, except its oldest messages: clients leave them out to save space. */
  readonly isKnown: boolean;
}

/** Which turns of a branch a client shows. `rows`: the messages of the branch. `exchanges`: the history of the request.
 *  `isUndelivered`: an exchange that is no delivered turn of the branch, but another turn of the session. */
export function shownOf(
  rows: readonly ConversationRow[],
  exchanges: readonly Exchange[],
  { heldText, isUndelivered }: { heldText: string; isUndelivered: (exchange: Exchange) => boolean },
): Shown {
  const turns = exchangesOf(rows);
  const seqs: number[] = [];
  const unknown: Exchange[] = [];
  let end = exchanges.length;
  for (const turn of turns.toReversed()) {
    const index = exchanges.slice(0, end).findLastIndex((exchange) => matchOf(turn, exchange, heldText) !== null);
    if (index === -1) continue;
    seqs.unshift(turn.seq);
    unknown.push(...exchanges.slice(index + 1, end));
    end = index;
  }
  unknown.push(...exchanges.slice(0, end));
  return { seqs, isWhole: seqs.length === turns.length, isKnown: unknown.every(isUndelivered) };
}
