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
   * Stable; see /docs/errors.
   */
  code: string;
  errors?: Fault[];
}

export interface OpenAiError {
  error: {
    /**
     * Every fault, where several were found.
     */
    message: string;
    type: string;
    /**
     * Where the first fault is.
     */
    param: string | null;
    /**
     * Stable; see /docs/errors.
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
   * Names of the rules that asked for it.
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
   * Place among the user’s turns, from 1, without gaps.
   */
  seq: number;
  status: 'queued' | 'running' | 'completed' | 'awaiting_review' | 'failed' | 'cancelled' | 'rejected' | 'expired';
  text: string;
  /**
   * There only when the user may see it.
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
   * Pass it as `cursor` for the next page; null: this is the last one.
   */
  next_cursor: string | null;
}

export interface ChatRequest {
  /**
   * The key that turns are serialised by.
   */
  user_id: string;
  /**
   * What the user said.
   */
  text: string;
  /**
   * Any object of at most 4096 bytes and 8 levels. Without a session_id a new session begins.
   */
  metadata?: {
    /**
     * One conversation.
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
   * What happens while this user has unfinished turns. `enqueue`: the message waits for its turn. `reject`: 409 `user_busy`, unless the user has no queued or running turn. `interrupt`: the running turn is cancelled, what it had written is kept as its `partial_reply`; turns that wait keep their places, and this one comes after them. `rollback`: as `interrupt`, but nothing is kept of what the running turn had written. `merge`: the text joins the user’s newest queued turn of the same session behind a newline, its tags are united, its metadata merged, and that turn is answered; where there is none, or the whole would be longer than one message may be, the message waits for its own turn.
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
   * Pass it as `cursor` for the next page; null: this is the last one.
   */
  next_cursor: string | null;
}

export interface Conversation {
  history: Message[];
  session_id: string;
  user_id: string;
}

export interface DeadLetter {
  topic: string;
  job_id: string;
  /**
   * Whom it concerns, where its payload tells.
   */
  user_id: string | null;
  failed_at: string;
  attempts: number;
  reason: string;
  /**
   * The payload: an event as its topic carries it.
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
   * Pass it as `cursor` for the next page; null: this is the last one.
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
   * Grows with every change; 0: nothing is known.
   */
  version: number;
  /**
   * The summary covers the user’s turns up to this seq.
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
   * The turns that the present summary was made from.
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
   * Seconds since 1970.
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
   * One of `GET /v1/models`.
   */
  model: string;
  /**
   * The last message of the user is the turn. Earlier ones only tell which conversation it continues: turnkeeper has its own history. Messages of `system` and `developer` are ignored.
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
   * At most 16 texts, 4096 bytes. `session_id`: the conversation that the turn belongs to, a UUID.
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
   * Only what changes nothing: must be 1: a turn has one reply.
   */
  n?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be empty: turnkeeper calls no tools.
   */
  tools?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be none: turnkeeper calls no tools.
   */
  tool_choice?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be empty: turnkeeper calls no tools.
   */
  functions?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be none: turnkeeper calls no tools.
   */
  function_call?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be ["text"]: turnkeeper writes text.
   */
  modalities?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be left out: turnkeeper writes text.
   */
  audio?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be {"type":"text"}: turnkeeper promises no other format.
   */
  response_format?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be false: turnkeeper tells no probabilities.
   */
  logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be 0: turnkeeper tells no probabilities.
   */
  top_logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be left out: turnkeeper calls no tools.
   */
  web_search_options?: {
    [k: string]: unknown;
  };
}

export interface OpenAiResponse {
  /**
   * `resp_` and the turn id.
   */
  id: string;
  object: 'response';
  /**
   * Seconds since 1970.
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
   * One of `GET /v1/models`.
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
   * At most 16 texts, 4096 bytes. `session_id`: the conversation that the turn belongs to, a UUID.
   */
  metadata?: {
    [k: string]: string;
  } | null;
  /**
   * The response whose conversation this turn continues.
   */
  previous_response_id?: string | null;
  /**
   * Answer at once, with the response as it was accepted.
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
     * Only what changes nothing: must be of the format {"type":"text"}: turnkeeper promises no other.
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
   * Only what changes nothing: must be empty: turnkeeper calls no tools.
   */
  tools?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be none: turnkeeper calls no tools.
   */
  tool_choice?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be 0: turnkeeper tells no probabilities.
   */
  top_logprobs?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be left out: name a session by metadata.session_id or previous_response_id.
   */
  conversation?: {
    [k: string]: unknown;
  };
  /**
   * Only what changes nothing: must be left out: turnkeeper keeps no prompts of OpenAI.
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
   * With `verbose`: the process is being stopped.
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
   * Null: no turn waits.
   */
  oldest_waiting_s: number | null;
  /**
   * False: Redis is away, and `topics` is empty for that reason.
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
   * Turns that ended in each of the last 48 hours, oldest first.
   */
  by_hour: {
    hour: string;
    by_status: {
      [k: string]: number;
    };
  }[];
  /**
   * Failed turns of the last 24 hours by code, the most frequent first.
   */
  failures: {
    code: string;
    count: number;
  }[];
  /**
   * Claims that lapsed and were taken over, of turns that ended within 24 hours or have not ended.
   */
  takeovers: number;
  /**
   * Of turns that ended within the last hour. Requests: attempts at replies. Latency: from the claim to the commit, repeated attempts included, of replies that nobody had to review; null: there were none.
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
     * Of the oldest event that is not published yet.
     */
    age_s: number;
  };
}

export interface ReviewReason {
  /**
   * Name of the rule that asked for the review.
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
   * What the user said.
   */
  text: string;
  /**
   * What the model would reply. The user never sees it unless it is approved.
   */
  draft: string;
  /**
   * The user wrote more in the session since: the draft may be out of date.
   */
  stale: boolean;
  claimed_by: string | null;
  claimed_until: string | null;
  deadline: string;
  decision: ('approve' | 'edit' | 'reject') | null;
  /**
   * What the user was told.
   */
  reply: string | null;
  note: string | null;
  /**
   * Null where nobody decided: not yet, or the deadline did.
   */
  decided_by: string | null;
  decided_at: string | null;
  created_at: string;
}

export interface ReviewPage {
  items: ListedReview[];
  /**
   * Pass it as `cursor` for the next page; null: this is the last one.
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
   * What the user said.
   */
  text: string;
  /**
   * What the model would reply. The user never sees it unless it is approved.
   */
  draft: string;
  /**
   * The user wrote more in the session since: the draft may be out of date.
   */
  stale: boolean;
  claimed_by: string | null;
  claimed_until: string | null;
  deadline: string;
  decision: ('approve' | 'edit' | 'reject') | null;
  /**
   * What the user was told.
   */
  reply: string | null;
  note: string | null;
  /**
   * Null where nobody decided: not yet, or the deadline did.
   */
  decided_by: string | null;
  decided_at: string | null;
  created_at: string;
  /**
   * What was delivered in the session lately, in order.
   */
  history: Message[];
}

export interface ReviewEvents {
  items: {
    at: string;
    /**
     * Null: turnkeeper itself.
     */
    who: string | null;
    /**
     * requested, claimed, released, or the status that the review ended in.
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
   * With `edit`, and only then: what the user is told instead.
   */
  reply?: string;
  /**
   * For the audit trail; the user never sees it.
   */
  note?: string;
}

export interface SignIn {
  /**
   * An API key; with `AUTH=jwt` a token.
   */
  key: string;
}

export interface Session {
  name: string;
  role: 'user' | 'service' | 'reviewer' | 'admin';
  /**
   * Whose things a `user` may touch; null: not limited to one.
   */
  user_id: string | null;
  /**
   * With `none` there is nothing to sign in to.
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
   * Whose turns it hears of; null: those of all users.
   */
  user_id: string | null;
  url: string;
  events: (
    'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
  )[];
  description: string | null;
  enabled: boolean;
  /**
   * Why turnkeeper disabled it; null: it did not.
   */
  disabled_reason: string | null;
  created_at: string;
}

export interface WebhookWithSecret {
  webhook_id: string;
  /**
   * Whose turns it hears of; null: those of all users.
   */
  user_id: string | null;
  url: string;
  events: (
    'turn.completed' | 'turn.awaiting_review' | 'turn.failed' | 'turn.cancelled' | 'turn.rejected' | 'turn.expired'
  )[];
  description: string | null;
  enabled: boolean;
  /**
   * Why turnkeeper disabled it; null: it did not.
   */
  disabled_reason: string | null;
  created_at: string;
  /**
   * What to verify signatures with, shown this once: `whsec_` and Base64.
   */
  secret: string;
}

export interface WebhookSecret {
  /**
   * What to verify signatures with, shown this once: `whsec_` and Base64.
   */
  secret: string;
}

export interface WebhookPage {
  items: Webhook[];
  /**
   * Pass it as `cursor` for the next page; null: this is the last one.
   */
  next_cursor: string | null;
}

export interface WebhookDelivery {
  /**
   * The `webhook-id` header of every attempt.
   */
  delivery_id: string;
  webhook_id: string;
  user_id: string | null;
  turn_id: string | null;
  event: string;
  /**
   * dead: given up; it can be sent again by a replay.
   */
  status: 'pending' | 'delivered' | 'dead';
  attempts: number;
  next_attempt_at: string | null;
  last_attempt_at: string | null;
  /**
   * HTTP status of the last attempt; null: no answer.
   */
  last_status: number | null;
  last_error: string | null;
  created_at: string;
  ended_at: string | null;
}

export interface WebhookDeliveryPage {
  items: WebhookDelivery[];
  /**
   * Pass it as `cursor` for the next page; null: this is the last one.
   */
  next_cursor: string | null;
}

export interface NewWebhook {
  /**
   * Where to post to: https, without a user name or password. A host with an address that is not public is refused, now and at every attempt, unless WEBHOOK_ALLOW_PRIVATE says otherwise.
   */
  url: string;
  /**
   * Whose turns to hear of; absent: those of all users (admin).
   */
  user_id?: string;
  /**
   * What to be told; absent: everything.
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
   * Where to post to: https, without a user name or password. A host with an address that is not public is refused, now and at every attempt, unless WEBHOOK_ALLOW_PRIVATE says otherwise.
   */
  url?: string;
  /**
   * What to be told.
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
   * What is due while it is disabled is not sent, and counts as dead.
   */
  enabled?: boolean;
}
