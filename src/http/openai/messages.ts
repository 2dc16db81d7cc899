// The messages of a request: the last one is the new user message, the others are the history.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { storableText } from '../schemas.ts';

const TEXT_ONLY = 'must be a string or an array of text parts: turnkeeper does not accept images, audio or files';
const ROLES = 'must be system, developer, user or assistant: turnkeeper does not call tools';

const part = z.looseObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() });
const content = z.union([z.string(), z.array(part).min(1)], { error: TEXT_ONLY });

const noToolCalls = z
  .unknown()
  .refine((calls) => calls === undefined || calls === null || (Array.isArray(calls) && calls.length === 0), {
    error: 'must be empty: turnkeeper does not call tools',
  })
  .optional();

/** Unknown members are ignored: clients send back members that they received with earlier responses. */
const message = z.discriminatedUnion(
  'role',
  [
    z.looseObject({ role: z.enum(['system', 'developer']), content }),
    z.looseObject({ role: z.literal('user'), content }),
    z.looseObject({ role: z.literal('assistant'), content: content.nullish(), tool_calls: noToolCalls }),
  ],
  { error: ROLES },
);

type Message = z.output<typeof message>;

const textOf = ({ content: given }: Pick<Message, 'content'>): string =>
  typeof given === 'string' ? given : (given ?? []).map(({ text }) => text).join('\n');

/** Whether the message is part of the conversation, and not an instruction. */
const isConversation = ({ role }: Message): boolean => role === 'user' || role === 'assistant';

const turnText = storableText(1, MESSAGE_LIMITS.textCharacters);

/** Messages whose last conversation message is a user message with a valid turn text. */
export const messages = z
  .array(message)
  .min(1)
  .check(({ value, issues }) => {
    const index = value.findLastIndex(isConversation);
    const last = value[index];
    if (last?.role !== 'user') {
      const path = last ? [index, 'role'] : [];
      issues.push({ code: 'custom', message: 'must end with a user message', path, input: value });
      return;
    }
    for (const { message: fault } of turnText.safeParse(textOf(last)).error?.issues ?? [])
      issues.push({ code: 'custom', message: fault, path: [index, 'content'], input: last });
  })
  .meta({
    description:
      'The last user message becomes the turn. Earlier messages only identify the turns that it continues: turnkeeper has its own history, of which the prompt contains these turns. Messages with the role `system` or `developer` are ignored.',
  });

/** An earlier exchange, as the client sent it. */
export interface Exchange {
  /** Null: the client did not send it. */
  readonly user: string | null;
  readonly assistant: string;
}

export interface ChatMessage {
  readonly text: string;
  /** Those before the new message, in order. A message without a reply is not part of them. */
  readonly exchanges: readonly Exchange[];
}

/** The new user message and the exchanges before it. */
export function chatMessageOf(list: z.output<typeof messages>): ChatMessage {
  const conversation = list.filter(isConversation);
  const exchanges = conversation.flatMap((each, index): Exchange[] => {
    if (each.role !== 'assistant') return [];
    const before = conversation[index - 1];
    return [{ user: before?.role === 'user' ? textOf(before) : null, assistant: textOf(each) }];
  });
  return { text: textOf(conversation.at(-1)!), exchanges };
}
