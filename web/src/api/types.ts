// Generated from the OpenAPI document by `npm run check -- --fix`. Do not edit.


export interface Fault {
  /**
   * JSON Pointer into the body, or /path/…, /query/…, /header/….
   */
  pointer: string;
  detail: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /**
   * A stable error code. The list is at /docs/errors.
   */
  code: string;
  errors?: Fault[];
}

export interface OpenAiError {
  error: {
    /**
     * All errors of the request.
     */
    message: string;
    type: string;
    /**
     * The parameter with the first error.
     */
    param: string | null;
    /**
     * A stable error code. The list is at /docs/errors.
     */
    code: string;
    [k: string]: unknown;
  };
}

export interface Activity {
  user_id: string;
  message_count: number;
  by_status: {
    queued: number;
    running: number;
    completed: number;
    awaiting_review: number;
    failed: number;
    cancelled: number;
    rejected: number;
    expired: number;
  };
  reviewed: number;
  input_tokens: number;
  output_tokens: number;
  first_at: string | null;
  last_at: string | null;
}

export interface ActivityByDay {
  from: string;
  to: string;
  items: {
    day: string;
    message_count: number;
    by_status: {
      queued: number;
      running: number;
      completed: number;
      awaiting_review: number;
      failed: number;
      cancelled: number;
      rejected: number;
      expired: number;
    };
    reviewed: number;
    input_tokens: number;
    output_tokens: number;
    first_at: string | null;
    last_at: string | null;
  }[];
}

export interface InitializeAnalytics {
  message_count: number;
}

export interface AnalyticsInitialized {
  status: 'success';
  user_id: string;
  message_count: number;
}

export interface Budget {
  /**
   * `user`: each user has this many tokens. `all`: all users together.
   */
  per: 'user' | 'all';
  window: string;
  /**
   * Tokens in a window.
   */
  limit: number;
  /**
   * Tokens that calls under way may use.
   */
  reserved: number;
  used: number;
  /**
   * When the window ends and the next one begins.
   */
  resets_at: string;
}

export interface TurnReview {
  review_id: string;
  kind: 'reply' | 'tool_call' | 'tool_outcome';
  status: string;
  /**
   * Names of the rules that required the review.
   */
  reasons: string[];
  deadline: string;
  decided_at: string | null;
  decision: string | null;
}

export interface TurnStep {
  /**
   * Number of the call within its turn, from 1.
   */
  step: number;
  tool: string;
  status: 'proposed' | 'awaiting_review' | 'running' | 'done' | 'failed' | 'declined' | 'unknown';
  arguments?: {
    [k: string]: unknown;
  };
  /**
   * Null: none yet.
   */
  result?: {
    [k: string]: unknown;
  };
  /**
   * Whether the rest of the result was cut off.
   */
  truncated?: boolean;
}

export interface Turn {
  turn_id: string;
  user_id: string;
  session_id: string;
  /**
   * Sequence number among the turns of the user: starts at 1, without gaps.
   */
  seq: number;
  status: 'queued' | 'running' | 'completed' | 'awaiting_review' | 'failed' | 'cancelled' | 'rejected' | 'expired';
  /**
   * The delivered turn that this one continues. Null: it starts the session, it is queued and its request named none, or it is older than this member (then it continues the turn before it).
   */
  follows: string | null;
  /**
   * The assistant that answers. Null: accepted by a version without assistants.
   */
  assistant: string | null;
  text: string;
  /**
   * Null until the user may see it.
   */
  reply: string | null;
  partial_reply: string | null;
  /**
   * How the reply ended: `length` means that the model reached its limit. Null: no reply yet, or not known.
   */
  finish_reason: ('stop' | 'length' | 'tool_calls' | 'tool_limit') | null;
  /**
   * The calls of its own tools that the reply asks a client of `/v1` for.
   */
  client_calls: {
    id: string;
    name: string;
    arguments: string;
  }[];
  metadata: {
    session_id: string;
    timestamp: unknown;
    [k: string]: unknown;
  };
  tags: string[];
  review: TurnReview | null;
  error: {
    code: string;
    detail: string;
  } | null;
  attempts: number;
  /**
   * Null if the model endpoint reported none.
   */
  usage: {
    input_tokens: number;
    output_tokens: number;
  } | null;
  model: string | null;
  /**
   * The calls of tools, in order. Arguments and results are shown only to services, reviewers and administrators, by `GET /turns/{turn_id}` and the export.
   */
  steps: TurnStep[];
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  links: {
    self: string;
    events: string;
  };
}

export interface TurnPage {
  items: Turn[];
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
}

export interface ChatRequest {
  /**
   * Id of a user. The turns of a user run one at a time.
   */
  user_id: string;
  /**
   * The message of the user.
   */
  text: string;
  /**
   * Any object of at most 4096 bytes and 8 levels. Numbers that do not fit into 64 bits unchanged, such as identifiers beyond 2^53, are rejected: send them as strings. Without `session_id` a new session starts.
   */
  metadata?: {
    /**
     * Id of a session (one conversation).
     */
    session_id?: string;
    [k: string]: unknown;
  };
  /**
   * @maxItems 16
   */
  tags?:
    | []
    | [string]
    | [string, string]
    | [string, string, string]
    | [string, string, string, string]
    | [string, string, string, string, string]
    | [string, string, string, string, string, string]
    | [string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string, string, string, string, string]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string
      ];
  /**
   * The delivered turn of the session after which this one continues; null: the session’s start. Without it, the turn continues the newest branch of the session.
   */
  follows?: string | null;
  /**
   * The name of an assistant. Without it, or with `turnkeeper`, the default assistant answers.
   */
  assistant?: string | null;
  /**
   * What happens while the user has queued or running turns. `enqueue`: the message becomes a new queued turn. `reject`: 409 `user_busy`, unless the user has no queued or running turn. `interrupt`: the running turn is cancelled, and the text that it had written is kept as its `partial_reply`; queued turns keep their order, and the new turn is queued after them. `rollback`: like `interrupt`, but the text that the running turn had written is discarded. `merge`: the text is appended to the user’s newest queued turn of the same session after a newline, tags and metadata are merged, and the response is that turn; if no such turn exists, or if the result would exceed the limits of one message, the message becomes a new queued turn.
   */
  on_busy?: 'enqueue' | 'reject' | 'interrupt' | 'rollback' | 'merge';
}

export interface Message {
  role: 'user' | 'assistant';
  content: string;
  turn_id: string;
  tags: string[];
  metadata: {
    [k: string]: unknown;
  };
  timestamp: string;
}

