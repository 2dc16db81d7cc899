// The input items of a response: the user's message, and before it the delivered exchanges that it continues.
import { z } from 'zod';
import type { ConversationRow } from '../../domain/conversation.ts';
import type { Turn } from '../../domain/turn.ts';
import { COMPONENTS } from '../schemas.ts';
import type { Services } from '../services.ts';
import { inputIdOf, turnIdOfInput, turnIdOfMessage } from './ids.ts';
import { messageJson, outputMessage } from './response-json.ts';

const inputMessage = z.object({
  id: z.string().meta({ description: '`msg_in_` followed by the turn id.' }),
  type: z.literal('message'),
  role: z.literal('user'),
  status: z.literal('completed'),
  content: z.array(z.object({ type: z.literal('input_text'), text: z.string() })),
});

export const inputItems = z
  .object({
    object: z.literal('list'),
    data: z.array(z.union([inputMessage, outputMessage])),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .register(COMPONENTS, { id: 'OpenAiInputItems' });

type InputItems = z.output<typeof inputItems>;
type Item = InputItems['data'][number];

const inputJson = ({ turnId, text }: { turnId: string; text: string }): Item => ({
  id: inputIdOf(turnId),
  type: 'message',
  role: 'user',
  status: 'completed',
  content: [{ type: 'input_text', text }],
});

/** A position in the items of a session. */
interface Position {
  readonly seq: number;
  /** 0: the user's message; 1: the reply. */
  readonly ordinal: 0 | 1;
}

/** The position of an item. Null: it is not an item of this response. @throws Unavailable */
async function positionOf(turns: Services['turns'], turn: Turn, itemId: string): Promise<Position | null> {
  const inputTurn = turnIdOfInput(itemId);
  const turnId = inputTurn ?? turnIdOfMessage(itemId);
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

const itemOf = ({ turnId, role, content }: ConversationRow): Item =>
  role === 'user' ? inputJson({ turnId, text: content }) : messageJson(turnId, 'completed', content);

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
    const items = [inputJson(turn), ...rows.map(itemOf).toReversed()];
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
  if (position?.seq === turn.seq) return [];
  // The item itself is read too: it may be one of another branch.
  const from = position && { seq: position.seq, ordinal: position.ordinal - 1 };
  const page = { after: from, limit: limit + 1, turnId: turn.turnId };
  const branch = await conversations.ofSession(turn.sessionId, page);
  const earlier = (branch?.rows ?? []).filter(({ seq }) => seq < turn.seq).map(itemOf);
  if (after !== undefined && earlier.shift()?.id !== after) return null;
  return [...earlier, inputJson(turn)].slice(0, limit);
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
