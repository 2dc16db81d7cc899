// What clients send as messages: the last one is what the user says now, the others were said before.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { storableText } from '../schemas.ts';

const TEXT_ONLY = 'must be a text, or an array of text parts: turnkeeper takes no images, audio or files';
const ROLES = 'must be system, developer, user or assistant: turnkeeper calls no tools';

const part = z.looseObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() });
const content = z.union([z.string(), z.array(part).min(1)], { error: TEXT_ONLY });

const noToolCalls = z
  .unknown()
  .refine((calls) => calls === undefined || calls === null || (Array.isArray(calls) && calls.length === 0), {
    error: 'must be empty: turnkeeper calls no tools',
  })
  .optional();

/** Members that a client got with an earlier answer and sends back are left aside. */
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

const isSaid = ({ role }: Message): boolean => role === 'user' || role === 'assistant';

const turnText = storableText(1, MESSAGE_LIMITS.textCharacters);

/** Messages of which the last that somebody said is the user's, and can be a turn. */
export const messages = z
  .array(message)
  .min(1)
  .check(({ value, issues }) => {
    const at = value.findLastIndex(isSaid);
    const last = value[at];
    if (last?.role !== 'user') {
      const where = last ? [at, 'role'] : [];
      issues.push({ code: 'custom', message: 'must end with a message of the user', path: where, input: value });
      return;
    }
    for (const { message: fault } of turnText.safeParse(textOf(last)).error?.issues ?? [])
      issues.push({ code: 'custom', message: fault, path: [at, 'content'], input: last });
  })
  .meta({
    description:
      'The last message of the user is the turn. Earlier ones only tell which conversation it continues: turnkeeper has its own history. Messages of `system` and `developer` are ignored.',
  });

/** The exchange before the turn, as the client shows it. */
export interface LastExchange {
  /** Null: the client did not send it. */
  readonly user: string | null;
  readonly assistant: string;
}

export interface ChatMessage {
  readonly text: string;
  /** Null: nothing was answered before. */
  readonly before: LastExchange | null;
}

/** What is said now, and what it follows on. */
export function saidIn(list: z.output<typeof messages>): ChatMessage {
  const said = list.filter(isSaid);
  const [user, assistant] = [said.at(-3), said.at(-2)];
  const text = textOf(said.at(-1)!);
  if (assistant?.role !== 'assistant') return { text, before: null };
  return { text, before: { user: user?.role === 'user' ? textOf(user) : null, assistant: textOf(assistant) } };
}
