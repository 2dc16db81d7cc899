// The request body of POST /v1/responses.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { COMPONENTS, storableText, userId } from '../schemas.ts';
import { chatMessageOf, messages, type ChatMessage } from './messages.ts';
import { modelName } from './models.ts';
import { IGNORED, ignored, metadata, NO_LOGPROBS, NO_TOOL_CHOICE, NO_TOOLS, only } from './parameters.ts';

const TEXT_FORMAT = 'must be {"type":"text"}: turnkeeper supports no other format';

export const responseRequest = z
  .strictObject({
    model: modelName,
    input: z.union([storableText(1, MESSAGE_LIMITS.textCharacters), messages]),
    user: userId.nullish(),
    metadata,
    previous_response_id: z
      .string()
      .nullish()
      .meta({ description: 'The id of the response that this turn continues: later ones are not in its prompt.' }),
    background: z
      .boolean()
      .nullish()
      .meta({ description: 'Respond immediately after acceptance, without waiting for the reply.' }),
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
    conversation: only(null, 'must be omitted: select a session with metadata.session_id or previous_response_id'),
    prompt: only(null, 'must be omitted: turnkeeper does not support stored prompts'),
  })
  .register(COMPONENTS, { id: 'OpenAiResponseRequest' });

/** The new user message of a request, whose input is a string or a list of messages. */
export const inputMessageOf = ({ input }: z.output<typeof responseRequest>): ChatMessage =>
  typeof input === 'string' ? { text: input, exchanges: [] } : chatMessageOf(input);
