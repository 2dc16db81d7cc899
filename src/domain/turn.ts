// What a turn is, and the states it goes through.
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

/** Nothing more will happen to the turn. */
export const isFinal = (status: TurnStatus): boolean => FINAL.has(status);

/** What a waiting client waits for: the turn is final, or a person has to decide. */
export const isSettled = (status: TurnStatus): boolean => isFinal(status) || status === 'awaiting_review';

export interface TurnError {
  /** Stable, snake_case; every one stands in docs/errors.md. */
  readonly code: string;
  readonly detail: string;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What the user's side may know of the review of a turn: never the draft. */
export interface TurnReview {
  readonly reviewId: string;
  readonly status: string;
  /** Names of the rules that asked for it. */
  readonly reasons: readonly string[];
  readonly deadline: Date;
  readonly decision: string | null;
  readonly decidedAt: Date | null;
}

export type Metadata = Readonly<Record<string, unknown>>;

/** One user message and what becomes of it. */
export interface Turn {
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  /** Place among the user's turns, from 1, without gaps. */
  readonly seq: number;
  readonly status: TurnStatus;
  /** Grows with every claim: the fencing token. */
  readonly epoch: number;
  readonly text: string;
  readonly reply: string | null;
  readonly partialReply: string | null;
  readonly metadata: Metadata;
  readonly tags: readonly string[];
  readonly error: TurnError | null;
  /** Attempts at the model that were begun. */
  readonly attempts: number;
  readonly usage: Usage | null;
  readonly model: string | null;
  readonly review: TurnReview | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface TurnFilter {
  readonly status?: TurnStatus | undefined;
  readonly sessionId?: string | undefined;
  /** Only turns with a smaller seq (they come newest first). */
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}
