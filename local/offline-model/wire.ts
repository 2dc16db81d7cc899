// The part of OpenAI's chat completions format that the offline model supports: request parsing, bodies and chunks.
import { z } from 'zod';
import type { ChatMessage } from './reply.ts';
import type { Offer, OfflineCall } from './tools.ts';

const TextPart = z.looseObject({ type: z.literal('text'), text: z.string() });
/** The offline model sees that there is a picture, but not the picture. */
const PicturePart = z
  .looseObject({ type: z.literal('image_url'), image_url: z.looseObject({ url: z.string() }) })
  .transform(() => ({ text: ' [picture]' }));
const Message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.union([TextPart, PicturePart]))]).nullish(),
});
const Tool = z.looseObject({
  function: z.looseObject({ name: z.string(), parameters: z.record(z.string(), z.unknown()).nullish() }),
});
const ToolChoice = z
  .union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }) })])
  .transform((choice) => (typeof choice === 'string' ? choice : choice.function.name));
/** Other fields of the API (temperature, …) are accepted and ignored. */
const ChatRequest = z.looseObject({
  model: z.string().min(1),
  messages: z.array(Message).min(1),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
});

export interface ChatCall {
  readonly messages: readonly ChatMessage[];
  readonly offer: Offer;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** An error response in OpenAI's format. */
export class WireError extends Error {
  readonly status: number;
  readonly body: object;
  constructor(status: number, message: string, code: string | null = null, param: string | null = null) {
    super(message);
    this.status = status;
    this.body = { error: { message, type: 'invalid_request_error', param, code } };
  }
}

/** Parses a chat request. It may name any model, because assistants may name models for which there is no key yet.
 *  @throws WireError if the request is invalid */
export function parseChatCall(body: string): ChatCall {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new WireError(400, 'The body is not JSON.');
  }
  const { success, data, error } = ChatRequest.safeParse(json);
  if (!success) {
    const issue = error.issues[0]!;
    throw new WireError(400, `${issue.path.join('.') || 'body'}: ${issue.message}`, null, issue.path.join('.') || null);
  }
  return {
    messages: data.messages.map(({ role, content }) => ({
      role: role === 'developer' ? 'system' : role,
      content: typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join(''),
    })),
    offer: {
      tools: (data.tools ?? []).map(({ function: { name, parameters } }) => ({ name, parameters: parameters ?? {} })),
      choice: data.tool_choice ?? 'auto',
    },
    stream: data.stream === true,
    includeUsage: data.stream_options?.include_usage === true,
  };
}

export interface OfflineReply {
  readonly id: string;
  readonly model: string;
  readonly created: number;
  readonly text: string;
  /** What the model asks for; missing: nothing. */
  readonly calls?: readonly OfflineCall[];
  readonly finishReason: string;
  readonly usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

/** Counts words instead of tokens. */
export function usageOf(messages: readonly ChatMessage[], text: string): OfflineReply['usage'] {
  const prompt = messages.reduce((sum, { content }) => sum + wordsOf(content).length, 0);
  const completion = wordsOf(text).length;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** Splits a text into words with their white space. Joined, they give the text again. */
export const wordsOf = (text: string): string[] => text.match(/\s*\S+\s*?(?=\s|$)|\s+$/g) ?? [];

const sentCall = ({ id, name, arguments: text }: OfflineCall, index: number): object => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: text },
});

/** The response as one body. */
export function completion({ id, model, created, text, calls = [], finishReason, usage }: OfflineReply): object {
  const message = {
    role: 'assistant',
    content: text === '' ? null : text,
    refusal: null,
    ...(calls.length > 0 && { tool_calls: calls.map(sentCall) }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason };
  return { id, object: 'chat.completion', created, model, choices: [choice], usage };
}

/** The response as server-sent events. The last one is the end mark [DONE] instead of JSON. */
export function* chunks(answer: OfflineReply, includeUsage: boolean): Generator<string> {
  const { id, model, created, text, calls = [], finishReason, usage } = answer;
  const event = (choices: object[], rest: object = {}) =>
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices, ...rest })}\n\n`;
  const choice = (delta: object, finish: string | null) => [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  const open = includeUsage ? { usage: null } : {};
  yield event(choice({ role: 'assistant', content: '' }, null), open);
  for (const word of wordsOf(text)) yield event(choice({ content: word }, null), open);
  for (const [index, call] of calls.entries()) yield event(choice({ tool_calls: [sentCall(call, index)] }, null), open);
  yield event(choice({}, finishReason), open);
  if (includeUsage) yield event([], { usage });
  yield 'data: [DONE]\n\n';
}
