// Chat completions and their chunks in OpenAI's format.
import { z } from 'zod';
import type { ClientCall } from '../../domain/tools/client-tools.ts';
import { callsOf, isFinal, type Turn, type Usage } from '../../domain/turn.ts';
import { COMPONENTS } from '../schemas.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { completionIdOf, secondsOf, turnkeeperJson } from './ids.ts';

export const turnkeeperSchema = z
  .object({ turn_id: z.string(), session_id: z.string(), status: z.string() })
  .register(COMPONENTS, { id: 'OpenAiTurnkeeper' });

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

export const completion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int().meta({ description: 'Unix time in seconds.' }),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable().meta({ description: 'Null: only calls.' }),
          refusal: z.null(),
          tool_calls: z.array(toolCall).optional().meta({ description: 'What the client has to call.' }),
        }),
        logprobs: z.null(),
        finish_reason: z.enum(['stop', 'length', 'tool_calls']),
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
const finishOf = ({ finishReason }: Turn) => (finishReason === 'tool_limit' ? 'stop' : (finishReason ?? 'stop'));

const callJson = ({ id, name, arguments: text }: ClientCall): z.output<typeof toolCall> => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

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
  const calls = callsOf(turn).map(callJson);
  return {
    ...head(turn, turn.model ?? model),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content === '' && calls.length > 0 ? null : content,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
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
  readonly tool_calls?: readonly object[];
}

/** The delta with all calls; null: there are none. */
export function callsDelta(turn: Turn): Delta | null {
  const calls = callsOf(turn).map((call, index) => ({ index, ...callJson(call) }));
  return calls.length === 0 ? null : { tool_calls: calls };
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
