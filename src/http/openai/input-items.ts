// The input items of a response: the user's message, and before it the exchanges of the session that were delivered earlier.
import { z } from 'zod';
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

/** At most `limit` items, newest first. */
async function newestFirst({ turns }: Reading, turn: Turn, after: Position | null, limit: number): Promise<Item[]> {
  const isReply = after?.ordinal === 1;
  const beforeSeq = after === null ? turn.seq : isReply ? after.seq + 1 : after.seq;
  const filter = { sessionId: turn.sessionId, status: 'completed', beforeSeq, limit } as const;
  const earlier = (await turns.list(turn.userId, filter)).flatMap((each) => [
    messageJson(each.turnId, 'completed', each.reply),
    inputJson(each),
  ]);
  const items = after === null ? [inputJson(turn), ...earlier] : earlier.slice(isReply ? 1 : 0);
  return items.slice(0, limit);
}

/** At most `limit` items, oldest first. */
async function oldestFirst(
  { conversations }: Reading,
  turn: Turn,
  after: Position | null,
  limit: number,
): Promise<Item[]> {
  if (after?.seq === turn.seq) return [];
  const session = await conversations.ofSession(turn.sessionId, { after: after ?? undefined, limit });
  const earlier = (session?.rows ?? [])
    .filter(({ seq }) => seq < turn.seq)
    .map(({ turnId, role, content }) =>
      role === 'user' ? inputJson({ turnId, text: content }) : messageJson(turnId, 'completed', content),
    );
  return [...earlier, inputJson(turn)].slice(0, limit);
}

/** A page of the input items. Null: `after` is not an item of this response. @throws Unavailable */
export async function inputItemsOf(
  services: Reading,
  turn: Turn,
  { order, limit, after }: ItemPage,
): Promise<InputItems | null> {
  const position = after === undefined ? null : await positionOf(services.turns, turn, after);
  if (after !== undefined && position === null) return null;
  const read = order === 'asc' ? oldestFirst : newestFirst;
  // One more than the page shows whether there are more.
  const items = await read(services, turn, position, limit + 1);
  const data = items.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: items.length > limit,
  };
}
