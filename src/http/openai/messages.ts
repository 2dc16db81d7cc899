// The messages of a request: the last one is the new user message, or the results of calls, and the others are the history. The
// history only identifies the session, so nothing in it is refused.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { textWithPictures } from '../../domain/pictures/picture.ts';
import { hashOfResults, type ClientCall } from '../../domain/tools/client-tools.ts';
import { storableText } from '../schemas.ts';
import { resultFaults, resultsOf, type GivenResult } from './call-results.ts';
import { entriesOf, isInstruction, isText, textOf, type Entry, type Item, type ReplyEntry } from './entries.ts';
import { isPicture, picturesIn, type GivenPicture, type PartFault } from './pictures.ts';

const ACCEPTED = 'turnkeeper accepts text and pictures (image_url, input_image), not audio or files';

const turnText = storableText(1, MESSAGE_LIMITS.textCharacters);

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

/** What is new in a list: everything after the last reply. */
interface NewPart {
  readonly entries: readonly Entry[];
  /** The reply before it. Null: the list has none. */
  readonly reply: ReplyEntry | null;
  readonly earlier: readonly Entry[];
}

function newPartOf(list: readonly Item[]): NewPart {
  const entries = entriesOf(list);
  const last = entries.findLastIndex(({ kind }) => kind === 'reply');
  const reply = entries[last];
  return {
    entries: entries.slice(last + 1),
    reply: reply?.kind === 'reply' ? reply : null,
    earlier: entries.slice(0, last + 1),
  };
}

function newPartFaults({ entries, reply }: NewPart): readonly PartFault[] {
  const last = entries.at(-1);
  if (last === undefined && reply === null) return [{ path: [], message: 'must contain a user message' }];
  if (last?.kind !== 'user' && last?.kind !== 'result') {
    const path = [(last ?? reply)!.index, 'role'];
    return [{ path, message: 'must be user, or the results of calls: the last message becomes the turn' }];
  }
  const ofContent = last.kind === 'user' ? contentFaults(last.content) : [];
  return [
    ...ofContent.map(({ path, message }) => ({ path: [last.index, 'content', ...path], message })),
    ...resultFaults(entries, reply),
  ];
}

/** Messages whose last one, except for instructions, is a user message with a valid turn text, or the result of a call. */
export const messages = z
  .array(z.looseObject({}))
  .min(1)
  .check(({ value, issues }) => {
    for (const { path, message } of newPartFaults(newPartOf(value)))
      issues.push({ code: 'custom', message, path: [...path], input: value });
  })
  .meta({
    description:
      'The last message must be a user message with text or pictures, or the results of the calls that the message before asks for. It becomes the turn. It may have at most 10 pictures (`image_url`, `input_image`): https addresses, and data URLs of PNG, JPEG, GIF and WebP of at most 8 MiB together. Earlier messages and items, of any kind, only identify the turns that it continues: turnkeeper has its own history, of which the prompt contains these turns. Messages with the role `system` or `developer` are ignored, unless the operator lets the assistant take instructions of clients.',
  });

/** An earlier exchange, as the client sent it. */
export interface Exchange {
  /** The turn of the reply, if the client sent the id of the reply or refers to it. */
  readonly turnId: string | null;
  /** Null: the client did not send it. Empty: it sent only results. */
  readonly user: string | null;
  /** The last text of the user, also before results. */
  readonly said: string | null;
  readonly assistant: string;
  /** The ids of the calls that the reply asks for. */
  readonly calls: readonly string[];
  /** A hash of the results that the client sent before the reply; empty: none. */
  readonly resultsHash: string;
}

export interface ChatMessage {
  /** Empty: only results. */
  readonly text: string;
  readonly pictures: readonly GivenPicture[];
  /** Of the calls that the last reply asks for. */
  readonly results: readonly GivenResult[];
  /** The calls of the last reply, as the client shows them. */
  readonly calls: readonly ClientCall[];
  /** Those before the new message, in order. A message without a reply is not part of them. */
  readonly exchanges: readonly Exchange[];
}

/** A message without history. */
export const messageOfText = (text: string): ChatMessage => ({
  text,
  pictures: [],
  results: [],
  calls: [],
  exchanges: [],
});

/** Newest exchanges that are compared. A body can have hundreds of thousands. */
const MAX_EXCHANGES = 1_000;

/** The newest exchanges, in order. The time is linear. */
function exchangesOf(earlier: readonly Entry[]): Exchange[] {
  const exchanges: Exchange[] = [];
  let user: string | null = null;
  let said: string | null = null;
  let given: Entry[] = [];
  for (const entry of earlier) {
    if (entry.kind === 'user') user = said = messageTextOf(entry.content);
    // Results without a text are a turn of their own.
    else if (entry.kind === 'result' && given.length === 0) user = '';
    if (entry.kind !== 'reply') {
      given.push(entry);
      continue;
    }
    const { turnId, text: assistant, calls } = entry;
    const resultsHash = hashOfResults(resultsOf(given));
    given = [];
    if (turnId !== null || assistant.trim() !== '' || calls.length > 0)
      exchanges.push({ turnId, user, said, assistant, calls: calls.map(({ id }) => id), resultsHash });
  }
  return exchanges.slice(-MAX_EXCHANGES);
}

/** The texts of the system and developer messages, in order. */
export const instructionsIn = (list: z.output<typeof messages>): string[] =>
  list.filter(isInstruction).map(({ content }) => textOf(content));

/** The new message and the exchanges before it. `pointer`: of the list. */
export function chatMessageOf(list: z.output<typeof messages>, pointer: '/messages' | '/input'): ChatMessage {
  const { entries, reply, earlier } = newPartOf(list);
  const last = entries.at(-1);
  const content = last?.kind === 'user' ? last.content : null;
  const pictures = picturesIn(content).pictures.map((each) => ({
    pointer: `${pointer}/${last!.index}/content/${each.index}`,
    picture: each.picture,
  }));
  const results = resultsOf(entries).map(({ index, member, ...result }) => ({
    ...result,
    pointer: `${pointer}/${index}/${member}`,
  }));
  return {
    text: content === null ? '' : messageTextOf(content),
    pictures,
    results,
    calls: reply?.calls ?? [],
    exchanges: exchangesOf(earlier),
  };
}
