// The body of a call. Pure.
import type { EndpointTraits, MaxTokensField, Parameters, SystemRole } from '../domain/assistants/assistant.ts';
import type { Message } from './model.ts';
import type { EndpointProfile } from './profile.ts';

interface SentMessage {
  readonly role: SystemRole | 'assistant';
  readonly content: string;
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

/** The messages as the endpoint takes them. */
function sentMessages(messages: readonly Message[], systemRole: SystemRole): SentMessage[] {
  if (systemRole !== 'user')
    return messages.map(({ role, content }) => ({ role: role === 'system' ? systemRole : role, content }));
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== 'system') as SentMessage[];
  const first = others.findIndex(({ role }) => role === 'user');
  // One message: some endpoints require that the roles alternate.
  return others.map((message, index) =>
    index === first ? { role: 'user', content: [...system, message.content].join('\n\n') } : message,
  );
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