export interface UserMessage {
  role: 'user' | 'assistant';
  content: string;
  turn_id: string;
  tags: string[];
  metadata: {
    [k: string]: unknown;
  };
  timestamp: string;
  session_id: string;
}

export interface MessagePage {
  items: UserMessage[];
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
}

export interface Branch {
  turn_id: string;
  created_at: string;
}

export interface Conversation {
  history: Message[];
  session_id: string;
  user_id: string;
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
  /**
   * All branches of the session, newest first. More than one: a turn continued an earlier turn than the last one.
   */
  branches: Branch[];
}

export interface DeadLetter {
  topic: string;
  job_id: string;
  /**
   * The user of the event, if the payload contains one.
   */
  user_id: string | null;
  failed_at: string;
  attempts: number;
  reason: string;
  /**
   * The payload of the event.
   */
  data: {
    [k: string]: unknown;
  };
}

export interface ReplayedLetter {
  topic: string;
  job_id: string;
}

export interface DeadLetterPage {
  items: DeadLetter[];
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
}

export interface InitializeMemory {
  name: string;
  preferred_style: string;
  user_summary: string;
  /**
   * @maxItems 50
   */
  favourite_topics?: string[];
}

export interface PatchMemory {
  name?: string;
  preferred_style?: string;
  user_summary?: string;
  /**
   * @maxItems 50
   */
  favourite_topics?: string[];
}

export interface Profile {
  name: string;
  preferred_style: string;
  user_summary: string;
  favourite_topics: string[];
}

export interface Memory {
  name: string;
  preferred_style: string;
  user_summary: string;
  favourite_topics: string[];
  /**
   * Increases with every change. 0: the user has no memory.
   */
  version: number;
  /**
   * The summary covers the turns of the user up to this `seq`.
   */
  through_seq: number;
}

export interface MemoryInitialized {
  status: 'success';
  user_id: string;
  metadata: Profile;
}

export interface MemoryHistory {
  items: {
    version: number;
    user_summary: string;
    through_seq: number;
    turn_ids: string[];
    replaced_at: string;
  }[];
  /**
   * The turns from which the current summary was generated.
   */
  turn_ids: string[];
}

export interface OpenAiTurnkeeper {
  turn_id: string;
  session_id: string;
  status: string;
}

export interface OpenAiChatCompletion {
  id: string;
  object: 'chat.completion';
  /**
   * Unix time in seconds.
   */
  created: number;
  model: string;
  choices: {
    index: number;
    message: {
      role: 'assistant';
      /**
       * Null: only calls.
       */
      content: string | null;
      refusal: null;
      /**
       * What the client has to call.
       */
      tool_calls?: {
        id: string;
        type: 'function';
        function: {
          name: string;
          arguments: string;
        };
      }[];
    };
    logprobs: null;
    finish_reason: 'stop' | 'length' | 'tool_calls';
  }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
  };
  turnkeeper: OpenAiTurnkeeper;
}

export interface OpenAiModel {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  /**
   * The assistant that answers. Not part of OpenAI’s API.
   */
  assistant: string;
  /**
   * What the operator says about the assistant. Not part of OpenAI’s API.
   */
  description: string;
}

export interface OpenAiModelList {
  object: 'list';
  data: OpenAiModel[];
}

