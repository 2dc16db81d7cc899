// Conversation rows: the delivered messages, two for each turn.
import type { Metadata } from './turn.ts';

/** One delivered message. */
export interface ConversationRow {
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  /** 0: the user's message; 1: the assistant's reply. */
  readonly ordinal: number;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tags: readonly string[];
  readonly metadata: Metadata;
  readonly createdAt: Date;
  /** How many entries the journal of the turn of a reply has. 0: its client sent results or was
   *  asked for calls; it may have a journal as well. Null: neither. */
  readonly journal: number | null;
}

/** A message as a prompt shows it. */
export type HistoryMessage = Pick<ConversationRow, 'role' | 'content'> &
  // Missing: the turn has no journal.
  Partial<Pick<ConversationRow, 'turnId' | 'journal'>>;

export interface ConversationPosition {
  readonly seq: number;
  readonly ordinal: number;
}

/** Which messages of a session are read. */
export interface SessionPage {
  /** Only messages after this position. */
  readonly after?: ConversationPosition | undefined;
  readonly limit: number;
  /** A turn of the branch that is read. Missing: the newest branch. */
  readonly turnId?: string | undefined;
}

/** A branch of a session: its first turn, and when that was accepted or delivered. */
export interface SessionBranch {
  readonly turnId: string;
  readonly createdAt: Date;
}

export interface ConversationFilter {
  readonly tag?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Only messages delivered at or after this time. */
  readonly from?: Date | undefined;
  /** Only messages delivered before this time. */
  readonly to?: Date | undefined;
  /** Only rows after this position. Rows are ordered oldest first. */
  readonly after?: ConversationPosition | undefined;
  readonly limit: number;
}
