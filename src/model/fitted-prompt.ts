// A prompt with as many of the earlier exchanges as fit. The newest ones are kept.
import { completeWithRetries, type Attempts } from './attempts.ts';
import {
  ModelError,
  type Completion,
  type CompletionRequest,
  type Message,
  type Model,
  type OfferedTool,
} from './model.ts';
import type { CountTokens } from './tokens.ts';

/** Tokens of a message besides its text, and of the start of the reply. */
const TOKENS_OF_MESSAGE = 4;
const TOKENS_OF_START = 3;
/** Tokens of a picture: rather too many, whatever its size (docs/decisions/0048-pictures.md). */
const TOKENS_OF_PICTURE = 1_700;

/** Tokens of a call or of an offered tool besides its texts. */
const TOKENS_OF_TOOL = 12;

type Counted = Pick<Message, 'content' | 'pictures' | 'toolCalls' | 'toolCallId'>;

export interface Prompt {
  /** Builds the messages with this many of the newest exchanges. */
  readonly messages: (exchanges: number) => readonly Message[];
  /** The messages of the exchanges, oldest first. The messages of tools are in the exchange of their calls, so that none is
   *  left without the other. */
  readonly exchanges: readonly (readonly Counted[])[];
}

async function tokensOf(messages: readonly Counted[], count: CountTokens): Promise<number> {
  let sum = 0;
  for (const { content, pictures = [], toolCalls = [], toolCallId = '' } of messages) {
    sum += TOKENS_OF_MESSAGE + (await count(content)) + TOKENS_OF_PICTURE * pictures.length;
    if (toolCallId !== '') sum += await count(toolCallId);
    for (const { id, name, arguments: text } of toolCalls)
      sum += TOKENS_OF_TOOL + (await count(`${id} ${name} ${text}`));
  }
  return sum;
}

async function tokensOfTools(tools: readonly OfferedTool[], count: CountTokens): Promise<number> {
  let sum = 0;
  for (const tool of tools) sum += TOKENS_OF_TOOL + (await count(JSON.stringify(tool)));
  return sum;
}

/** The tokens of a call, without its output. */
export const tokensOfCall = async (
  { messages, tools = [] }: Pick<CompletionRequest, 'messages' | 'tools'>,
  count: CountTokens,
): Promise<number> => TOKENS_OF_START + (await tokensOf(messages, count)) + (await tokensOfTools(tools, count));

/** How many of the newest exchanges fit into so many tokens, together with the rest of the prompt and the tools. */
export async function fitting(
  prompt: Prompt,
  limit: number | null,
  count: CountTokens,
  tools: readonly OfferedTool[] = [],
): Promise<number> {
  const { exchanges } = prompt;
  if (limit === null || exchanges.length === 0) return exchanges.length;
  const others = (await tokensOf(prompt.messages(0), count)) + (await tokensOfTools(tools, count));
  let left = limit - TOKENS_OF_START - others;
  for (let kept = 0; kept < exchanges.length; kept += 1) {
    left -= await tokensOf(exchanges.at(-1 - kept)!, count);
    if (left < 0) return kept;
  }
  return exchanges.length;
}

export interface FittedRequest extends Omit<CompletionRequest, 'messages'> {
  readonly prompt: Prompt;
  /** How many exchanges the first attempt has. */
  readonly kept: number;
}

/** Completes the prompt. When the model says that it is too long, half of the exchanges are left out in the next attempt,
 *  until none is left. Rejects like `completeWithRetries`. */
export function completeFitted(
  model: Model,
  { prompt, kept, ...request }: FittedRequest,
  attempts: Attempts,
): Promise<Completion> {
  let left = kept;
  const fitted: Model = {
    async complete(attempt) {
      try {
        return await model.complete({ ...attempt, messages: prompt.messages(left) });
      } catch (error) {
        const isTooLong = error instanceof ModelError && error.code === 'model_context_too_long';
        if (!isTooLong || left === 0) throw error;
        left = Math.floor(left / 2);
        throw new ModelError(error.code, error.message, {
          retryable: true,
          adapted: true,
          unbilled: error.unbilled,
          cause: error,
        });
      }
    },
  };
  return completeWithRetries(fitted, { ...request, messages: [] }, attempts);
}
