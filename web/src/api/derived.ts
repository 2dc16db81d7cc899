// Names for types that are nested in the generated ones.
import type { ChatRequest, ListedReview, ReviewDecision, Session, Turn, TurnStep } from './types.ts';

export type Role = Session['role'];
export type TurnStatus = Turn['status'];
export type Step = Pick<TurnStep, 'step' | 'tool' | 'status'>;
export type FinishReason = NonNullable<Turn['finish_reason']>;
export type ReviewKind = ListedReview['kind'];
export type ReviewStatus = ListedReview['status'];
export type Decision = ReviewDecision['decision'];
export type BusyRule = NonNullable<ChatRequest['on_busy']>;

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}