export interface OpenAiChatCompletionRequest {
  /**
   * A model of `GET /v1/models`.
   */
  model: string;
  /**
   * The last message must be a user message with text or pictures, or the results of the calls that the message before asks for. It becomes the turn. It may have at most 10 pictures (`image_url`, `input_image`): https addresses, and data URLs of PNG, JPEG, GIF and WebP of at most 8 MiB together. Earlier messages and items, of any kind, only identify the turns that it continues: turnkeeper has its own history, of which the prompt contains these turns. Messages with the role `system` or `developer` are ignored, unless the operator lets the assistant take instructions of clients.
   *
   * @minItems 1
   */
  messages: [
    {
      [k: string]: unknown;
    },
    ...{
      [k: string]: unknown;
    }[]
  ];
  user?: string | null;
  /**
   * At most 16 strings and 4096 bytes. `session_id`: the session of the turn, a UUID.
   */
  metadata?: {
    [k: string]: string;
  } | null;
  stream?: boolean | null;
  stream_options?: {
    include_usage?: boolean | null;
    /**
     * Accepted and ignored.
     */
    include_obfuscation?: boolean | null;
    /**
     * Accepted and ignored.
     */
    continuous_usage_stats?: boolean | null;
  } | null;
  top_k?: unknown;
  top_a?: unknown;
  min_p?: unknown;
  typical?: unknown;
  typical_p?: unknown;
  tfs?: unknown;
  tfs_z?: unknown;
  top_n_sigma?: unknown;
  nsigma?: unknown;
  n_sigma?: unknown;
  skew?: unknown;
  epsilon_cutoff?: unknown;
  eta_cutoff?: unknown;
  xtc_probability?: unknown;
  xtc_threshold?: unknown;
  min_keep?: unknown;
  do_sample?: unknown;
  num_beams?: unknown;
  samplers?: unknown;
  sampler_order?: unknown;
  sampler_priority?: unknown;
  sampler_seq?: unknown;
  sampler_seed?: unknown;
  random_seed?: unknown;
  mirostat?: unknown;
  mirostat_mode?: unknown;
  mirostat_tau?: unknown;
  mirostat_eta?: unknown;
  adaptive_target?: unknown;
  adaptive_decay?: unknown;
  backend_sampling?: unknown;
  logits_processors?: unknown;
  custom_logit_processor?: unknown;
  custom_params?: unknown;
  watermark?: unknown;
  guidance_scale?: unknown;
  cfg_scale?: unknown;
  negative_prompt?: unknown;
  negative_prompt_scale?: unknown;
  typ_p?: unknown;
  watermarking?: unknown;
  temp?: unknown;
  temperature_last?: unknown;
  temp_last?: unknown;
  dynamic_temperature?: unknown;
  dynatemp_range?: unknown;
  dynatemp_exponent?: unknown;
  dynatemp_low?: unknown;
  dynatemp_high?: unknown;
  dynatemp_min?: unknown;
  dynatemp_max?: unknown;
  min_temp?: unknown;
  max_temp?: unknown;
  temp_exponent?: unknown;
  smoothing_factor?: unknown;
  smoothing_curve?: unknown;
  repetition_penalty?: unknown;
  repeat_penalty?: unknown;
  repeat_last_n?: unknown;
  repetition_penalty_range?: unknown;
  repetition_range?: unknown;
  repetition_decay?: unknown;
  repetition_context_size?: unknown;
  repetition_detection?: unknown;
  rep_pen?: unknown;
  rep_pen_range?: unknown;
  rep_pen_slope?: unknown;
  penalty_range?: unknown;
  penalize_nl?: unknown;
  penalize_newline?: unknown;
  penalty_alpha?: unknown;
  length_penalty?: unknown;
  encoder_repetition_penalty?: unknown;
  no_repeat_ngram_size?: unknown;
  early_stopping?: unknown;
  use_beam_search?: unknown;
  dry_multiplier?: unknown;
  dry_base?: unknown;
  dry_allowed_length?: unknown;
  dry_penalty_last_n?: unknown;
  dry_range?: unknown;
  dry_sequence_breakers?: unknown;
  presence_context_size?: unknown;
  frequency_context_size?: unknown;
  max_new_tokens?: unknown;
  max_length?: unknown;
  max_gen_len?: unknown;
  max_output_tokens?: unknown;
  min_tokens?: unknown;
  min_length?: unknown;
  min_new_tokens?: unknown;
  n_predict?: unknown;
  num_predict?: unknown;
  n_keep?: unknown;
  num_keep?: unknown;
  n_discard?: unknown;
  n_indent?: unknown;
  truncate?: unknown;
  truncate_prompt_tokens?: unknown;
  truncation_length?: unknown;
  truncation_side?: unknown;
  max_context_length?: unknown;
  context_length_exceeded_behavior?: unknown;
  auto_max_new_tokens?: unknown;
  max_tokens_second?: unknown;
  t_max_predict_ms?: unknown;
  t_max_prompt_ms?: unknown;
  stop_token_ids?: unknown;
  stop_regex?: unknown;
  stop_sequences?: unknown;
  stop_sequence?: unknown;
  stopping_strings?: unknown;
  include_stop_str_in_output?: unknown;
  no_stop_trim?: unknown;
  trim_stop?: unknown;
  ignore_eos?: unknown;
  ban_eos_token?: unknown;
  bypass_eos?: unknown;
  add_bos_token?: unknown;
  bad_words?: unknown;
  banned_tokens?: unknown;
  banned_strings?: unknown;
  custom_token_bans?: unknown;
  allowed_token_ids?: unknown;
  use_default_badwordsids?: unknown;
  token_healing?: unknown;
  skip_special_tokens?: unknown;
  spaces_between_special_tokens?: unknown;
  render_special?: unknown;
  add_special_tokens?: unknown;
  chat_template?: unknown;
  chat_template_kwargs?: unknown;
  add_generation_prompt?: unknown;
  mm_processor_kwargs?: unknown;
  media_io_kwargs?: unknown;
  template?: unknown;
  mode?: unknown;
  instruction_template?: unknown;
  instruction_template_str?: unknown;
  chat_template_str?: unknown;
  character?: unknown;
  preset?: unknown;
  role_mapping?: unknown;
  safe_prompt?: unknown;
  prompt_mode?: unknown;
  safety_model?: unknown;
  safety_settings?: unknown;
  middleout?: unknown;
  chat_format?: unknown;
  chat_parser?: unknown;
  preserved_tokens?: unknown;
  think?: unknown;
  thinking?: unknown;
  enable_thinking?: unknown;
  thinking_budget?: unknown;
  thinking_token_budget?: unknown;
  thinking_forced_open?: unknown;
  reasoning_format?: unknown;
  reasoning_budget?: unknown;
  reasoning_in_content?: unknown;
  include_reasoning?: unknown;
  separate_reasoning?: unknown;
  stream_reasoning?: unknown;
  reasoning_budget_tokens?: unknown;
  reasoning_budget_start_tag?: unknown;
  reasoning_budget_end_tag?: unknown;
  reasoning_budget_message?: unknown;
  reasoning_budget_arm_immediately?: unknown;
  options?: unknown;
  keep_alive?: unknown;
  ttl?: unknown;
  num_ctx?: unknown;
  n_ctx?: unknown;
  num_gpu?: unknown;
  num_thread?: unknown;
  num_batch?: unknown;
  main_gpu?: unknown;
  low_vram?: unknown;
  f16_kv?: unknown;
  vocab_only?: unknown;
  use_mmap?: unknown;
  use_mlock?: unknown;
  numa?: unknown;
  ctx_len?: unknown;
  ngl?: unknown;
  draft_model?: unknown;
  num_draft_tokens?: unknown;
  id_slot?: unknown;
  slot_id?: unknown;
  cache_prompt?: unknown;
  cache_salt?: unknown;
  cache_control?: unknown;
  n_cache_reuse?: unknown;
  lora?: unknown;
  lora_path?: unknown;
  adapters?: unknown;
  priority?: unknown;
  request_id?: unknown;
  rid?: unknown;
  session_params?: unknown;
  data_parallel_rank?: unknown;
  kv_transfer_params?: unknown;
  vllm_xargs?: unknown;
  guided_decoding_backend?: unknown;
  guided_whitespace_pattern?: unknown;
  speculative_ngram?: unknown;
  prompt_lookup_num_tokens?: unknown;
  static_cache?: unknown;
  timings_per_token?: unknown;
  return_progress?: unknown;
  post_sampling_probs?: unknown;
  verbose?: unknown;
  details?: unknown;
  quiet?: unknown;
  genkey?: unknown;
  parse_tool_calls?: unknown;
  disable_tool_validation?: unknown;
  provider?: unknown;
  route?: unknown;
  transforms?: unknown;
  usage?: unknown;
  trace?: unknown;
  stream_interval?: unknown;
  incremental_output?: unknown;
  result_format?: unknown;
  ec_transfer_params?: unknown;
  return_mm_kwargs?: unknown;
  routed_experts_prompt_start?: unknown;
  engine?: unknown;
  'speculative.n_min'?: unknown;
  'speculative.n_max'?: unknown;
  'speculative.p_min'?: unknown;
  'speculative.type'?: unknown;
  'speculative.ngram_size_n'?: unknown;
  'speculative.ngram_size_m'?: unknown;
  'speculative.ngram_m_hits'?: unknown;
  /**
   * Not supported: must be 1: a turn has one reply.
   */
  n_cmpl?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be 1: a turn has one reply.
   */
  best_of?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be false: a reply does not contain the message.
   */
  echo?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be false: the last message must be a user message.
   */
  continue_final_message?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_json?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_regex?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_choice?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_grammar?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  structured_outputs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  json_schema?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar_string?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar_lazy?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar_triggers?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  regex?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  ebnf?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  format?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  n_probs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  prompt_logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  logprob_token_ids?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  response_fields?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_prompt_text?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_token_offsets?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_token_ids?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_tokens?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_tokens_as_token_ids?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_hidden_states?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be empty: turnkeeper does not read documents.
   */
  documents?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  plugins?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  enable_search?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  search_parameters?: {
    [k: string]: unknown;
  };
  /**
   * Accepted and ignored.
   */
  temperature?: number | null;
  /**
   * Accepted and ignored.
   */
  top_p?: number | null;
  /**
   * Accepted and ignored.
   */
  max_tokens?: number | null;
  /**
   * Accepted and ignored.
   */
  max_completion_tokens?: number | null;
  /**
   * Accepted and ignored.
   */
  seed?: number | null;
  /**
   * Accepted and ignored.
   */
  stop?: (string | string[]) | null;
  /**
   * Accepted and ignored.
   */
  presence_penalty?: number | null;
  /**
   * Accepted and ignored.
   */
  frequency_penalty?: number | null;
  /**
   * Accepted and ignored.
   */
  logit_bias?:
    | (
        | {
            [k: string]: unknown;
          }
        | unknown[]
      )
    | null;
  /**
   * Accepted and ignored.
   */
  reasoning?: {
    [k: string]: unknown;
  } | null;
  /**
   * Accepted and ignored.
   */
  reasoning_effort?: string | null;
  /**
   * Accepted and ignored.
   */
  verbosity?: string | null;
  /**
   * Accepted and ignored.
   */
  prediction?: {
    [k: string]: unknown;
  } | null;
  /**
   * Accepted and ignored.
   */
  store?: boolean | null;
  /**
   * Accepted and ignored.
   */
  service_tier?: string | null;
  /**
   * Accepted and ignored.
   */
  prompt_cache_key?: string | null;
  /**
   * Accepted and ignored.
   */
  prompt_cache_options?: {
    [k: string]: unknown;
  } | null;
  /**
   * Accepted and ignored.
   */
  prompt_cache_retention?: string | null;
  /**
   * Accepted and ignored.
   */
  safety_identifier?: string | null;
  access_programs?: unknown;
  /**
   * Accepted and ignored.
   */
  context_management?: unknown[] | null;
  /**
   * Not supported: must be 1: a turn has one reply.
   */
  n?: {
    [k: string]: unknown;
  };
  /**
   * Functions that the client calls itself: the reply may ask for calls, and the results are the next message. At most 128, and 512 KiB as JSON. None may have the name of a tool of the assistant.
   */
  tools?:
    | {
        type: 'function';
        function: {
          name: string;
          description?: string | null;
          parameters?: {
            [k: string]: unknown;
          } | null;
          strict?: boolean | null;
          [k: string]: unknown;
        };
        [k: string]: unknown;
      }[]
    | null;
  /**
   * Passed on to the model, with `tools`: `none`, `auto`, `required`, or one of the functions.
   */
  tool_choice?:
    | (
        | ('none' | 'auto' | 'required')
        | {
            type: 'function';
            function: {
              name: string;
              [k: string]: unknown;
            };
            [k: string]: unknown;
          }
      )
    | null;
  /**
   * Passed on to the model, with `tools`.
   */
  parallel_tool_calls?: boolean | null;
  /**
   * Not supported: must be empty: turnkeeper does not call tools.
   */
  functions?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be none or auto: turnkeeper does not call tools.
   */
  function_call?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be ["text"]: turnkeeper generates only text.
   */
  modalities?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper generates only text.
   */
  audio?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be {"type":"text"}: turnkeeper supports no other format.
   */
  response_format?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be false: turnkeeper does not return log probabilities.
   */
  logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be 0: turnkeeper does not return log probabilities.
   */
  top_logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return moderation results.
   */
  moderation?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  web_search_options?: {
    [k: string]: unknown;
  };
}

