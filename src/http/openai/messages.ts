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
      'The last user message becomes the turn. Earlier messages only identify the session that it continues: turnkeeper has its own history. Messages with the role `system` or `developer` are ignored.',
  });

/** The exchange before the new message, as the client sent it. */
export interface LastExchange {
  /** Null: the client did not send it. */
  readonly user: string | null;
  readonly assistant: string;
}

export interface ChatMessage {
  readonly text: string;
  /** Null: the request contains no earlier reply. */
  readonly lastExchange: LastExchange | null;
}

/** The new user message and the exchange before it. */
export function chatMessageOf(list: z.output<typeof messages>): ChatMessage {
  const conversation = list.filter(isConversation);
  const [user, assistant] = [conversation.at(-3), conversation.at(-2)];
  const text = textOf(conversation.at(-1)!);
  if (assistant?.role !== 'assistant') return { text, lastExchange: null };
  return { text, lastExchange: { user: user?.role === 'user' ? textOf(user) : null, assistant: textOf(assistant) } };
}
