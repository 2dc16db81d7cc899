// Conversation rows: the delivered messages, two a turn.
import type { Metadata } from './turn.ts';

/** One delivered message. */
export interface ConversationRow {
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  /** 0: the user's, 1: the assistant's. */
  readonly ordinal: number;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly tags: readonly string[];
  readonly metadata: Metadata;
  readonly createdAt: Date;
}

export interface ConversationPosition {
  readonly seq: number;
  readonly ordinal: number;
}

export interface ConversationFilter {
  readonly tag?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Delivered at or after. */
  readonly from?: Date | undefined;
  /** Delivered before. */
  readonly to?: Date | undefined;
  /** Only rows behind this one (they come oldest first). */
  readonly after?: ConversationPosition | undefined;
  readonly limit: number;
}
