// POST /v1/responses as it is asked.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { COMPONENTS, storableText, userId } from '../schemas.ts';
import { messages, saidIn, type ChatMessage } from './messages.ts';
import { modelName } from './models.ts';
import { IGNORED, ignored, metadata, NO_LOGPROBS, NO_TOOL_CHOICE, NO_TOOLS, only } from './parameters.ts';

const TEXT_FORMAT = 'must be of the format {"type":"text"}: turnkeeper promises no other';

export const responseRequest = z
  .strictObject({
    model: modelName,
    input: z.union([storableText(1, MESSAGE_LIMITS.textCharacters), messages]),
    user: userId.nullish(),
    metadata,
    previous_response_id: z
      .string()
      .nullish()
      .meta({ description: 'The response whose conversation this turn continues.' }),
    background: z.boolean().nullish().meta({ description: 'Answer at once, with the response as it was accepted.' }),
    stream: z.boolean().nullish(),
    stream_options: z.strictObject({ include_obfuscation: ignored(z.boolean()) }).nullish(),
    ...IGNORED,
    instructions: ignored(z.string()),
    max_output_tokens: ignored(z.int()),
    max_tool_calls: ignored(z.int()),
    reasoning: ignored(z.looseObject({})),
    truncation: ignored(z.string()),
    include: ignored(z.array(z.string())),
    text: z.strictObject({ format: only({ type: 'text' }, TEXT_FORMAT), verbosity: ignored(z.string()) }).nullish(),
    tools: NO_TOOLS,
    tool_choice: NO_TOOL_CHOICE,
    top_logprobs: NO_LOGPROBS,
    conversation: only(null, 'must be left out: name a session by metadata.session_id or previous_response_id'),
    prompt: only(null, 'must be left out: turnkeeper keeps no prompts of OpenAI'),
  })
  .register(COMPONENTS, { id: 'OpenAiResponseRequest' });

/** What is said, of either kind of input. */
export const saidBy = ({ input }: z.output<typeof responseRequest>): ChatMessage =>
  typeof input === 'string' ? { text: input, before: null } : saidIn(input);
