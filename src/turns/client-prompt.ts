// The messages of a prompt with what clients were asked for and what they sent. The messages of calls and results belong to the
// exchange of the user's message that caused them. No I/O.
import type { ConversationRow } from '../domain/conversation.ts';
import type { ClientCall, ClientResults } from '../domain/tools/client-tools.ts';
import type { Journal } from '../domain/tools/step.ts';
import type { Message } from '../model/model.ts';
import type { ClientPart } from '../store/steps/client-requests.ts';
import { messagesOfHistory } from './tool-prompt.ts';

export interface ClientConversation {
  /** The earlier exchanges, oldest first, each whole. */
  readonly exchanges: readonly (readonly Message[])[];
  /** The exchange that the results of the turn continue, with these results. Empty: it has none. */
  readonly open: readonly Message[];
}

/** What was read for a turn. */
export interface ReadConversation {
  readonly rows: readonly ConversationRow[];
  readonly parts: ReadonlyMap<string, ClientPart>;
  readonly journals: ReadonlyMap<string, Journal>;
}

class Exchanges {
  readonly groups: Message[][] = [];
  /** The last reply, and the calls that it asks for; null: the user has said something since. */
  #asking: { readonly at: number; readonly calls: readonly ClientCall[] } | null = null;

  add(message: Message): void {
    if (message.role === 'user' || this.groups.length === 0) this.groups.push([]);
    this.groups.at(-1)!.push(message);
  }

  reply(content: string, calls: readonly ClientCall[]): void {
    this.add({ role: 'assistant', content });
    this.#asking = { at: this.groups.at(-1)!.length - 1, calls };
  }

  /** Adds the results, after the calls to which they belong. Neither is left without the other: models refuse that. */
  answer({ results, calls: shown }: ClientResults): void {
    const calls = (shown ?? this.#asking?.calls ?? []).filter(({ id }) => results.some(({ callId }) => callId === id));
    if (calls.length > 0) this.#ask(calls, shown === undefined);
    for (const { id } of calls) {
      const { content } = results.find(({ callId }) => callId === id)!;
      this.add({ role: 'tool', content, toolCallId: id });
    }
    this.#asking = null;
  }

  #ask(calls: readonly ClientCall[], areOfReply: boolean): void {
    const group = this.groups.at(-1);
    if (!areOfReply || !group || !this.#asking) this.add({ role: 'assistant', content: '', toolCalls: calls });
    else group[this.#asking.at] = { ...group[this.#asking.at]!, toolCalls: calls };
  }

  /** Without replies that say nothing: the client did not make the calls that they asked for. */
  whole(): Message[][] {
    const saysNothing = ({ role, content, toolCalls }: Message) =>
      role === 'assistant' && !toolCalls && content.trim() === '';
    return this.groups
      .map((group) => group.filter((message) => !saysNothing(message)))
      .filter(({ length }) => length > 0);
  }
}

/** The conversation that a turn continues. `own`: the results that its client sent. */
export function clientConversation(
  { rows, parts, journals }: ReadConversation,
  own: ClientResults,
): ClientConversation {
  const exchanges = new Exchanges();
  for (const row of rows) {
    const part = parts.get(row.turnId) ?? { results: [], asked: [] };
    if (row.role === 'user') {
      exchanges.answer(part);
      if (row.content !== '') exchanges.add({ role: 'user', content: row.content });
      continue;
    }
    for (const message of messagesOfHistory([row], journals).slice(0, -1)) exchanges.add(message);
    exchanges.reply(row.content, part.asked);
  }
  exchanges.answer(own);
  const all = exchanges.whole();
  return own.results.length === 0
    ? { exchanges: all, open: [] }
    : { exchanges: all.slice(0, -1), open: all.at(-1) ?? [] };
}

/** What the user said last with a text: what a turn without one is about. Empty: nothing. */
export const lastSaid = (rows: readonly Pick<ConversationRow, 'role' | 'content'>[]): string =>
  rows.findLast(({ role, content }) => role === 'user' && content !== '')?.content ?? '';
