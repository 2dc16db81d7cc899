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

export interface TurnReview {
  review_id: string;
  status: string;
  /**
   * Names of the rules that required the review.
   */
  reasons: string[];
  deadline: string;
  decided_at: string | null;
  decision: string | null;
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
   * The delivered turn that this one continues. Null: it starts the session, or it is queued and its request named none.
   */
  follows: string | null;
  text: string;
  /**
   * Null until the user may see it.
   */
  reply: string | null;
  partial_reply: string | null;
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
  usage: {
    input_tokens: number;
    output_tokens: number;
  } | null;
  model: string | null;
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
   * Any object of at most 4096 bytes and 8 levels. Without `session_id` a new session starts.
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
      content: string;
      refusal: null;
    };
    logprobs: null;
    finish_reason: 'stop';
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
   * The last user message becomes the turn. Earlier messages only identify the turns that it continues: turnkeeper has its own history, of which the prompt contains these turns. Messages with the role `system` or `developer` are ignored.
   *
   * @minItems 1
   */
  messages: [
    (
      | {
          role: 'system' | 'developer';
          content:
            | string
            | [
                {
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                },
                ...{
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                }[]
              ];
          [k: string]: unknown;
        }
      | {
          role: 'user';
          content:
            | string
            | [
                {
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                },
                ...{
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                }[]
              ];
          [k: string]: unknown;
        }
      | {
          role: 'assistant';
          content?:
            | (
                | string
                | [
                    {
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    },
                    ...{
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    }[]
                  ]
              )
            | null;
          tool_calls?: unknown;
          [k: string]: unknown;
        }
    ),
    ...(
      | {
          role: 'system' | 'developer';
          content:
            | string
            | [
                {
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                },
                ...{
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                }[]
              ];
          [k: string]: unknown;
        }
      | {
          role: 'user';
          content:
            | string
            | [
                {
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                },
                ...{
                  type: 'text' | 'input_text' | 'output_text';
                  text: string;
                  [k: string]: unknown;
                }[]
              ];
          [k: string]: unknown;
        }
      | {
          role: 'assistant';
          content?:
            | (
                | string
                | [
                    {
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    },
                    ...{
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    }[]
                  ]
              )
            | null;
          tool_calls?: unknown;
          [k: string]: unknown;
        }
    )[]
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
  } | null;
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
  store?: boolean | null;
  /**
   * Accepted and ignored.
   */
  service_tier?: string | null;
  /**
   * Accepted and ignored.
   */
  parallel_tool_calls?: boolean | null;
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
  logit_bias?: {
    [k: string]: number;
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
   * Not supported: must be 1: a turn has one reply.
   */
  n?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be empty: turnkeeper does not call tools.
   */
  tools?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be none: turnkeeper does not call tools.
   */
  tool_choice?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be empty: turnkeeper does not call tools.
   */
  functions?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be none: turnkeeper does not call tools.
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
    reason: 'content_filter';
  } | null;
  model: string;
  output: {
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
  }[];
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

