// The body of a call. Pure.
import type { EndpointTraits, MaxTokensField, Parameters, SystemRole } from '../domain/assistants/assistant.ts';
import type { Message } from './model.ts';
import type { EndpointProfile } from './profile.ts';

interface SentMessage {
  readonly role: SystemRole | 'assistant' | 'tool';
  /** A list: the text and the pictures. */
  readonly content: string | readonly object[];
}

export interface CallBody {
  readonly model: string;
  readonly messages: readonly SentMessage[];
  readonly stream: true;
  readonly [parameter: string]: unknown;
}

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

/** The messages with the system's at the beginning of the first one of the user. One message: some endpoints require that
 *  the roles alternate. */
function withoutSystem(messages: readonly Message[]): Message[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== 'system');
  const first = others.findIndex(({ role }) => role === 'user');
  return others.map((message, index) =>
    index === first ? { ...message, content: [...system, message.content].join('\n\n') } : message,
  );
}

/** The messages as the endpoint takes them. */
function sentMessages(messages: readonly Message[], systemRole: SystemRole): SentMessage[] {
  const sent = systemRole === 'user' ? withoutSystem(messages) : messages;
  return sent.map((message) => ({
    role: message.role === 'system' ? systemRole : message.role,
    content: sentContent(message),
  }));
}

/** The limit of output tokens, under the name that the endpoint knows. */
function outputLimit({ isOpenAi, traits, parameters }: CallSettings, learned: MaxTokensField | null): object {
  if (parameters.maxOutputTokens === null) return {};
  const name = learned ?? traits.maxTokensField ?? (isOpenAi ? 'max_completion_tokens' : 'max_tokens');
  return { [name]: parameters.maxOutputTokens };
}

/** The body of a call, without what the endpoint is known to refuse. */
export function callBody(messages: readonly Message[], settings: CallSettings, profile: EndpointProfile): CallBody {
  const { model, traits, parameters } = settings;
  const optional = {
    ...(traits.streamUsage !== false && { stream_options: { include_usage: true } }),
    ...parameters.others,
    ...outputLimit(settings, profile.maxTokensField),
  };
  const accepted = Object.entries(optional).filter(([name]) => !profile.omits(name));
  const systemRole = profile.systemRole ?? traits.systemRole ?? 'system';
  return { model, messages: sentMessages(messages, systemRole), stream: true, ...Object.fromEntries(accepted) };
}
