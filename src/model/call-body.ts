// The body of a call. Pure.
import type { EndpointTraits, MaxTokensField, Parameters, SystemRole } from '../domain/assistants/assistant.ts';
import type { CompletionRequest, Message, OfferedTool, ProposedCall } from './model.ts';
import type { EndpointProfile } from './profile.ts';
import { isJsonObject } from './tool-calls.ts';

interface SentMessage {
  readonly role: SystemRole | 'assistant' | 'tool';
  /** A list: the text and the pictures. Null: only calls. */
  readonly content: string | readonly object[] | null;
  readonly tool_calls?: readonly object[];
  readonly tool_call_id?: string;
}

export interface CallBody {
  readonly model: string;
  readonly messages: readonly SentMessage[];
  readonly stream: true;
  readonly [parameter: string]: unknown;
}

/** What a call asks for. */
export type CallRequest = Pick<CompletionRequest, 'messages' | 'tools' | 'toolChoice' | 'parallelToolCalls'>;

/** A model, and how it is called. */
export interface CallSettings {
  readonly model: string;
  /** Whether the endpoint is OpenAI's own, which names the limit of output tokens differently than other servers. */
  readonly isOpenAi: boolean;
  readonly traits: EndpointTraits;
  readonly parameters: Parameters;
}

/** The content of a message. It is a text if it can be one: many endpoints take nothing else. */
function sentContent({ content, pictures = [] }: Message): SentMessage['content'] {
  if (pictures.length === 0) return content;
  const parts = pictures.map(({ url, detail }) => ({
    type: 'image_url',
    image_url: { url, ...(detail && { detail }) },
  }));
  return [{ type: 'text', text: content }, ...parts];
}

/** Servers parse the arguments of earlier calls. A model that wrote none that can be parsed was told so by the result. */
const sentCall = ({ id, name, arguments: text }: ProposedCall): object => ({
  id,
  type: 'function',
  function: { name, arguments: isJsonObject(text) ? text : '{}' },
});

function sentMessage(message: Message, systemRole: SystemRole): SentMessage {
  const { role, toolCalls = [], toolCallId } = message;
  const content = sentContent(message);
  if (role === 'tool') return { role, content, ...(toolCallId !== undefined && { tool_call_id: toolCallId }) };
  const sent = { role: role === 'system' ? systemRole : role, content };
  return toolCalls.length === 0 ? sent : { ...sent, content: content || null, tool_calls: toolCalls.map(sentCall) };
}

const sentTool = ({ name, description, parameters, strict }: OfferedTool): object => ({
  type: 'function',
  function: { name, ...(description !== '' && { description }), parameters, ...(strict !== undefined && { strict }) },
});

/** The tools, and how the model has to use them. */
function toolParameters({ tools = [], toolChoice, parallelToolCalls }: CallRequest): object {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(sentTool),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
  };
}

/** The messages with the system's at the beginning of the first one of the user. One message: some endpoints require that
 *  the roles alternate. */
function withoutSystem(messages: readonly Message[]): Message[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== 'system');
  const first = others.findIndex(({ role }) => role === 'user');
  if (first < 0 && system.length > 0) return [{ role: 'user', content: system.join('\n\n') }, ...others];
  return others.map((message, index) =>
    index === first ? { ...message, content: [...system, message.content].join('\n\n') } : message,
  );
}

/** The messages as the endpoint takes them. */
function sentMessages(messages: readonly Message[], systemRole: SystemRole): SentMessage[] {
  const sent = systemRole === 'user' ? withoutSystem(messages) : messages;
  return sent.map((message) => sentMessage(message, systemRole));
}

/** The limit of output tokens, under the name that the endpoint knows. */
function outputLimit({ isOpenAi, traits, parameters }: CallSettings, learned: MaxTokensField | null): object {
  if (parameters.maxOutputTokens === null) return {};
  const name = learned ?? traits.maxTokensField ?? (isOpenAi ? 'max_completion_tokens' : 'max_tokens');
  return { [name]: parameters.maxOutputTokens };
}

/** Whether a call can do without a parameter that the endpoint refuses. Without `tool_choice` the model calls tools as it
 *  likes: that is `auto`. */
const isOptional = (name: string, value: unknown): boolean => name !== 'tool_choice' || value === 'auto';

/** The body of a call, without what the endpoint is known to refuse. */
export function callBody(request: CallRequest, settings: CallSettings, profile: EndpointProfile): CallBody {
  const { model, traits, parameters } = settings;
  const optional = {
    ...(traits.streamUsage !== false && { stream_options: { include_usage: true } }),
    ...parameters.others,
    ...outputLimit(settings, profile.maxTokensField),
    ...toolParameters(request),
  };
  const accepted = Object.entries(optional).filter(([name, value]) => !profile.omits(name) || !isOptional(name, value));
  const systemRole = profile.systemRole ?? traits.systemRole ?? 'system';
  const messages = sentMessages(request.messages, systemRole);
  return { model, messages, stream: true, ...Object.fromEntries(accepted) };
}