export interface OpenAiResponseRequest {
  /**
   * A model of `GET /v1/models`.
   */
  model: string;
  input:
    | string
    | [
        (
          | {
              role: 'system' | 'developer';
              content:
                | string
                | [
                    {
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    },
                    ...{
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    }[]
                  ];
              [k: string]: unknown;
            }
          | {
              role: 'user';
              content:
                | string
                | [
                    {
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    },
                    ...{
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    }[]
                  ];
              [k: string]: unknown;
            }
          | {
              role: 'assistant';
              content?:
                | (
                    | string
                    | [
                        {
                          type: 'text' | 'input_text' | 'output_text';
                          text: string;
                          [k: string]: unknown;
                        },
                        ...{
                          type: 'text' | 'input_text' | 'output_text';
                          text: string;
                          [k: string]: unknown;
                        }[]
                      ]
                  )
                | null;
              tool_calls?: unknown;
              [k: string]: unknown;
            }
        ),
        ...(
          | {
              role: 'system' | 'developer';
              content:
                | string
                | [
                    {
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    },
                    ...{
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    }[]
                  ];
              [k: string]: unknown;
            }
          | {
              role: 'user';
              content:
                | string
                | [
                    {
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    },
                    ...{
                      type: 'text' | 'input_text' | 'output_text';
                      text: string;
                      [k: string]: unknown;
                    }[]
                  ];
              [k: string]: unknown;
            }
          | {
              role: 'assistant';
              content?:
                | (
                    | string
                    | [
                        {
                          type: 'text' | 'input_text' | 'output_text';
                          text: string;
                          [k: string]: unknown;
                        },
                        ...{
                          type: 'text' | 'input_text' | 'output_text';
                          text: string;
                          [k: string]: unknown;
                        }[]
                      ]
                  )
                | null;
              tool_calls?: unknown;
              [k: string]: unknown;
            }
        )[]
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
    /**
     * Accepted and ignored.
     */
    include_obfuscation?: boolean | null;
  } | null;
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
  store?: boolean | null;
  /**
   * Accepted and ignored.
   */
  service_tier?: string | null;
  /**
   * Accepted and ignored.
   */
  parallel_tool_calls?: boolean | null;
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
  /**
   * Accepted and ignored.
   */
  instructions?: string | null;
  /**
   * Accepted and ignored.
   */
  max_output_tokens?: number | null;
  /**
   * Accepted and ignored.
   */
  max_tool_calls?: number | null;
  /**
   * Accepted and ignored.
   */
  reasoning?: {
    [k: string]: unknown;
  } | null;
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
   * Not supported: must be empty: turnkeeper does not call tools.
   */
  tools?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be none: turnkeeper does not call tools.
   */
  tool_choice?: {
    [k: string]: unknown;
  };
  /**
   * Not supported: must be 0: turnkeeper does not return log probabilities.
   */
  top_logprobs?: {
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
    running: number;
    awaiting_review: number;
  };
  /**
   * Age of the oldest queued turn. Null: no turn is queued.
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

export interface ListedReview {
  review_id: string;
  turn_id: string;
  user_id: string;
  session_id: string;
  status: 'pending' | 'approved' | 'edited' | 'rejected' | 'expired' | 'cancelled';
  reasons: ReviewReason[];
  /**
   * The message of the user.
   */
  text: string;
  /**
   * The reply of the model. The user sees it only if it is approved.
   */
  draft: string;
  /**
   * Whether the user has sent further messages in the session, so that the draft may be out of date.
   */
  stale: boolean;
  claimed_by: string | null;
  claimed_until: string | null;
  deadline: string;
  decision: ('approve' | 'edit' | 'reject') | null;
  /**
   * The reply that was delivered to the user.
   */
  reply: string | null;
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
  turn_id: string;
  user_id: string;
  session_id: string;
  status: 'pending' | 'approved' | 'edited' | 'rejected' | 'expired' | 'cancelled';
  reasons: ReviewReason[];
  /**
   * The message of the user.
   */
  text: string;
  /**
   * The reply of the model. The user sees it only if it is approved.
   */
  draft: string;
  /**
   * Whether the user has sent further messages in the session, so that the draft may be out of date.
   */
  stale: boolean;
  claimed_by: string | null;
  claimed_until: string | null;
  deadline: string;
  decision: ('approve' | 'edit' | 'reject') | null;
  /**
   * The reply that was delivered to the user.
   */
  reply: string | null;
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
}

export interface ReviewEvents {
  items: {
    at: string;
    /**
     * Name of the reviewer. Null: turnkeeper.
     */
    who: string | null;
    /**
     * `requested`, `claimed`, `released`, or the status in which the review ended.
     */
    what: string;
    reasons: ReviewReason[] | null;
    original: string | null;
    edit: string | null;
    note: string | null;
  }[];
}

export interface ReviewDecision {
  decision: 'approve' | 'edit' | 'reject';
  /**
   * The reply to deliver instead of the draft. Required with `edit`, otherwise not allowed.
   */
  reply?: string;
  /**
   * A note for the audit trail. The user does not see it.
   */
  note?: string;
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
  conversations: {
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
