// Chat completions and their chunks as OpenAI writes them.
import { z } from 'zod';
import type { Turn, Usage } from '../../domain/turn.ts';
import { COMPONENTS } from '../schemas.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { aboutTurn, completionIdOf, heldMessage, secondsOf } from './ids.ts';

export const about = z
  .object({ turn_id: z.string(), session_id: z.string(), status: z.string() })
  .register(COMPONENTS, { id: 'OpenAiTurnkeeper' });

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });

export const completion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int().meta({ description: 'Seconds since 1970.' }),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: z.null(),
        finish_reason: z.literal('stop'),
      }),
    ),
    usage: usage.optional(),
    turnkeeper: about,
  })
  .register(COMPONENTS, { id: 'OpenAiChatCompletion' });

/** What the assistant says of a turn that rests; null: there is nothing to say, it is an error. */
export const spokenOf = (turn: Turn): string | null =>
  turn.status === 'awaiting_review' ? heldMessage(turn) : replyOf(turn);

export const usageJson = ({ inputTokens, outputTokens }: Usage): z.output<typeof usage> => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
});

/** All chunks of a completion name the same model. */
const head = (turn: Turn, model: string) => ({
  id: completionIdOf(turn.turnId),
  created: secondsOf(turn.createdAt),
  model,
});

/** The whole answer. `model`: as the request named it. */
export function completionJson(turn: Turn, content: string, model: string): z.output<typeof completion> {
  return {
    ...head(turn, turn.model ?? model),
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    ...(turn.usage && turn.status !== 'awaiting_review' && { usage: usageJson(turn.usage) }),
    turnkeeper: aboutTurn(turn),
  };
}

interface Delta {
  readonly role?: 'assistant';
  readonly content?: string;
}

/** One chunk with a piece of the answer; with `finish` the last one that has a choice. */
export const chunkJson = (turn: Turn, model: string, delta: Delta, finish = false) => ({
  ...head(turn, model),
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish ? 'stop' : null }],
  turnkeeper: aboutTurn(turn),
});

/** The chunk with the usage, which has no choice. */
export const usageChunkJson = (turn: Turn, model: string) => ({
  ...head(turn, model),
  object: 'chat.completion.chunk',
  choices: [],
  usage: usageJson(turn.usage ?? { inputTokens: 0, outputTokens: 0 }),
  turnkeeper: aboutTurn(turn),
});
