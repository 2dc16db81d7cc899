// A turn and its states.
import type { ReviewKind } from './review.ts';
import type { ClientCall } from './tools/client-tools.ts';
import type { TurnStep } from './tools/step.ts';

export const TURN_STATUSES = [
  'queued',
  'running',
  'completed',
  'awaiting_review',
  'failed',
  'cancelled',
  'rejected',
  'expired',
] as const;
export type TurnStatus = (typeof TURN_STATUSES)[number];

export const FINAL_STATUSES = [
  'completed',
  'failed',
  'cancelled',
  'rejected',
  'expired',
] as const satisfies readonly TurnStatus[];
const FINAL: ReadonlySet<TurnStatus> = new Set(FINAL_STATUSES);

/** The turn does not change its state any more, unless it is failed and an operator retries it. */
export const isFinal = (status: TurnStatus): boolean => FINAL.has(status);

/** What a long poll waits for: the turn is final, or a person has to decide. */
export const isSettled = (status: TurnStatus): boolean => isFinal(status) || status === 'awaiting_review';

export interface TurnError {
  /** Stable, in snake_case. docs/errors.md lists all codes. */
  readonly code: string;
  readonly detail: string;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** How a reply ended: by itself, at the limit of output tokens, with calls that the client makes, or without tools because
 *  the turn had used all its steps. */
export const FINISH_REASONS = ['stop', 'length', 'tool_calls', 'tool_limit'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** What the user may see of the review of a turn: never the draft. */
export interface TurnReview {
  readonly reviewId: string;
  readonly kind: ReviewKind;
  readonly status: string;
  /** Names of the rules that caused it. */
  readonly reasons: readonly string[];
  readonly deadline: Date;
  readonly decision: string | null;
  readonly decidedAt: Date | null;
}

export type Metadata = Readonly<Record<string, unknown>>;

/** One user message and its outcome. */
export interface Turn {
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  /** Position among the user's turns, from 1, without gaps. */
  readonly seq: number;
  readonly status: TurnStatus;
  /** Increases with every claim. It is the fencing token. */
  readonly epoch: number;
  /** The delivered turn that was the last one in its prompt. Null: there was none, or the turn has not been claimed and
   *  its request named none, or it was claimed by a version without branches. */
  readonly follows: string | null;
  /** The assistant that answers it. Null: accepted by a version without assistants. */
  readonly assistant: string | null;
  readonly text: string;
  readonly reply: string | null;
  readonly partialReply: string | null;
  /** Null while there is no reply of the model that the user may see, and if it ended before this was stored. */
  readonly finishReason: FinishReason | null;
  readonly metadata: Metadata;
  readonly tags: readonly string[];
  readonly error: TurnError | null;
  /** Number of attempts that were started. An attempt starts with a claim or with a repeated model call. */
  readonly attempts: number;
  /** Null: the endpoint reported none. */
  readonly usage: Usage | null;
  readonly model: string | null;
  /** The calls that the model asked the client for, even if nobody may see them yet (`callsOf`). Empty: none. */
  readonly clientCalls: readonly ClientCall[];
  /** Null: the client asked for nothing besides text. Otherwise a hash of the results that it sent, empty without results. */
  readonly clientHash: string | null;
  readonly review: TurnReview | null;
  /** The calls of tools, in order. */
  readonly steps: readonly TurnStep[];
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** The calls that the client has to make. Those of a reply that is held, or that a reviewer replaced, are not made. */
export const callsOf = ({ status, finishReason, clientCalls }: Turn): readonly ClientCall[] =>
  status === 'completed' && finishReason === 'tool_calls' ? clientCalls : [];

/** The parts of a turn that an accept knows. */
type NewTurnParts = Pick<
  Turn,
  'turnId' | 'userId' | 'sessionId' | 'seq' | 'assistant' | 'text' | 'metadata' | 'tags' | 'createdAt'
>;

/** A turn as an accept creates it. */
export const queuedTurn = (parts: NewTurnParts): Turn => ({
  ...parts,
  status: 'queued',
  epoch: 0,
  follows: null,
  reply: null,
  partialReply: null,
  finishReason: null,
  error: null,
  attempts: 0,
  usage: null,
  model: null,
  clientCalls: [],
  clientHash: null,
  review: null,
  steps: [],
  startedAt: null,
  finishedAt: null,
});

export interface TurnFilter {
  readonly status?: TurnStatus | undefined;
  readonly sessionId?: string | undefined;
  /** Only turns with a smaller seq. Turns are ordered newest first. */
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}
