// The messages of a request: the last one is the new user message, the others are the history. The history only identifies
// the session, so nothing in it is refused: clients send back whatever they received from any server.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { textWithPictures } from '../../domain/pictures/picture.ts';
import { storableText } from '../schemas.ts';
import { turnIdOfMessage } from './ids.ts';
import { isPicture, picturesIn, type GivenPicture, type PartFault } from './pictures.ts';

const ACCEPTED = 'turnkeeper accepts text and pictures (image_url, input_image), not audio or files';
const TEXT_TYPES = ['text', 'input_text', 'output_text'] as const;

const textPart = z.looseObject({ type: z.enum(TEXT_TYPES), text: z.string() });
const turnText = storableText(1, MESSAGE_LIMITS.textCharacters);

type Item = Readonly<Record<string, unknown>>;

/** Instructions are ignored wherever they are. */
const isInstruction = ({ role }: Item): boolean => role === 'system' || role === 'developer';
const isText = (part: unknown): boolean => textPart.safeParse(part).success;

/** The text of a content of any form. Parts without text, such as pictures and refusals, are ignored. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter(isText)
    .map(({ text }: z.output<typeof textPart>) => text)
    .join('\n');
}

/** The text of a user's message. A message of pictures only has one as well. */
const messageTextOf = (content: unknown): string =>
  textWithPictures(textOf(content), Array.isArray(content) ? content.filter(isPicture).length : 0);

/** Maximum number of parts whose faults are reported. */
const MAX_FAULTY_PARTS = 100;

/** The faults of the content of the new message. */
function contentFaults(content: unknown): readonly PartFault[] {
  const given = content ?? '';
  if (typeof given !== 'string' && !Array.isArray(given))
    return [{ path: [], message: `must be a string or an array of parts: ${ACCEPTED}` }];
  const parts: readonly unknown[] = typeof given === 'string' ? [] : given;
  const others = parts.flatMap((part, index) => (isText(part) || isPicture(part) ? [] : [index]));
  const faults = [
    ...others.slice(0, MAX_FAULTY_PARTS).map((index) => ({ path: [index], message: `must be a text: ${ACCEPTED}` })),
    ...picturesIn(given).faults,
  ];
  if (faults.length > 0) return faults;
  const issues = turnText.safeParse(messageTextOf(given)).error?.issues ?? [];
  return issues.map(({ message }) => ({ path: [], message }));
}

const newestIndex = (list: readonly Item[]): number => list.findLastIndex((item) => !isInstruction(item));

/** Messages whose last one, except for instructions, is a user message with a valid turn text. */
export const messages = z
  .array(z.looseObject({}))
  .min(1)
  .check(({ value, issues }) => {
    const list: readonly Item[] = value;
    const index = newestIndex(list);
    const report = (message: string, path: PropertyKey[]) =>
      issues.push({ code: 'custom', message, path, input: value });
    if (index < 0) report('must contain a user message', []);
    else if (list[index]!['role'] !== 'user')
      report('must be user: the last message becomes the turn', [index, 'role']);
    else
      for (const { path, message } of contentFaults(list[index]!['content']))
        report(message, [index, 'content', ...path]);
  })
  .meta({
    description:
      'The last message must be a user message with text or pictures. It becomes the turn. It may have at most 10 pictures (`image_url`, `input_image`): https addresses, and data URLs of PNG, JPEG, GIF and WebP of at most 8 MiB together. Earlier messages and items, of any kind, only identify the turns that it continues: turnkeeper has its own history, of which the prompt contains these turns. Messages with the role `system` or `developer` are ignored, unless the operator lets the assistant take instructions of clients.',
  });

/** An earlier exchange, as the client sent it. */
export interface Exchange {
  /** The turn of the reply, if the client sent the id of the reply or refers to it. */
  readonly turnId: string | null;
  /** Null: the client did not send it. */
  readonly user: string | null;
  readonly assistant: string;
}

export interface ChatMessage {
  readonly text: string;
  readonly pictures: readonly GivenPicture[];
  /** Those before the new message, in order. A message without a reply is not part of them. */
  readonly exchanges: readonly Exchange[];
}

/** A message without history. */
export const messageOfText = (text: string): ChatMessage => ({ text, pictures: [], exchanges: [] });

const turnIdOf = ({ id }: Item): string | null => (typeof id === 'string' ? turnIdOfMessage(id) : null);
/** A reply, or a reference to one, which has no role, and in which the type may be missing. */
const isReply = (item: Item): boolean =>
  item['role'] === 'assistant' || ((item['role'] ?? null) === null && turnIdOf(item) !== null);

/** Newest exchanges that are compared. A body can have hundreds of thousands. */
const MAX_EXCHANGES = 1_000;

/** The newest exchanges, in order. The time is linear. */
function exchangesOf(history: readonly Item[]): Exchange[] {
  const exchanges: Exchange[] = [];
  let user: string | null = null;
  for (const item of history) {
    if (item['role'] === 'user') user = messageTextOf(item['content']);
    if (!isReply(item)) continue;
    const [turnId, assistant] = [turnIdOf(item), textOf(item['content'])];
    if (turnId !== null || assistant.trim() !== '') exchanges.push({ turnId, user, assistant });
  }
  return exchanges.slice(-MAX_EXCHANGES);
}

/** The texts of the system and developer messages, in order. */
export const instructionsIn = (list: z.output<typeof messages>): string[] =>
  list.filter(isInstruction).map(({ content }) => textOf(content));

/** The new user message and the exchanges before it. `pointer`: of the list. */
export function chatMessageOf(list: z.output<typeof messages>, pointer: '/messages' | '/input'): ChatMessage {
  const index = newestIndex(list);
  const all: readonly Item[] = list;
  const content = all[index]!['content'];
  const pictures = picturesIn(content).pictures.map((each) => ({
    pointer: `${pointer}/${index}/content/${each.index}`,
    picture: each.picture,
  }));
  return { text: messageTextOf(content), pictures, exchanges: exchangesOf(all.slice(0, index)) };
}
