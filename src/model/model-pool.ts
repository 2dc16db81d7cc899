// The models of the assistants. Assistants that use the same endpoint share its connections, and what was learned about it.
import { type Assistant, type AssistantModel, type Endpoint, type Parameters } from '../domain/assistants/assistant.ts';
import { takesPictures } from '../domain/pictures/picture-models.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Candidate } from './fallback.ts';
import { measured, type MeasuredCalls } from './measured.ts';
import { clientOf, type Client } from './openai-client.ts';
import { OpenAiModel } from './openai-model.ts';
import { EndpointProfile } from './profile.ts';
import { tokenCounterOf } from './tokens.ts';

export interface ModelPoolOptions {
  /** Timeout of a whole attempt in seconds. */
  readonly timeoutS: number;
  readonly metrics: Metrics;
  /** Called once for each peculiarity of a model that its answers show. */
  readonly onLearned: (model: string, what: string) => void;
}

const OPENAI_HOST = 'api.openai.com';

export class ModelPool {
  readonly #options: ModelPoolOptions;
  readonly #clients = new Map<string, Client>();
  readonly #profiles = new Map<string, EndpointProfile>();
  /** A new version of the file has new assistants. */
  readonly #candidates = {
    reply: new WeakMap<Assistant, readonly Candidate[]>(),
    summary: new WeakMap<Assistant, readonly Candidate[]>(),
  };

  constructor(options: ModelPoolOptions) {
    this.#options = options;
  }

  /** The models of the assistant, in the order in which they are tried. */
  candidatesOf(assistant: Assistant, purpose: MeasuredCalls['purpose']): readonly Candidate[] {
    const known = this.#candidates[purpose].get(assistant);
    if (known) return known;
    const parameters = purpose === 'reply' ? assistant.parameters : assistant.summaryParameters;
    const candidates = assistant.models.map((each): Candidate => {
      const labels = { purpose, assistant: assistant.name, model: each.model };
      return {
        name: each.model,
        model: measured(this.#modelOf(each, parameters), labels, this.#options.metrics),
        retryMs: each.retryMs,
        countTokens: tokenCounterOf(each.model),
        takesPictures: takesPictures(each),
        takesTools: each.traits.tools !== false,
      };
    });
    this.#candidates[purpose].set(assistant, candidates);
    return candidates;
  }

  /** Connections to the endpoint. */
  clientOf(endpoint: Endpoint): Client {
    const key = JSON.stringify([endpoint.baseUrl, endpoint.apiKey]);
    const client = this.#clients.get(key) ?? clientOf({ ...endpoint, timeoutS: this.#options.timeoutS });
    this.#clients.set(key, client);
    return client;
  }

  #modelOf({ model, endpoint, traits }: AssistantModel, parameters: Parameters): OpenAiModel {
    const { timeoutS, onLearned } = this.#options;
    const { baseUrl } = endpoint;
    const key = JSON.stringify([baseUrl, model]);
    const profile = this.#profiles.get(key) ?? new EndpointProfile((what) => onLearned(model, what));
    this.#profiles.set(key, profile);
    const isOpenAi = baseUrl === undefined || new URL(baseUrl).hostname === OPENAI_HOST;
    return new OpenAiModel({ client: this.clientOf(endpoint), timeoutS, profile, model, isOpenAi, traits, parameters });
  }
}
