// The input items of a response: the user's message or the results of calls, and before them the delivered exchanges that they
// continue.
import { z } from 'zod';
import type { ConversationRow } from '../../domain/conversation.ts';
import type { ClientPart, ClientResult } from '../../domain/tools/client-tools.ts';
import type { Turn } from '../../domain/turn.ts';
import { COMPONENTS } from '../schemas.ts';
import type { Services } from '../services.ts';
import { inputIdOf, outputIdOf, turnIdOfCall, turnIdOfInput, turnIdOfMessage, turnIdOfOutput } from './ids.ts';
import { functionCall, functionCallJson, messageJson, outputMessage } from './response-json.ts';

const inputMessage = z.object({
  id: z.string().meta({ description: '`msg_in_` followed by the turn id.' }),
  type: z.literal('message'),
  role: z.literal('user'),
  status: z.literal('completed'),
  content: z.array(z.object({ type: z.literal('input_text'), text: z.string() })),
});

const functionCallOutput = z.object({
  id: z.string().meta({ description: '`fco_` followed by the turn id and the number of the result.' }),
  type: z.literal('function_call_output'),
  status: z.literal('completed'),
  call_id: z.string(),
  output: z.string(),
});

export const inputItems = z
  .object({
    object: z.literal('list'),
    data: z.array(z.union([inputMessage, functionCallOutput, outputMessage, functionCall])),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .register(COMPONENTS, { id: 'OpenAiInputItems' });

type InputItems = z.output<typeof inputItems>;
type Item = InputItems['data'][number];

const NO_PART: ClientPart = { results: [], asked: [] };

const outputJson = (turnId: string, number: number, { callId, content }: ClientResult): Item => ({
  id: outputIdOf(turnId, number),
  type: 'function_call_output',
  status: 'completed',
  call_id: callId,
  output: content,
});

const inputJson = (turnId: string, text: string): Item => ({
  id: inputIdOf(turnId),
  type: 'message',
  role: 'user',
  status: 'completed',
  content: [{ type: 'input_text', text }],
});

/** What the user sent: the results of calls, then the message. */
const inputsOf = (turnId: string, text: string, { results }: ClientPart): Item[] => [
  ...results.map((result, number) => outputJson(turnId, number, result)),
  ...(text === '' ? [] : [inputJson(turnId, text)]),
];

/** The reply: its text, then the calls that it asks for. */
const repliesOf = (turnId: string, text: string, { asked }: ClientPart): Item[] => [
  ...(text === '' && asked.length > 0 ? [] : [messageJson(turnId, 'completed', text)]),
  ...asked.map((call, number) => functionCallJson(turnId, number, call)),
];

/** A position in the items of a session. */
interface Position {
  readonly seq: number;
  /** 0: the user's message; 1: the reply. */
  readonly ordinal: 0 | 1;
}

/** The position of an item. Null: it is not an item of this response. @throws Unavailable */
async function positionOf(turns: Services['turns'], turn: Turn, itemId: string): Promise<Position | null> {
  const inputTurn = turnIdOfInput(itemId) ?? turnIdOfOutput(itemId);
  const turnId = inputTurn ?? turnIdOfMessage(itemId) ?? turnIdOfCall(itemId);
  if (turnId === null) return null;
  if (inputTurn === turn.turnId) return { seq: turn.seq, ordinal: 0 };
  const found = await turns.find(turnId);
  const isEarlier = found?.sessionId === turn.sessionId && found.seq < turn.seq && found.status === 'completed';
  return isEarlier ? { seq: found.seq, ordinal: inputTurn === null ? 1 : 0 } : null;
}

export interface ItemPage {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** The id of an item. Only items after it, in this order. Undefined: from the first one. */
  readonly after: string | undefined;
}

type Reading = Pick<Services, 'turns' | 'conversations'>;

/** The items of the messages and of the turn itself, oldest first. @throws Unavailable */
async function itemsOf(turns: Services['turns'], rows: readonly ConversationRow[], turn: Turn) {
  const parts = await turns.clientParts([...new Set([...rows, turn].map(({ turnId }) => turnId))]);
  const partOf = (turnId: string) => parts.get(turnId) ?? NO_PART;
  const earlier = rows.flatMap(({ turnId, role, content }) =>
    (role === 'user' ? inputsOf : repliesOf)(turnId, content, partOf(turnId)),
  );
  return { earlier, own: inputsOf(turn.turnId, turn.text, partOf(turn.turnId)) };
}

/** At most `limit` items after the one with the id `after`, newest first; null: it is not an item of this response. Reads
 *  more exchanges until it is found. */
async function newestFirst(
  { turns }: Reading,
  turn: Turn,
  after: string | undefined,
  limit: number,
): Promise<Item[] | null> {
  for (let exchanges = limit; ; exchanges *= 2) {
    const rows = await turns.before(turn, exchanges);
    const { earlier, own } = await itemsOf(turns, rows, turn);
    const items = [...earlier, ...own].toReversed();
    const from = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
    const isFound = after === undefined || from > 0;
    if (rows.length < exchanges * 2) return isFound ? items.slice(from, from + limit) : null;
    if (isFound && items.length - from >= limit) return items.slice(from, from + limit);
  }
}

/** At most `limit` items after the one with the id `after`, oldest first; null: it is not an item of this response. */
async function oldestFirst(
  { turns, conversations }: Reading,
  turn: Turn,
  after: string | undefined,
  limit: number,
): Promise<Item[] | null> {
  const position = after === undefined ? undefined : await positionOf(turns, turn, after);
  if (position === null) return null;
  // The item itself is read too: it may be one of another branch.
  const from = position && { seq: position.seq, ordinal: position.ordinal - 1 };
  const page = { after: from, limit: limit + 1, turnId: turn.turnId };
  const branch = await conversations.ofSession(turn.sessionId, page);
  const rows = (branch?.rows ?? []).filter(({ seq }) => seq < turn.seq);
  const { earlier, own } = await itemsOf(turns, rows, turn);
  const items = [...earlier, ...own];
  if (after === undefined) return items.slice(0, limit);
  const index = items.findIndex(({ id }) => id === after);
  return index < 0 ? null : items.slice(index + 1, index + 1 + limit);
}

/** A page of the input items. Null: `after` is not an item of this response. @throws Unavailable */
export async function inputItemsOf(
  services: Reading,
  turn: Turn,
  { order, limit, after }: ItemPage,
): Promise<InputItems | null> {
  const read = order === 'asc' ? oldestFirst : newestFirst;
  // One more than the page shows whether there are more.
  const items = await read(services, turn, after, limit + 1);
  if (items === null) return null;
  const data = items.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: items.length > limit,
  };
}
