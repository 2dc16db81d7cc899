// Accepting a turn: what the database said under the user's lock, turned into an outcome. No I/O here.
import { createHash } from 'node:crypto';
import { effectOf, type BusyRule } from './busy-rules.ts';
import type { Metadata, Turn } from './turn.ts';

/** A message as it was posted, validated. */
export interface NewTurn {
  readonly userId: string;
  readonly text: string;
  /** The posted metadata with its session_id, which is ours where none was given. */
  readonly metadata: Metadata;
  readonly sessionId: string;
  readonly tags: readonly string[];
  readonly onBusy: BusyRule;
  readonly idempotencyKey: string | null;
  /** Hash of the posted body: the same key must come with the same body. */
  readonly requestHash: string;
}

/** What is known of the user when the turn would be accepted. */
export interface AcceptFacts {
  /** The user is being erased. */
  readonly erasing: boolean;
  /** The turn that this idempotency key made earlier, and the hash of its body. */
  readonly earlier: { readonly turn: Turn; readonly requestHash: string } | null;
  /** Whose the session is; null: nobody's yet. */
  readonly sessionOwner: string | null;
  /** Turns of this user that wait. */
  readonly waiting: number;
  /** Whether any turn of this user waits or runs. */
  readonly busy: boolean;
  /** Whether the message joins a turn that waits, and so takes no place of its own. */
  readonly joins: boolean;
}

export interface AcceptLimits {
  /** Waiting turns of one user, exact. */
  readonly perUser: number;
  /** Waiting turns of all users, as of the last count. */
  readonly ofAll: number;
  readonly queuedOfAll: number;
}

export type Refusal =
  | { readonly outcome: 'repeated'; readonly turn: Turn }
  | { readonly outcome: 'key_reused' }
  | { readonly outcome: 'foreign_session' }
  | { readonly outcome: 'user_busy' }
  | { readonly outcome: 'being_erased'; readonly retryAfterS: number }
  | { readonly outcome: 'queue_full'; readonly scope: 'user' | 'all'; readonly retryAfterS: number };

export type AcceptOutcome =
  | {
      readonly outcome: 'accepted';
      readonly turn: Turn;
      /** The turn that was cancelled for it. */
      readonly cancelled: Turn | null;
    }
  /** The message became part of this waiting turn. */
  | { readonly outcome: 'joined'; readonly turn: Turn }
  | Refusal;

/** Seconds after which to try again: one turn of the user, or many of all, will have ended by then. */
const USER_RETRY_AFTER_S = 5;
const ALL_RETRY_AFTER_S = 2;
/** An erasure takes about a claim's lease. */
const ERASURE_RETRY_AFTER_S = 10;

/** Why the turn is not accepted, or null where it is. A repeat is a repeat, however full the queue is. */
export function refusalOf(turn: NewTurn, facts: AcceptFacts, limits: AcceptLimits): Refusal | null {
  if (facts.erasing) return { outcome: 'being_erased', retryAfterS: ERASURE_RETRY_AFTER_S };
  if (facts.earlier) {
    return facts.earlier.requestHash === turn.requestHash
      ? { outcome: 'repeated', turn: facts.earlier.turn }
      : { outcome: 'key_reused' };
  }
  if (facts.sessionOwner !== null && facts.sessionOwner !== turn.userId) return { outcome: 'foreign_session' };
  if (facts.busy && effectOf(turn.onBusy).refuses) return { outcome: 'user_busy' };
  if (facts.joins) return null;
  if (facts.waiting >= limits.perUser) return { outcome: 'queue_full', scope: 'user', retryAfterS: USER_RETRY_AFTER_S };
  if (limits.queuedOfAll >= limits.ofAll)
    return { outcome: 'queue_full', scope: 'all', retryAfterS: ALL_RETRY_AFTER_S };
  return null;
}

/** JSON with its object keys in order, so that the same body in another order has the same hash. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** A fingerprint of a request's body, as the client sent it (before defaults). */
export function hashRequest(body: unknown): string {
  return createHash('sha256').update(canonical(body)).digest('base64url');
}
