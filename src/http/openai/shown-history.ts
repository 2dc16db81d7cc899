// Finds the turns that a client shows: compares the history of a request with the turns of its user. No I/O.
import type { ConversationRow } from '../../domain/conversation.ts';
import { callsOf, type Turn } from '../../domain/turn.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import type { Exchange } from './messages.ts';

/** A turn as far as it is compared: its message, and what a client may have got as its reply. */
interface Comparable {
  readonly turnId: string;
  readonly seq: number;
  readonly text: string;
  readonly reply: string | null;
  /** The ids of the calls that the reply asks for. Null: not known. */
  readonly calls: readonly string[] | null;
  /** A hash of the results that the client sent; empty: none. Null: not known. */
  readonly resultsHash: string | null;
  /** Its reply may have awaited review. */
  readonly wasHeld: boolean;
}

/** `part`: the client stopped in the middle of the reply. */
type Match = 'same' | 'part' | null;

/** The position of the next character that is not white space. */
function visibleFrom(text: string, position: number): number {
  let next = position;
  while (next < text.length && text.charAt(next).trim() === '') next += 1;
  return next;
}

/** Compares two texts without their white space: clients trim texts, and some send a reply as one part for each delta, so
 *  that its parts begin and end anywhere. `part`: `shown` is the beginning of `whole`, and not empty. */
function compare(shown: string, whole: string): Match {
  const start = visibleFrom(shown, 0);
  let [at, of] = [start, visibleFrom(whole, 0)];
  while (at < shown.length && shown[at] === whole[of])
    [at, of] = [visibleFrom(shown, at + 1), visibleFrom(whole, of + 1)];
  if (at < shown.length) return null;
  if (of === whole.length) return 'same';
  return at === start ? null : 'part';
}

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((id) => others.includes(id));

/** Whether the client shows the message of the turn, with its results as far as they are known. Calls and results that are not
 *  of turnkeeper may stand between the message and the reply. */
function sameMessage({ text, resultsHash }: Comparable, { user, said, resultsHash: shown }: Exchange): boolean {
  if (user === null) return true;
  if (compare(user, text) === 'same' && (resultsHash === null || resultsHash === shown)) return true;
  return text !== '' && (resultsHash ?? '') === '' && said !== null && compare(said, text) === 'same';
}

function matchOf(turn: Comparable, exchange: Exchange, heldText: string): Match {
  const { turnId, reply, calls, wasHeld } = turn;
  const { user, assistant } = exchange;
  if (exchange.turnId !== null) return exchange.turnId === turnId ? 'same' : null;
  if (!sameMessage(turn, exchange)) return null;
  // The client may have the text that stood for a held reply, although the review is decided by now.
  if (wasHeld && user !== null && compare(assistant, heldText) === 'same') return 'same';
  if (calls !== null && !areSame(calls, exchange.calls)) return null;
  const match = reply === null ? null : compare(assistant, reply);
  return match === 'part' && user === null ? null : match;
}

const comparable = (turn: Turn): Comparable => ({
  ...turn,
  reply: replyOf(turn) ?? turn.partialReply,
  calls: callsOf(turn).map(({ id }) => id),
  resultsHash: turn.clientHash ?? '',
  wasHeld: turn.review !== null,
});

/** How the turn matches an exchange that the client shows; null: it does not. */
export const matchOfTurn = (turn: Turn, exchange: Exchange, heldText: string): Match =>
  matchOf(comparable(turn), exchange, heldText);

/** The delivered exchanges in these rows, in order. The calls and results of turns that are not `known` are not compared. */
function exchangesOf(rows: readonly ConversationRow[], known: readonly Turn[]): Comparable[] {
  const byId = new Map(known.map((turn) => [turn.turnId, comparable(turn)]));
  return rows
    .filter(({ role }) => role === 'user')
    .map(({ turnId, seq, content: text }) => {
      const { calls = null, resultsHash = null } = byId.get(turnId) ?? {};
      const reply = rows.find((row) => row.turnId === turnId && row.role === 'assistant');
      return { turnId, seq, text, reply: reply?.content ?? null, calls, resultsHash, wasHeld: true };
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

interface ShownOptions {
  readonly heldText: string;
  readonly known: readonly Turn[];
  readonly isUndelivered: (exchange: Exchange) => boolean;
}

/** Which turns of a branch a client shows. `rows`: the messages of the branch. `exchanges`: the history of the request.
 *  `known`: turns of the user. `isUndelivered`: an exchange that is no delivered turn of the branch, but another turn of the session. */
export function shownOf(
  rows: readonly ConversationRow[],
  exchanges: readonly Exchange[],
  { heldText, known, isUndelivered }: ShownOptions,
): Shown {
  const turns = exchangesOf(rows, known);
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
