// Chat completions and their chunks in OpenAI's format.
import { z } from 'zod';
import { FINISH_REASONS, isFinal, type Turn, type Usage } from '../../domain/turn.ts';
import { COMPONENTS } from '../schemas.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { completionIdOf, secondsOf, turnkeeperJson } from './ids.ts';

export const turnkeeperSchema = z
  .object({ turn_id: z.string(), session_id: z.string(), status: z.string() })
  .register(COMPONENTS, { id: 'OpenAiTurnkeeper' });

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });

export const completion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int().meta({ description: 'Unix time in seconds.' }),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: z.null(),
        finish_reason: z.enum(FINISH_REASONS),
      }),
    ),
    usage: usage.optional(),
    turnkeeper: turnkeeperSchema,
  })
  .register(COMPONENTS, { id: 'OpenAiChatCompletion' });

/** The assistant's content for a settled turn; `heldText` stands for a reply that awaits review. Null: the turn has none,
 *  which is an error. */
export const contentOf = (turn: Turn, heldText: string): string | null =>
  turn.status === 'awaiting_review' ? heldText : replyOf(turn);

/** How the content ended. A text of turnkeeper is whole, and so is a reply of which nothing else is known. */
const finishOf = ({ finishReason }: Turn) => finishReason ?? 'stop';

export const usageJson = ({ inputTokens, outputTokens }: Usage): z.output<typeof usage> => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
});

/** The members that all chunks of a completion share. `model` must be the same in all of them. */
const head = (turn: Turn, model: string) => ({
  id: completionIdOf(turn.turnId),
  created: secondsOf(turn.createdAt),
  model,
});

/** The chat completion. `model`: the model name in the request. */
export function completionJson(turn: Turn, content: string, model: string): z.output<typeof completion> {
  return {
    ...head(turn, turn.model ?? model),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: finishOf(turn),
      },
    ],
    ...(turn.usage && turn.status !== 'awaiting_review' && { usage: usageJson(turn.usage) }),
    turnkeeper: turnkeeperJson(turn),
  };
}

interface Delta {
  readonly role?: 'assistant';
  readonly content?: string;
}

/** A chunk with a delta of the content. `finish`: the last chunk with a choice. */
export const chunkJson = (turn: Turn, model: string, delta: Delta, finish = false) => ({
  ...head(turn, model),
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish ? finishOf(turn) : null }],
  turnkeeper: turnkeeperJson(turn),
});

/** The usage chunk, which has no choice. Clients require numbers, so unknown usage is zero. */
export const usageChunkJson = (turn: Turn, model: string) => ({
  ...head(turn, model),
  object: 'chat.completion.chunk',
  choices: [],
  usage: usageJson((isFinal(turn.status) && turn.usage) || { inputTokens: 0, outputTokens: 0 }),
  turnkeeper: turnkeeperJson(turn),
});
