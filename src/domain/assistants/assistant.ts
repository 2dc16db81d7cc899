// Assistants: how turns are answered. The operator defines them in a file; without it there is one, from the settings.
// No I/O.
import type { Budget } from '../budgets/budget.ts';
import type { AssistantTools } from '../tools/tool.ts';

/** The name of the assistant that there is without a file, and the name in requests for the default assistant. */
export const OWN_NAME = 'turnkeeper';

/** Who a system message is from, in the protocol. `user`: the endpoint takes no system messages, so its text comes first in
 *  the first message of the user. */
export const SYSTEM_ROLES = ['system', 'developer', 'user'] as const;
export type SystemRole = (typeof SYSTEM_ROLES)[number];

/** How endpoints name the limit of output tokens. */
export const MAX_TOKENS_FIELDS = ['max_tokens', 'max_completion_tokens'] as const;
export type MaxTokensField = (typeof MAX_TOKENS_FIELDS)[number];

/** What the operator says about an endpoint. Null: not said. */
export interface EndpointTraits {
  /** Whether it is asked to report the usage of a stream. */
  readonly streamUsage: boolean | null;
  readonly systemRole: SystemRole | null;
  readonly maxTokensField: MaxTokensField | null;
  /** Whether the model takes pictures. */
  readonly images: boolean | null;
  /** Whether the model takes tools. */
  readonly tools: boolean | null;
}

export const NO_TRAITS: EndpointTraits = {
  streamUsage: null,
  systemRole: null,
  maxTokensField: null,
  images: null,
  tools: null,
};

/** Where a model is called. */
export interface Endpoint {
  /** Undefined: OpenAI. */
  readonly baseUrl: string | undefined;
  /** Undefined: the endpoint is called without a key. */
  readonly apiKey: string | undefined;
}

/** One of an assistant's models. */
export interface AssistantModel {
  readonly model: string;
  readonly endpoint: Endpoint;
  /** Milliseconds in which failed calls are retried before the next model is called. Of the last model it has no effect. */
  readonly retryMs: number;
  readonly traits: EndpointTraits;
}

/** Parameters of model calls, by their names in the protocol. The limit of output tokens has two names there. */
export interface Parameters {
  readonly maxOutputTokens: number | null;
  readonly others: Readonly<Record<string, unknown>>;
}

export const NO_PARAMETERS: Parameters = { maxOutputTokens: null, others: {} };

export interface Assistant {
  readonly name: string;
  readonly description: string;
  /** Null: the standard ones. */
  readonly instructions: string | null;
  /** In the order in which they are tried. At least one. */
  readonly models: readonly AssistantModel[];
  readonly parameters: Parameters;
  /** Of the calls that make summaries: the others are meant for replies. */
  readonly summaryParameters: Parameters;
  /** Maximum number of earlier exchanges in a prompt. */
  readonly exchanges: number;
  /** Maximum number of tokens of a prompt; null: no limit. */
  readonly maxInputTokens: number | null;
  /** Whether instructions of clients are added to the assistant's. */
  readonly appendsClientInstructions: boolean;
  /** Whether prompts contain what is known of the user, and the turns become part of it. */
  readonly memory: boolean;
  readonly tools: AssistantTools;
}

export interface Assistants {
  readonly byName: ReadonlyMap<string, Assistant>;
  /** Answers turns whose request names none. */
  readonly standard: Assistant;
  /** Limits of the tokens that all of them use together. */
  readonly budgets: readonly Budget[];
}

/** The assistants in force. They change when their file changes. */
export interface AssistantSource {
  readonly current: Assistants;
}

/** The names that the parameter `model` may have: the assistants, the standard one's alias, and its first model. */
export const modelNamesOf = ({ byName, standard }: Assistants): string[] => [
  ...new Set([...byName.keys(), OWN_NAME, standard.models[0]!.model]),
];

/** The assistant of this name; null: none. `turnkeeper` is always the standard one. */
export const assistantNamed = ({ byName, standard }: Assistants, name: string): Assistant | null =>
  byName.get(name) ?? (name === OWN_NAME ? standard : null);

/** The assistant that the parameter `model` names; null: none. */
export const assistantOfModel = (assistants: Assistants, model: string): Assistant | null =>
  assistantNamed(assistants, model) ?? (model === assistants.standard.models[0]!.model ? assistants.standard : null);

/** The tokens that a turn of this assistant needs at least: its prompt is not empty. */
export const fewestTokens = ({ byName }: Assistants, name: string): number =>
  1 + (byName.get(name)?.parameters.maxOutputTokens ?? 0);

/** The most exchanges that a prompt of one of the assistants may have. */
export const mostExchanges = ({ byName }: Assistants): number =>
  Math.max(...[...byName.values()].map(({ exchanges }) => exchanges));

/** The names of the assistants whose turns are not remembered. */
export const withoutMemory = ({ byName }: Assistants): string[] =>
  [...byName.values()].filter(({ memory }) => !memory).map(({ name }) => name);
