// Names for types that are nested in the generated ones.
import type { ChatRequest, ListedReview, ReviewDecision, Session, Turn } from './types.ts';

export type Role = Session['role'];
export type TurnStatus = Turn['status'];
export type ReviewStatus = ListedReview['status'];
export type Decision = ReviewDecision['decision'];
export type BusyRule = NonNullable<ChatRequest['on_busy']>;

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}
