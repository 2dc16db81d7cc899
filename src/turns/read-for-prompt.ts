// Reads what the prompt of a claimed turn needs and its claim does not contain. An ordinary turn needs nothing.
import type { Work } from '../actors/user-session.ts';
import type { Assistant } from '../domain/assistants/assistant.ts';
import type { ConversationRow, HistoryMessage } from '../domain/conversation.ts';
import type { ClientRequest } from '../domain/tools/client-tools.ts';
import type { Journal } from '../domain/tools/step.ts';
import { lastBefore } from '../store/conversations.ts';
import type { Database } from '../store/database.ts';
import { picturesOfTurn } from '../store/pictures/turn-pictures.ts';
import { clientPartsOf, clientRequestOf } from '../store/steps/client-requests.ts';
import { readJournals } from '../store/steps/journal.ts';
import { clientConversation, lastSaid } from './client-prompt.ts';
import type { ReadForPrompt } from './prompt.ts';

export interface ReadTurn extends ReadForPrompt {
  /** What the client asks for besides text; null: nothing. */
  readonly request: ClientRequest | null;
  /** The message that the review policy judges: without a text, the last one that had a text. */
  readonly message: string;
}

/** The turn whose prompt is read. `history`: null if it is not known yet. */
export type PromptTurn = Pick<
  Work,
  'turnId' | 'sessionId' | 'seq' | 'userId' | 'text' | 'history' | 'pictures' | 'journal' | 'hasClientRequest'
>;

/** Turns that are read to find the beginning of an exchange in which the client makes calls. */
const MAX_TURNS = 1_000;

/** @throws Unavailable */
export async function readForPrompt(database: Database, assistant: Assistant, work: PromptTurn): Promise<ReadTurn> {
  const request = work.hasClientRequest ? await clientRequestOf(database, work.turnId) : null;
  const history = work.history ?? (await lastBefore(database, work, assistant.exchanges));
  const pictures = work.pictures === null ? [] : await picturesOfTurn(database, work);
  const hasResults = (request?.results.length ?? 0) > 0;
  if (hasResults || history.some(({ journal }) => journal === 0))
    return { ...(await withClient(database, assistant, work, request)), pictures, request };
  const journals = await journalsOf(database, work, history);
  return { history, pictures, journals, journal: journals.get(work.turnId) ?? [], request, message: work.text };
}

/** The journals of the turn and of its history. A turn with calls of its client may have one too. */
async function journalsOf(
  database: Database,
  work: PromptTurn,
  history: readonly HistoryMessage[],
): Promise<ReadonlyMap<string, Journal>> {
  const earlier = history.flatMap(({ journal, turnId }) => ((journal ?? null) !== null && turnId ? [turnId] : []));
  const turnIds = [...(work.journal ? [work.turnId] : []), ...earlier];
  return turnIds.length === 0 ? new Map<string, Journal>() : readJournals(database, turnIds);
}

/** Reads whole exchanges: the client's calls and results are turns without a text. */
async function withClient(database: Database, assistant: Assistant, work: PromptTurn, request: ClientRequest | null) {
  const rows = await wholeExchanges(database, work, assistant.exchanges + 1);
  const journals = await journalsOf(database, work, rows);
  const parts = await clientPartsOf(database, [...new Set(rows.map(({ turnId }) => turnId))]);
  const own = { results: request?.results ?? [], calls: request?.calls };
  const client = clientConversation({ rows, parts, journals }, own);
  const message = work.text === '' ? lastSaid(rows) : work.text;
  return { history: [], journals, journal: journals.get(work.turnId) ?? [], client, message };
}

async function wholeExchanges(database: Database, work: PromptTurn, exchanges: number): Promise<ConversationRow[]> {
  for (let turns = exchanges; ; turns *= 4) {
    const rows = await lastBefore(database, work, turns);
    const begun = rows.filter(({ role, content }) => role === 'user' && content !== '').length;
    if (begun >= exchanges || rows.length < turns * 2 || turns >= MAX_TURNS) return rows;
  }
}
