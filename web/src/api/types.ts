// The public API's JSON, as far as the pages read it (see /openapi.json).
export type Role = 'user' | 'service' | 'reviewer' | 'admin';

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly user_id: string | null;
  readonly auth: 'none' | 'keys' | 'jwt';
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export type TurnStatus =
  'queued' | 'running' | 'awaiting_review' | 'completed' | 'rejected' | 'expired' | 'cancelled' | 'failed';

export interface Turn {
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly status: TurnStatus;
  readonly text: string;
  readonly reply: string | null;
  readonly partial_reply: string | null;
  readonly tags: readonly string[];
  readonly review: {
    readonly review_id: string;
    readonly status: string;
    readonly reasons: readonly string[];
    readonly deadline: string;
    readonly decision: string | null;
  } | null;
  readonly error: { readonly code: string; readonly detail: string } | null;
  readonly attempts: number;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
  readonly model: string | null;
  readonly created_at: string;
  readonly finished_at: string | null;
}

export const BUSY_RULES = ['enqueue', 'reject', 'interrupt', 'rollback', 'merge'] as const;
export type BusyRule = (typeof BUSY_RULES)[number];

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly turn_id: string;
  readonly tags: readonly string[];
  readonly timestamp: string;
}

export interface UserMessage extends Message {
  readonly session_id: string;
}

export interface Memory {
  readonly name: string;
  readonly preferred_style: string;
  readonly user_summary: string;
  readonly favourite_topics: readonly string[];
  readonly version: number;
  readonly through_seq: number;
}

export interface MemoryHistory {
  readonly items: readonly { readonly version: number; readonly user_summary: string; readonly replaced_at: string }[];
}

export type Decision = 'approve' | 'edit' | 'reject';
export type ReviewStatus = 'pending' | 'approved' | 'edited' | 'rejected' | 'expired' | 'cancelled';

export interface Reason {
  readonly rule: string;
  readonly detail: string;
}

export interface ListedReview {
  readonly review_id: string;
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly status: ReviewStatus;
  readonly reasons: readonly Reason[];
  readonly text: string;
  readonly draft: string;
  readonly stale: boolean;
  readonly claimed_by: string | null;
  readonly claimed_until: string | null;
  readonly deadline: string;
  readonly decision: Decision | null;
  readonly reply: string | null;
  readonly note: string | null;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly created_at: string;
}

export interface Review extends ListedReview {
  readonly history: readonly Message[];
}

export interface Overview {
  readonly turns: { readonly queued: number; readonly running: number; readonly awaiting_review: number };
  readonly oldest_waiting_s: number | null;
  readonly queues_answer: boolean;
  readonly topics: readonly {
    readonly topic: string;
    readonly waiting: number;
    readonly active: number;
    readonly delayed: number;
    readonly failed: number;
    readonly oldest_waiting_s: number | null;
  }[];
  readonly by_hour: readonly { readonly hour: string; readonly by_status: Readonly<Record<string, number>> }[];
  readonly failures: readonly { readonly code: string; readonly count: number }[];
  readonly takeovers: number;
  readonly model: {
    readonly requests: number;
    readonly errors: number;
    readonly latency_p50_s: number | null;
    readonly latency_p95_s: number | null;
    readonly input_tokens: number;
    readonly output_tokens: number;
  };
  readonly outbox: { readonly waiting: number; readonly age_s: number | null };
}

export interface DeadLetter {
  readonly topic: string;
  readonly job_id: string;
  readonly user_id: string | null;
  readonly failed_at: string;
  readonly attempts: number;
  readonly reason: string;
  readonly data: unknown;
}

export interface Erasure {
  readonly erasure_id: string;
  readonly status: string;
  readonly links: { readonly self: string };
}
