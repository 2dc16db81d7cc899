// A turn as a response object of OpenAI's API.
import { z } from 'zod';
import { OWN_NAME } from '../../domain/assistants/assistant.ts';
import type { ClientCall } from '../../domain/tools/client-tools.ts';
import { callsOf, type Turn, type TurnStatus } from '../../domain/turn.ts';
import { COMPONENTS } from '../schemas.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { turnkeeperSchema } from './completion-json.ts';
import { callIdOf, messageIdOf, responseIdOf, secondsOf, turnkeeperJson } from './ids.ts';
import { OPTIONS_KEY } from './parameters.ts';

const RESPONSE_STATUSES = ['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'incomplete'] as const;

/** A rejected turn is completed with a reply that says so. An expired turn is incomplete: its reply is withheld. A
 *  completed turn is incomplete if its reply was cut off. */
const STATUSES: Readonly<Record<TurnStatus, (typeof RESPONSE_STATUSES)[number]>> = {
  queued: 'queued',
  running: 'in_progress',
  awaiting_review: 'in_progress',
  completed: 'completed',
  rejected: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'incomplete',
};

const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']);
const outputText = z.object({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()),
});
export const outputMessage = z.object({
  id: z.string(),
  type: z.literal('message'),
  role: z.literal('assistant'),
  status: itemStatus,
  content: z.array(outputText),
});

export const functionCall = z.object({
  id: z.string().meta({ description: '`fc_` followed by the turn id and the number of the call.' }),
  type: z.literal('function_call'),
  status: itemStatus,
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});

export const response = z
  .object({
    id: z.string().meta({ description: '`resp_` followed by the turn id.' }),
    object: z.literal('response'),
    created_at: z.int().meta({ description: 'Unix time in seconds.' }),
    completed_at: z.int().nullable(),
    status: z.enum(RESPONSE_STATUSES),
    background: z.boolean(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.enum(['content_filter', 'max_output_tokens']) }).nullable(),
    model: z.string(),
    output: z.array(z.union([outputMessage, functionCall])),
    previous_response_id: z.string().nullable(),
    usage: z
      .object({
        input_tokens: z.int(),
        input_tokens_details: z.object({ cached_tokens: z.int() }),
        output_tokens: z.int(),
        output_tokens_details: z.object({ reasoning_tokens: z.int() }),
        total_tokens: z.int(),
      })
      .nullable(),
    user: z.string(),
    metadata: z.record(z.string(), z.string()),
    instructions: z.null(),
    max_output_tokens: z.null(),
    parallel_tool_calls: z.literal(false),
    store: z.literal(true),
    temperature: z.null(),
    text: z.object({ format: z.object({ type: z.literal('text') }) }),
    tool_choice: z.literal('none'),
    tools: z.array(z.unknown()),
    top_p: z.null(),
    truncation: z.literal('disabled'),
    turnkeeper: turnkeeperSchema,
  })
  .register(COMPONENTS, { id: 'OpenAiResponse' });

export type ResponseJson = z.output<typeof response>;

export const textJson = (text: string): z.output<typeof outputText> => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: [],
});

/** The output message of a response. `text` null: it has no text yet. */
export const messageJson = (
  turnId: string,
  status: z.output<typeof itemStatus>,
  text: string | null,
): z.output<typeof outputMessage> => ({
  id: messageIdOf(turnId),
  type: 'message',
  role: 'assistant',
  status,
  content: text === null ? [] : [textJson(text)],
});

/** The options of a response request that are stored in the metadata of its turn. */
const requestOptions = z.object({ background: z.boolean(), previous_response_id: z.string().nullable() });
const storedMetadata = z.object({ [OPTIONS_KEY]: requestOptions });
const DEFAULT_OPTIONS = { background: false, previous_response_id: null };

/** Whether the reply ended at the model's limit. */
export const isCutOff = ({ status, finishReason }: Turn): boolean =>
  status === 'completed' && finishReason === 'length';

/** The output item of a call, by its number. */
export const functionCallJson = (
  turnId: string,
  number: number,
  { id, name, arguments: text }: ClientCall,
): z.output<typeof functionCall> => ({
  id: callIdOf(turnId, number),
  type: 'function_call',
  status: 'completed',
  call_id: id,
  name,
  arguments: text,
});

function outputOf(turn: Turn): ResponseJson['output'] {
  const reply = replyOf(turn);
  const calls = callsOf(turn).map((call, number) => functionCallJson(turn.turnId, number, call));
  if (reply === '' && calls.length > 0) return calls;
  if (reply !== null) return [messageJson(turn.turnId, isCutOff(turn) ? 'incomplete' : 'completed', reply), ...calls];
  return turn.partialReply === null ? [] : [messageJson(turn.turnId, 'incomplete', turn.partialReply)];
}

function usageOf({ usage, status }: Turn): ResponseJson['usage'] {
  if (!usage || status === 'awaiting_review') return null;
  const { inputTokens, outputTokens } = usage;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}

/** The string entries of the turn's metadata. OpenAI's metadata allows no other values. */
const metadataOf = ({ metadata }: Turn): Record<string, string> =>
  Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

/** The error of the turn. OpenAI defines few codes, so the turn's own code is at the start of the message. */
const errorOf = ({ error }: Turn): ResponseJson['error'] =>
  error && {
    code: error.code === 'model_rate_limited' ? 'rate_limit_exceeded' : 'server_error',
    message: `${error.code}: ${error.detail}`,
  };

/** The response object of a turn. Its model is the assistant until the endpoint has reported the name of a model. */
export function responseJson(turn: Turn): ResponseJson {
  const stored = storedMetadata.safeParse(turn.metadata);
  const status = isCutOff(turn) ? 'incomplete' : STATUSES[turn.status];
  return {
    id: responseIdOf(turn.turnId),
    object: 'response',
    created_at: secondsOf(turn.createdAt),
    completed_at: status === 'completed' && turn.finishedAt ? secondsOf(turn.finishedAt) : null,
    status,
    ...(stored.success ? stored.data[OPTIONS_KEY] : DEFAULT_OPTIONS),
    error: errorOf(turn),
    incomplete_details:
      status === 'incomplete' ? { reason: isCutOff(turn) ? 'max_output_tokens' : 'content_filter' } : null,
    model: turn.model ?? turn.assistant ?? OWN_NAME,
    output: outputOf(turn),
    usage: usageOf(turn),
    user: turn.userId,
    metadata: metadataOf(turn),
    instructions: null,
    max_output_tokens: null,
    parallel_tool_calls: false,
    store: true,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'none',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    turnkeeper: turnkeeperJson(turn),
  };
}