export interface OpenAiResponse {
  /**
   * `resp_` followed by the turn id.
   */
  id: string;
  object: 'response';
  /**
   * Unix time in seconds.
   */
  created_at: number;
  completed_at: number | null;
  status: 'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'incomplete';
  background: boolean;
  error: {
    code: string;
    message: string;
  } | null;
  incomplete_details: {
    reason: 'content_filter' | 'max_output_tokens';
  } | null;
  model: string;
  output: (
    | {
        id: string;
        type: 'message';
        role: 'assistant';
        status: 'in_progress' | 'completed' | 'incomplete';
        content: {
          type: 'output_text';
          text: string;
          annotations: unknown[];
          logprobs: unknown[];
        }[];
      }
    | {
        /**
         * `fc_` followed by the turn id and the number of the call.
         */
        id: string;
        type: 'function_call';
        status: 'in_progress' | 'completed' | 'incomplete';
        call_id: string;
        name: string;
        arguments: string;
      }
  )[];
  previous_response_id: string | null;
  usage: {
    input_tokens: number;
    input_tokens_details: {
      cached_tokens: number;
    };
    output_tokens: number;
    output_tokens_details: {
      reasoning_tokens: number;
    };
    total_tokens: number;
  } | null;
  user: string;
  metadata: {
    [k: string]: string;
  };
  instructions: null;
  max_output_tokens: null;
  parallel_tool_calls: false;
  store: true;
  temperature: null;
  text: {
    format: {
      type: 'text';
    };
  };
  tool_choice: 'none';
  tools: unknown[];
  top_p: null;
  truncation: 'disabled';
  turnkeeper: OpenAiTurnkeeper;
}

