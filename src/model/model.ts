// The port to the language model, and what can go wrong with it.
import type { Usage } from '../domain/turn.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface Completion {
  readonly text: string;
  /** As the endpoint names it. */
  readonly model: string;
  readonly usage: Usage;
}

export interface CompletionRequest {
  readonly messages: readonly Message[];
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** Called with each piece of the reply as it comes; what a failed attempt told of is void. */
  readonly onDelta?: (text: string) => void;
}

export interface Model {
  /** One attempt. Rejects with ModelError, or with the signal's reason once it is aborted. */
  complete(request: CompletionRequest): Promise<Completion>;
}

/** What a moderation model says of one text. */
export interface Moderated {
  readonly flagged: boolean;
  /** The categories that it flags, as the endpoint names them. */
  readonly categories: readonly string[];
}

export interface ModerationRequest {
  readonly model: string;
  readonly texts: readonly string[];
  /** Aborted when nobody wants the verdicts any more. */
  readonly signal: AbortSignal;
}

export interface Moderator {
  /** One attempt; one verdict for each text, in their order. Rejects with ModelError, or with the signal's reason once
   *  it is aborted. */
  moderate(request: ModerationRequest): Promise<readonly Moderated[]>;
}

export type ModelErrorCode =
  | 'model_invalid_request'
  | 'model_unauthorized'
  | 'model_not_found'
  | 'model_refused'
  | 'model_reply_too_long'
  | 'model_rate_limited'
  | 'model_timeout'
  | 'model_unavailable'
  | 'model_malformed_reply';

/** Whether another attempt can succeed is decided where the error is born. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
  /** How long the endpoint asks us to wait; null: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    code: ModelErrorCode,
    detail: string,
    options: { retryable: boolean; retryAfterMs?: number | null; cause?: unknown },
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
