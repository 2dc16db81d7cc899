// The ports to the language model and to the moderation model, and their errors.
import type { FinishReason, Usage } from '../domain/turn.ts';
import type { PictureDetail } from '../domain/pictures/picture.ts';
import type { Refusal } from './profile.ts';

/** A picture as an https address or a data URL. */
export interface MessagePicture {
  readonly url: string;
  /** Null: not said. */
  readonly detail: PictureDetail | null;
}

/** A call that the model asks for. */
export interface ProposedCall {
  readonly id: string;
  /** As the tool was offered. */
  readonly name: string;
  /** As the model wrote them: usually the JSON text of an object. */
  readonly arguments: string;
}

/** A tool that the model may ask for. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether the arguments must match the schema exactly. Missing: not said. */
  readonly strict?: boolean;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** Of a tool: the result of a call. */
  readonly content: string;
  /** What the assistant asked for in this message. Missing: nothing. */
  readonly toolCalls?: readonly ProposedCall[];
  /** Of a tool: the call to which the result belongs. */
  readonly toolCallId?: string;
  /** Only the message that is answered has some. Missing: none. */
  readonly pictures?: readonly MessagePicture[];
}

export interface Completion {
  /** The reply, without reasoning. It can be stored. */
  readonly text: string;
  /** As the endpoint names it. */
  readonly model: string;
  /** Null: the endpoint reported none, or none that is usable. */
  readonly usage: Usage | null;
  readonly finishReason: FinishReason;
  /** What the model asks for instead of an answer; the text may then be empty. Missing: nothing. */
  readonly toolCalls?: readonly ProposedCall[];
}

export interface CompletionRequest {
  readonly messages: readonly Message[];
  /** Missing: none are offered. */
  readonly tools?: readonly OfferedTool[];
  /** How the model has to use the tools, in the terms of the protocol. Missing: as it likes. */
  readonly toolChoice?: string | object;
  /** Missing: not said. */
  readonly parallelToolCalls?: boolean;
  /** Aborted when the result is not needed any more. */
  readonly signal: AbortSignal;
  /** Called with each delta as it arrives. The deltas of a failed attempt are void. */
  readonly onDelta?: (text: string) => void;
  /** Called when the deltas so far turn out not to belong to the reply. Those of the reply follow. */
  readonly onVoid?: () => void;
}

export interface Model {
  /** One attempt. Rejects with ModelError, or with the signal's reason once it is aborted. */
  complete(request: CompletionRequest): Promise<Completion>;
}

/** A moderation model's verdict on one text. */
export interface Moderated {
  readonly flagged: boolean;
  /** The flagged categories, as the endpoint names them. */
  readonly categories: readonly string[];
}

export interface ModerationRequest {
  readonly model: string;
  readonly texts: readonly string[];
  /** Aborted when the verdicts are not needed any more. */
  readonly signal: AbortSignal;
}

export interface Moderator {
  /** One attempt. Returns one verdict for each text, in their order. Rejects with ModelError, or with the signal's
   *  reason once it is aborted. */
  moderate(request: ModerationRequest): Promise<readonly Moderated[]>;
}

export type ModelErrorCode =
  | 'model_invalid_request'
  | 'model_unauthorized'
  | 'model_not_found'
  | 'model_refused'
  | 'model_reply_too_long'
  | 'model_context_too_long'
  | 'model_quota_exhausted'
  | 'model_rate_limited'
  | 'model_timeout'
  | 'model_unavailable'
  | 'model_malformed_reply'
  | 'tools_not_accepted';

export interface ModelErrorOptions {
  readonly retryable: boolean;
  readonly retryAfterMs?: number | null;
  readonly refusal?: Refusal | null;
  readonly adapted?: boolean;
  readonly unbilled?: boolean;
  readonly cause?: unknown;
}

/** A failed attempt. The code that creates the error knows whether another attempt can succeed (`retryable`). */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
  /** Milliseconds that the endpoint asks us to wait; null: not given. */
  readonly retryAfterMs: number | null;
  /** What the endpoint says about the request; null: the error has nothing to do with the request. */
  readonly refusal: Refusal | null;
  /** The next attempt sends another request, which the endpoint does not refuse for the same reason. */
  readonly adapted: boolean;
  /** The model certainly did not work on the request. */
  readonly unbilled: boolean;

  constructor(code: ModelErrorCode, detail: string, options: ModelErrorOptions) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.refusal = options.refusal ?? null;
    this.adapted = options.adapted ?? false;
    this.unbilled = options.unbilled ?? false;
  }
}
