// The request body of POST /v1/responses.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { COMPONENTS, storableText, userId } from '../schemas.ts';
import { parallelToolCalls, responseToolChoice, responseTools } from './client-tools.ts';
import { chatMessageOf, instructionsIn, messageOfText, messages, type ChatMessage } from './messages.ts';
import { modelName } from './models.ts';
import { OF_OTHER_SERVERS } from './other-servers.ts';
import {
  IGNORED,
  ignored,
  metadata,
  NO_LOGPROBS,
  NO_MODERATION,
  ONE_REPLY,
  only,
  streamOptions,
  TEXT_FORMAT,
} from './parameters.ts';

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
    stream_options: streamOptions,
    ...OF_OTHER_SERVERS,
    ...IGNORED,
    instructions: z
      .string()
      .nullish()
      .meta({ description: 'Ignored, unless the operator lets the assistant take instructions of clients.' }),
    max_output_tokens: ignored(z.number()),
    max_tool_calls: ignored(z.number()),
    truncation: ignored(z.string()),
    include: ignored(z.array(z.string())),
    text: z.strictObject({ format: TEXT_FORMAT, verbosity: ignored(z.string()) }).nullish(),
    n: ONE_REPLY,
    tools: responseTools,
    tool_choice: responseToolChoice,
    parallel_tool_calls: parallelToolCalls,
    top_logprobs: NO_LOGPROBS,
    moderation: NO_MODERATION,
    image: only([], 'must be omitted: turnkeeper generates only text'),
    conversation: only([], 'must be omitted: select a session with metadata.session_id or previous_response_id'),
    prompt: only([], 'must be omitted: turnkeeper does not support stored prompts'),
  })
  .register(COMPONENTS, { id: 'OpenAiResponseRequest' });

/** What the client sends as instructions. */
export const instructionsOf = ({ instructions, input }: z.output<typeof responseRequest>): string[] => [
  instructions ?? '',
  ...(typeof input === 'string' ? [] : instructionsIn(input)),
];

/** The new user message of a request, whose input is a string or a list of messages. */
export const inputMessageOf = ({ input }: z.output<typeof responseRequest>): ChatMessage =>
  typeof input === 'string' ? messageOfText(input) : chatMessageOf(input, '/input');