export interface OpenAiInputItems {
  object: 'list';
  data: (
    | {
        /**
         * `msg_in_` followed by the turn id.
         */
        id: string;
        type: 'message';
        role: 'user';
        status: 'completed';
        content: {
          type: 'input_text';
          text: string;
        }[];
      }
    | {
        id: string;
        type: 'message';
        role: 'assistant';
        status: 'in_progress' | 'completed' | 'incomplete';
        content: {
          type: 'output_text';
          text: string;
          annotations: unknown[];
          logprobs: unknown[];
        }[];
      }
  )[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}

export interface OpenAiResponseRequest {
  /**
   * A model of `GET /v1/models`.
   */
  model: string;
  input:
    | string
    | [
        {
          [k: string]: unknown;
        },
        ...{
          [k: string]: unknown;
        }[]
      ];
  user?: string | null;
  /**
   * At most 16 strings and 4096 bytes. `session_id`: the session of the turn, a UUID.
   */
  metadata?: {
    [k: string]: string;
  } | null;
  /**
   * The id of the response that this turn continues: later ones are not in its prompt.
   */
  previous_response_id?: string | null;
  /**
   * Respond immediately after acceptance, without waiting for the reply.
   */
  background?: boolean | null;
  stream?: boolean | null;
  stream_options?: {
    include_usage?: boolean | null;
    /**
     * Accepted and ignored.
     */
    include_obfuscation?: boolean | null;
    /**
     * Accepted and ignored.
     */
    continuous_usage_stats?: boolean | null;
  } | null;
  top_k?: unknown;
  top_a?: unknown;
  min_p?: unknown;
  typical?: unknown;
  typical_p?: unknown;
  tfs?: unknown;
  tfs_z?: unknown;
  top_n_sigma?: unknown;
  nsigma?: unknown;
  n_sigma?: unknown;
  skew?: unknown;
  epsilon_cutoff?: unknown;
  eta_cutoff?: unknown;
  xtc_probability?: unknown;
  xtc_threshold?: unknown;
  min_keep?: unknown;
  do_sample?: unknown;
  num_beams?: unknown;
  samplers?: unknown;
  sampler_order?: unknown;
  sampler_priority?: unknown;
  sampler_seq?: unknown;
  sampler_seed?: unknown;
  random_seed?: unknown;
  mirostat?: unknown;
  mirostat_mode?: unknown;
  mirostat_tau?: unknown;
  mirostat_eta?: unknown;
  adaptive_target?: unknown;
  adaptive_decay?: unknown;
  backend_sampling?: unknown;
  logits_processors?: unknown;
  custom_logit_processor?: unknown;
  custom_params?: unknown;
  watermark?: unknown;
  guidance_scale?: unknown;
  cfg_scale?: unknown;
  negative_prompt?: unknown;
  negative_prompt_scale?: unknown;
  typ_p?: unknown;
  watermarking?: unknown;
  temp?: unknown;
  temperature_last?: unknown;
  temp_last?: unknown;
  dynamic_temperature?: unknown;
  dynatemp_range?: unknown;
  dynatemp_exponent?: unknown;
  dynatemp_low?: unknown;
  dynatemp_high?: unknown;
  dynatemp_min?: unknown;
  dynatemp_max?: unknown;
  min_temp?: unknown;
  max_temp?: unknown;
  temp_exponent?: unknown;
  smoothing_factor?: unknown;
  smoothing_curve?: unknown;
  repetition_penalty?: unknown;
  repeat_penalty?: unknown;
  repeat_last_n?: unknown;
  repetition_penalty_range?: unknown;
  repetition_range?: unknown;
  repetition_decay?: unknown;
  repetition_context_size?: unknown;
  repetition_detection?: unknown;
  rep_pen?: unknown;
  rep_pen_range?: unknown;
  rep_pen_slope?: unknown;
  penalty_range?: unknown;
  penalize_nl?: unknown;
  penalize_newline?: unknown;
  penalty_alpha?: unknown;
  length_penalty?: unknown;
  encoder_repetition_penalty?: unknown;
  no_repeat_ngram_size?: unknown;
  early_stopping?: unknown;
  use_beam_search?: unknown;
  dry_multiplier?: unknown;
  dry_base?: unknown;
  dry_allowed_length?: unknown;
  dry_penalty_last_n?: unknown;
  dry_range?: unknown;
  dry_sequence_breakers?: unknown;
  presence_context_size?: unknown;
  frequency_context_size?: unknown;
  max_new_tokens?: unknown;
  max_length?: unknown;
  max_gen_len?: unknown;
  /**
   * Accepted and ignored.
   */
  max_output_tokens?: number | null;
  min_tokens?: unknown;
  min_length?: unknown;
  min_new_tokens?: unknown;
  n_predict?: unknown;
  num_predict?: unknown;
  n_keep?: unknown;
  num_keep?: unknown;
  n_discard?: unknown;
  n_indent?: unknown;
  truncate?: unknown;
  truncate_prompt_tokens?: unknown;
  truncation_length?: unknown;
  truncation_side?: unknown;
  max_context_length?: unknown;
  context_length_exceeded_behavior?: unknown;
  auto_max_new_tokens?: unknown;
  max_tokens_second?: unknown;
  t_max_predict_ms?: unknown;
  t_max_prompt_ms?: unknown;
  stop_token_ids?: unknown;
  stop_regex?: unknown;
  stop_sequences?: unknown;
  stop_sequence?: unknown;
  stopping_strings?: unknown;
  include_stop_str_in_output?: unknown;
  no_stop_trim?: unknown;
  trim_stop?: unknown;
  ignore_eos?: unknown;
  ban_eos_token?: unknown;
  bypass_eos?: unknown;
  add_bos_token?: unknown;
  bad_words?: unknown;
  banned_tokens?: unknown;
  banned_strings?: unknown;
  custom_token_bans?: unknown;
  allowed_token_ids?: unknown;
  use_default_badwordsids?: unknown;
  token_healing?: unknown;
  skip_special_tokens?: unknown;
  spaces_between_special_tokens?: unknown;
  render_special?: unknown;
  add_special_tokens?: unknown;
  chat_template?: unknown;
  chat_template_kwargs?: unknown;
  add_generation_prompt?: unknown;
  mm_processor_kwargs?: unknown;
  media_io_kwargs?: unknown;
  template?: unknown;
  mode?: unknown;
  instruction_template?: unknown;
  instruction_template_str?: unknown;
  chat_template_str?: unknown;
  character?: unknown;
  preset?: unknown;
  role_mapping?: unknown;
  safe_prompt?: unknown;
  prompt_mode?: unknown;
  safety_model?: unknown;
  safety_settings?: unknown;
  middleout?: unknown;
  chat_format?: unknown;
  chat_parser?: unknown;
  preserved_tokens?: unknown;
  think?: unknown;
  thinking?: unknown;
  enable_thinking?: unknown;
  thinking_budget?: unknown;
  thinking_token_budget?: unknown;
  thinking_forced_open?: unknown;
  reasoning_format?: unknown;
  reasoning_budget?: unknown;
  reasoning_in_content?: unknown;
  include_reasoning?: unknown;
  separate_reasoning?: unknown;
  stream_reasoning?: unknown;
  reasoning_budget_tokens?: unknown;
  reasoning_budget_start_tag?: unknown;
  reasoning_budget_end_tag?: unknown;
  reasoning_budget_message?: unknown;
  reasoning_budget_arm_immediately?: unknown;
  options?: unknown;
  keep_alive?: unknown;
  ttl?: unknown;
  num_ctx?: unknown;
  n_ctx?: unknown;
  num_gpu?: unknown;
  num_thread?: unknown;
  num_batch?: unknown;
  main_gpu?: unknown;
  low_vram?: unknown;
  f16_kv?: unknown;
  vocab_only?: unknown;
  use_mmap?: unknown;
  use_mlock?: unknown;
  numa?: unknown;
  ctx_len?: unknown;
  ngl?: unknown;
  draft_model?: unknown;
  num_draft_tokens?: unknown;
  id_slot?: unknown;
  slot_id?: unknown;
  cache_prompt?: unknown;
  cache_salt?: unknown;
  cache_control?: unknown;
  n_cache_reuse?: unknown;
  lora?: unknown;
  lora_path?: unknown;
  adapters?: unknown;
  priority?: unknown;
  request_id?: unknown;
  rid?: unknown;
  session_params?: unknown;
  data_parallel_rank?: unknown;
  kv_transfer_params?: unknown;
  vllm_xargs?: unknown;
  guided_decoding_backend?: unknown;
  guided_whitespace_pattern?: unknown;
  speculative_ngram?: unknown;
  prompt_lookup_num_tokens?: unknown;
  static_cache?: unknown;
  timings_per_token?: unknown;
  return_progress?: unknown;
  post_sampling_probs?: unknown;
  verbose?: unknown;
  details?: unknown;
  quiet?: unknown;
  genkey?: unknown;
  parse_tool_calls?: unknown;
  disable_tool_validation?: unknown;
  provider?: unknown;
  route?: unknown;
  transforms?: unknown;
  usage?: unknown;
  trace?: unknown;
  stream_interval?: unknown;
  incremental_output?: unknown;
  result_format?: unknown;
  ec_transfer_params?: unknown;
  return_mm_kwargs?: unknown;
  routed_experts_prompt_start?: unknown;
  engine?: unknown;
  'speculative.n_min'?: unknown;
  'speculative.n_max'?: unknown;
  'speculative.p_min'?: unknown;
  'speculative.type'?: unknown;
  'speculative.ngram_size_n'?: unknown;
  'speculative.ngram_size_m'?: unknown;
  'speculative.ngram_m_hits'?: unknown;
  /**
   * Not supported: must be 1: a turn has one reply.
   */
  n_cmpl?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be 1: a turn has one reply.
   */
  best_of?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be false: a reply does not contain the message.
   */
  echo?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be false: the last message must be a user message.
   */
  continue_final_message?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_json?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_regex?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_choice?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  guided_grammar?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  structured_outputs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  json_schema?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar_string?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar_lazy?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  grammar_triggers?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  regex?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  ebnf?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper supports no other format.
   */
  format?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  n_probs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  prompt_logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  logprob_token_ids?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  response_fields?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_prompt_text?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_token_offsets?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_token_ids?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_tokens?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_tokens_as_token_ids?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return this data.
   */
  return_hidden_states?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be empty: turnkeeper does not read documents.
   */
  documents?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  plugins?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  enable_search?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not call tools.
   */
  search_parameters?: {
    [k: string]: unknown;
  };
  /**
   * Accepted and ignored.
   */
  temperature?: number | null;
  /**
   * Accepted and ignored.
   */
  top_p?: number | null;
  /**
   * Accepted and ignored.
   */
  max_tokens?: number | null;
  /**
   * Accepted and ignored.
   */
  max_completion_tokens?: number | null;
  /**
   * Accepted and ignored.
   */
  seed?: number | null;
  /**
   * Accepted and ignored.
   */
  stop?: (string | string[]) | null;
  /**
   * Accepted and ignored.
   */
  presence_penalty?: number | null;
  /**
   * Accepted and ignored.
   */
  frequency_penalty?: number | null;
  /**
   * Accepted and ignored.
   */
  logit_bias?:
    | (
        | {
            [k: string]: unknown;
          }
        | unknown[]
      )
    | null;
  /**
   * Accepted and ignored.
   */
  reasoning?: {
    [k: string]: unknown;
  } | null;
  /**
   * Accepted and ignored.
   */
  reasoning_effort?: string | null;
  /**
   * Accepted and ignored.
   */
  verbosity?: string | null;
  /**
   * Accepted and ignored.
   */
  prediction?: {
    [k: string]: unknown;
  } | null;
  /**
   * Accepted and ignored.
   */
  store?: boolean | null;
  /**
   * Accepted and ignored.
   */
  service_tier?: string | null;
  /**
   * Accepted and ignored.
   */
  prompt_cache_key?: string | null;
  /**
   * Accepted and ignored.
   */
  prompt_cache_options?: {
    [k: string]: unknown;
  } | null;
  /**
   * Accepted and ignored.
   */
  prompt_cache_retention?: string | null;
  /**
   * Accepted and ignored.
   */
  safety_identifier?: string | null;
  access_programs?: unknown;
  /**
   * Accepted and ignored.
   */
  context_management?: unknown[] | null;
  /**
   * Ignored, unless the operator lets the assistant take instructions of clients.
   */
  instructions?: string | null;
  /**
   * Accepted and ignored.
   */
  max_tool_calls?: number | null;
  /**
   * Accepted and ignored.
   */
  truncation?: string | null;
  /**
   * Accepted and ignored.
   */
  include?: string[] | null;
  text?: {
    /**
     * Not supported: must be {"type":"text"}: turnkeeper supports no other format.
     */
    format?: {
      [k: string]: unknown;
    };
    /**
     * Accepted and ignored.
     */
    verbosity?: string | null;
  } | null;
  /**
   * Not supported: must be 1: a turn has one reply.
   */
  n?: {
    [k: string]: unknown;
  };
  /**
   * Functions that the client calls itself: the reply may ask for calls, and the results are the next message. At most 128, and 512 KiB as JSON. None may have the name of a tool of the assistant.
   */
  tools?:
    | {
        type: 'function';
        name: string;
        description?: string | null;
        parameters?: {
          [k: string]: unknown;
        } | null;
        strict?: boolean | null;
        [k: string]: unknown;
      }[]
    | null;
  /**
   * Passed on to the model, with `tools`: `none`, `auto`, `required`, or one of the functions.
   */
  tool_choice?:
    | (
        | ('none' | 'auto' | 'required')
        | {
            type: 'function';
            name: string;
            [k: string]: unknown;
          }
      )
    | null;
  /**
   * Passed on to the model, with `tools`.
   */
  parallel_tool_calls?: boolean | null;
  /**
   * Not supported: must be 0: turnkeeper does not return log probabilities.
   */
  top_logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not return moderation results.
   */
  moderation?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper generates only text.
   */
  image?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: select a session with metadata.session_id or previous_response_id.
   */
  conversation?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be omitted: turnkeeper does not support stored prompts.
   */
  prompt?: {
    [k: string]: unknown;
  };
}

export interface Healthy {
  status: 'healthy';
}

export interface Alive {
  status: 'alive';
}

export interface Check {
  status: 'up' | 'down';
  detail?: string;
}

export interface Readiness {
  status: 'ready' | 'unready';
  /**
   * With `verbose`: whether the process is stopping.
   */
  draining?: boolean;
  /**
   * With `verbose`.
   */
  checks?: {
    database: Check;
    redis: Check;
    actors: Check;
  };
}

export interface Overview {
  turns: {
    queued: number;
    /**
     * How many of the queued turns wait for a budget.
     */
    postponed: number;
    running: number;
    awaiting_review: number;
  };
  /**
   * Age of the oldest queued turn that does not wait for a budget. Null: there is none.
   */
  oldest_waiting_s: number | null;
  /**
   * False: Redis is unavailable, so `topics` is empty.
   */
  queues_answer: boolean;
  topics: {
    topic: string;
    waiting: number;
    active: number;
    delayed: number;
    /**
     * Dead letters.
     */
    failed: number;
    oldest_waiting_s: number | null;
  }[];
  /**
   * Turns that became final in each of the last 48 hours, oldest hour first.
   */
  by_hour: {
    hour: string;
    by_status: {
      [k: string]: number;
    };
  }[];
  /**
   * Failed turns of the last 24 hours by error code, most frequent code first.
   */
  failures: {
    code: string;
    count: number;
  }[];
  /**
   * Turns that became final in the last 24 hours, by assistant and the model that answered, most tokens first, at most 50 rows.
   */
  assistants: {
    assistant: string;
    /**
     * Null: no model answered, because the turns failed or were cancelled before.
     */
    model: string | null;
    turns: number;
    failed: number;
    input_tokens: number;
    output_tokens: number;
  }[];
  /**
   * Expired claims that another worker took over, of turns that became final in the last 24 hours or are not final.
   */
  takeovers: number;
  /**
   * Turns that became final in the last hour. `requests`: model attempts. `latency_*`: time from the claim to the commit, including retries, of replies without a review. Null: no such replies.
   */
  model: {
    requests: number;
    errors: number;
    latency_p50_s: number | null;
    latency_p95_s: number | null;
    input_tokens: number;
    output_tokens: number;
  };
  outbox: {
    waiting: number;
    /**
     * Age of the oldest event that is not published yet.
     */
    age_s: number;
  };
}

export interface ReviewReason {
  /**
   * Name of the rule that required the review.
   */
  rule: string;
  detail: string;
}

export interface ReviewedToolCall {
  tool: string;
  arguments: {
    [k: string]: unknown;
  };
  call_id: string;
  step: number;
  /**
   * Hex SHA-256 of the arguments as they are stored and sent. A decision may repeat it.
   */
  arguments_sha256: string;
}

export interface ListedReview {
  review_id: string;
  /**
   * `reply`: a draft. `tool_call`: a call of a tool that has not been made. `tool_outcome`: a call that was started and whose outcome is not known.
   */
  kind: 'reply' | 'tool_call' | 'tool_outcome';
  turn_id: string;
  user_id: string;
  session_id: string;
  status: 'pending' | 'approved' | 'edited' | 'rejected' | 'responded' | 'retried' | 'expired' | 'cancelled';
  reasons: ReviewReason[];
  /**
   * The message of the user.
   */
  text: string;
  /**
   * The assistant that wrote the draft. Null: accepted by a version without assistants.
   */
  assistant: string | null;
  /**
   * The reply of the model. The user sees it only if it is approved. Null: the review is about a call of a tool.
   */
  draft: string | null;
  /**
   * Hex SHA-256 of the draft. A decision may repeat it.
   */
  draft_sha256: string | null;
  /**
   * How many new drafts reviewers have received: 0 for the first draft. It grows when a new draft is there.
   */
  revision: number;
  /**
   * Whether the model writes a new draft now. Meanwhile `draft` is the last one, and only `reject` is allowed.
   */
  drafting: boolean;
  /**
   * Null: the review is about a reply.
   */
  tool_call: ReviewedToolCall | null;
  /**
   * How the draft ended: `length` means that it was cut off. Null: not known.
   */
  finish_reason: ('stop' | 'length' | 'tool_calls' | 'tool_limit') | null;
  /**
   * Whether the user has sent further messages in the session, so that the draft may be out of date.
   */
  stale: boolean;
  claimed_by: string | null;
  claimed_until: string | null;
  deadline: string;
  decision: ('approve' | 'edit' | 'reject' | 'respond' | 'retry') | null;
  /**
   * The reply that was delivered to the user.
   */
  reply: string | null;
  /**
   * The arguments that a reviewer put in place of those of the call.
   */
  arguments: {
    [k: string]: unknown;
  } | null;
  /**
   * The result that a reviewer gave to the call. Null: none.
   */
  result: {
    [k: string]: unknown;
  };
  note: string | null;
  /**
   * Name of the reviewer who decided. Null: no decision yet, or the deadline passed.
   */
  decided_by: string | null;
  decided_at: string | null;
  created_at: string;
}

export interface ReviewPage {
  items: ListedReview[];
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
}

export interface Review {
  review_id: string;
  /**
   * `reply`: a draft. `tool_call`: a call of a tool that has not been made. `tool_outcome`: a call that was started and whose outcome is not known.
   */
  kind: 'reply' | 'tool_call' | 'tool_outcome';
  turn_id: string;
  user_id: string;
  session_id: string;
  status: 'pending' | 'approved' | 'edited' | 'rejected' | 'responded' | 'retried' | 'expired' | 'cancelled';
  reasons: ReviewReason[];
  /**
   * The message of the user.
   */
  text: string;
  /**
   * The assistant that wrote the draft. Null: accepted by a version without assistants.
   */
  assistant: string | null;
  /**
   * The reply of the model. The user sees it only if it is approved. Null: the review is about a call of a tool.
   */
  draft: string | null;
  /**
   * Hex SHA-256 of the draft. A decision may repeat it.
   */
  draft_sha256: string | null;
  /**
   * How many new drafts reviewers have received: 0 for the first draft. It grows when a new draft is there.
   */
  revision: number;
  /**
   * Whether the model writes a new draft now. Meanwhile `draft` is the last one, and only `reject` is allowed.
   */
  drafting: boolean;
  /**
   * Null: the review is about a reply.
   */
  tool_call: ReviewedToolCall | null;
  /**
   * How the draft ended: `length` means that it was cut off. Null: not known.
   */
  finish_reason: ('stop' | 'length' | 'tool_calls' | 'tool_limit') | null;
  /**
   * Whether the user has sent further messages in the session, so that the draft may be out of date.
   */
  stale: boolean;
  claimed_by: string | null;
  claimed_until: string | null;
  deadline: string;
  decision: ('approve' | 'edit' | 'reject' | 'respond' | 'retry') | null;
  /**
   * The reply that was delivered to the user.
   */
  reply: string | null;
  /**
   * The arguments that a reviewer put in place of those of the call.
   */
  arguments: {
    [k: string]: unknown;
  } | null;
  /**
   * The result that a reviewer gave to the call. Null: none.
   */
  result: {
    [k: string]: unknown;
  };
  note: string | null;
  /**
   * Name of the reviewer who decided. Null: no decision yet, or the deadline passed.
   */
  decided_by: string | null;
  decided_at: string | null;
  created_at: string;
  /**
   * The latest delivered messages of the session, in order.
   */
  history: Message[];
  /**
   * The pictures of the message, in order: https addresses, which turnkeeper never reads, and data URLs.
   */
  pictures: string[];
}

export interface ReviewEvents {
  items: {
    at: string;
    /**
     * Name of the reviewer. Null: turnkeeper.
     */
    who: string | null;
    /**
     * `requested`, `claimed`, `released`; `revise_requested`, then `revised` with the last draft in `original` and the new one in `edit`, or `revise_failed` with the error in `note`; or the status in which the review ended.
     */
    what: string;
    reasons: ReviewReason[] | null;
    original: string | null;
    edit: string | null;
    note: string | null;
  }[];
}

export interface ReviewDecision {
  decision: 'approve' | 'edit' | 'reject' | 'respond' | 'retry' | 'revise';
  /**
   * The reply to deliver instead of the draft. Required to edit a reply, otherwise not allowed.
   */
  reply?: string;
  /**
   * The arguments of the call that is made instead. Required to edit a call, otherwise not allowed.
   */
  arguments?: {
    [k: string]: unknown;
  };
  /**
   * The result of the call for the model: any JSON value. Required with `respond`, otherwise not allowed.
   */
  result?: {
    [k: string]: unknown;
  };
  /**
   * A note for the audit trail. The user does not see it. Required with `revise`: what the model has to change. The model also sees the note of a call that is rejected.
   */
  note?: string;
  /**
   * The hash of the draft that the reviewer saw.
   */
  draft_sha256?: string;
  /**
   * The hash of the arguments that the reviewer saw.
   */
  arguments_sha256?: string;
}

export interface SignIn {
  /**
   * An API key, or a token with `AUTH=jwt`.
   */
  key: string;
}

export interface Session {
  name: string;
  role: 'user' | 'service' | 'reviewer' | 'admin';
  /**
   * The only user whose resources the caller may use. Null: not limited to one user.
   */
  user_id: string | null;
  /**
   * With `none` there is no sign-in.
   */
  auth: 'none' | 'keys' | 'jwt';
}

export interface Erasure {
  erasure_id: string;
  status: 'running' | 'completed';
  requested_at: string;
  finished_at: string | null;
  links: {
    self: string;
  };
}

export interface UserExport {
  user_id: string;
  exported_at: string;
  memory: {
    [k: string]: unknown;
  };
  memory_history: {
    [k: string]: unknown;
  };
  analytics: {
    [k: string]: unknown;
  };
  turns: {
    [k: string]: unknown;
  }[];
  pictures: {
    [k: string]: unknown;
  }[];
  conversations: {
    [k: string]: unknown;
  }[];
  budget_charges: {
    [k: string]: unknown;
  }[];
  reviews: {
    [k: string]: unknown;
  }[];
  [k: string]: unknown;
}

export interface Webhook {
  webhook_id: string;
  /**
   * The user whose turns are sent to the webhook. Null: the turns of all users.
   */
  user_id: string | null;
  url: string;
  events: (
    'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
  )[];
  description: string | null;
  enabled: boolean;
  /**
   * Why turnkeeper disabled the webhook. Null: turnkeeper did not disable it.
   */
  disabled_reason: string | null;
  created_at: string;
}

export interface WebhookWithSecret {
  webhook_id: string;
  /**
   * The user whose turns are sent to the webhook. Null: the turns of all users.
   */
  user_id: string | null;
  url: string;
  events: (
    'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
  )[];
  description: string | null;
  enabled: boolean;
  /**
   * Why turnkeeper disabled the webhook. Null: turnkeeper did not disable it.
   */
  disabled_reason: string | null;
  created_at: string;
  /**
   * The secret for verifying signatures: `whsec_` and Base64. It is returned only once.
   */
  secret: string;
}

export interface WebhookSecret {
  /**
   * The secret for verifying signatures: `whsec_` and Base64. It is returned only once.
   */
  secret: string;
}

export interface WebhookPage {
  items: Webhook[];
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
}

export interface WebhookDelivery {
  /**
   * The value of the `webhook-id` header of every attempt.
   */
  delivery_id: string;
  webhook_id: string;
  user_id: string | null;
  turn_id: string | null;
  event: string;
  /**
   * `dead`: no further attempts are made. A replay sends the event again.
   */
  status: 'pending' | 'delivered' | 'dead';
  attempts: number;
  next_attempt_at: string | null;
  last_attempt_at: string | null;
  /**
   * HTTP status of the last attempt. Null: no response.
   */
  last_status: number | null;
  last_error: string | null;
  created_at: string;
  ended_at: string | null;
}

export interface WebhookDeliveryPage {
  items: WebhookDelivery[];
  /**
   * The value of `cursor` for the next page. Null: this is the last page.
   */
  next_cursor: string | null;
}

export interface NewWebhook {
  /**
   * The https URL that receives the events, without a user name or password. Unless WEBHOOK_ALLOW_PRIVATE allows it, a host with a non-public address is refused when the webhook is created and at every attempt.
   */
  url: string;
  /**
   * The user whose turns are sent. Missing: the turns of all users (role admin only).
   */
  user_id?: string;
  /**
   * The types of the events to send. Missing: all.
   *
   * @minItems 1
   * @maxItems 6
   */
  events?:
    | ['turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired']
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ];
  description?: string;
}

export interface PatchWebhook {
  /**
   * The https URL that receives the events, without a user name or password. Unless WEBHOOK_ALLOW_PRIVATE allows it, a host with a non-public address is refused when the webhook is created and at every attempt.
   */
  url?: string;
  /**
   * The types of the events to send.
   *
   * @minItems 1
   * @maxItems 6
   */
  events?:
    | ['turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired']
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ]
    | [
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired',
        'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
      ];
  description?: string | null;
  /**
   * A delivery that is due while the webhook is disabled becomes `dead`.
   */
  enabled?: boolean;
}

export interface Budgets {
  budgets: Budget[];
}
