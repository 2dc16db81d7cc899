// The messages and items of a request in one form, whichever protocol they come from. Nothing is validated: clients send back
// whatever they received from any server. No I/O.
import { z } from 'zod';
import type { ClientCall } from '../../domain/tools/client-tools.ts';
import { turnIdOfCall, turnIdOfMessage } from './ids.ts';

export type Item = Readonly<Record<string, unknown>>;

export const TEXT_TYPES = ['text', 'input_text', 'output_text'] as const;
const textPart = z.looseObject({ type: z.enum(TEXT_TYPES), text: z.string() });

export const isText = (part: unknown): boolean => textPart.safeParse(part).success;

/** The text of a content of any form. Parts without text, such as pictures and refusals, are ignored. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter(isText)
    .map(({ text }: z.output<typeof textPart>) => text)
    .join('\n');
}

/** Where in the list the item is. */
interface Place {
  readonly index: number;
}

export interface UserEntry extends Place {
  readonly kind: 'user';
  readonly content: unknown;
}

/** A reply, or a reference to one, or a call of one. */
export interface ReplyEntry extends Place {
  readonly kind: 'reply';
  /** Null: the client does not say. */
  readonly turnId: string | null;
  readonly text: string;
  readonly calls: readonly ClientCall[];
}

/** The result of a call. */
export interface ResultEntry extends Place {
  readonly kind: 'result';
  readonly callId: unknown;
  readonly content: unknown;
  /** The members of the item that have the id and the content. */
  readonly members: { readonly callId: string; readonly content: string };
}

/** `other`: it only takes up its place. */
export type Entry = UserEntry | ReplyEntry | ResultEntry | ({ readonly kind: 'other' } & Place);

const membersOf = (value: unknown): Item => (value !== null && typeof value === 'object' ? { ...value } : {});
const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The calls of a message. A call without an id or a name is none. */
function callsOf({ tool_calls: calls }: Item): ClientCall[] {
  return (Array.isArray(calls) ? calls : [])
    .map((call: unknown) => {
      const { id, function: called } = membersOf(call);
      const { name, arguments: text } = membersOf(called);
      return { id: wordOf(id), name: wordOf(name), arguments: wordOf(text) };
    })
    .filter(({ id, name }) => id !== '' && name !== '');
}

const turnIdOf = ({ id }: Item): string | null =>
  typeof id === 'string' ? (turnIdOfMessage(id) ?? turnIdOfCall(id)) : null;

const CHAT_RESULT = { callId: 'tool_call_id', content: 'content' };
const RESPONSE_RESULT = { callId: 'call_id', content: 'output' };

/** One item of a list. References to replies have no role, and the type may be missing in them. */
function entryOf(item: Item, index: number): Entry {
  const { role = null, type, content } = item;
  if (role === 'user') return { kind: 'user', index, content };
  if (role === 'tool') return { kind: 'result', index, callId: item['tool_call_id'], content, members: CHAT_RESULT };
  if (role === null && type === 'function_call_output')
    return { kind: 'result', index, callId: item['call_id'], content: item['output'], members: RESPONSE_RESULT };
  if (role === null && type === 'function_call') {
    const { call_id: id, name, arguments: text } = item;
    const call = { id: wordOf(id), name: wordOf(name), arguments: wordOf(text) };
    return { kind: 'reply', index, turnId: turnIdOf(item), text: '', calls: call.id && call.name ? [call] : [] };
  }
  const turnId = turnIdOf(item);
  if (role !== 'assistant' && (role !== null || turnId === null)) return { kind: 'other', index };
  return { kind: 'reply', index, turnId, text: textOf(content), calls: callsOf(item) };
}

/** Instructions are not part of the conversation, wherever they are. */
export const isInstruction = ({ role }: Item): boolean => role === 'system' || role === 'developer';

/** Two items of one reply: its text and its calls, or two calls. */
const belongTogether = (one: Entry | undefined, other: Entry): one is ReplyEntry =>
  one?.kind === 'reply' &&
  other.kind === 'reply' &&
  other.calls.length > 0 &&
  other.text === '' &&
  (one.turnId === other.turnId || one.turnId === null || other.turnId === null);

/** The conversation in a list, in order and without instructions. The items of a reply are one entry. */
export function entriesOf(list: readonly Item[]): Entry[] {
  const entries: Entry[] = [];
  for (const [index, item] of list.entries()) {
    if (isInstruction(item)) continue;
    const entry = entryOf(item, index);
    const last = entries.at(-1);
    if (!belongTogether(last, entry)) entries.push(entry);
    else if (entry.kind === 'reply')
      entries[entries.length - 1] = {
        ...last,
        turnId: last.turnId ?? entry.turnId,
        calls: [...last.calls, ...entry.calls],
      };
  }
  return entries;
}
