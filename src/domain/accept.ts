// Decides whether a turn is accepted, from facts that were read under the user's lock. No I/O.
import { hash } from 'node:crypto';
import type { Continuation } from './branch.ts';
import { effectOf, type BusyRule } from './busy-rules.ts';
import type { Picture } from './pictures/picture.ts';
import type { ClientRequest } from './tools/client-tools.ts';
import type { Metadata, Turn } from './turn.ts';

/** A posted message after validation. */
export interface NewTurn {
  readonly userId: string;
  readonly text: string;
  /** The posted metadata. `session_id` is generated if the client sent none. */
  readonly metadata: Metadata;
  readonly sessionId: string;
  readonly tags: readonly string[];
  /** The name of the assistant that answers. */
  readonly assistant: string;
  /** What the client sent as instructions, if the assistant takes them; null: none. */
  readonly clientInstructions: string | null;
  /** The pictures of the message. Missing: none. */
  readonly pictures?: readonly Picture[];
  /** What the client asks for besides text. Missing: nothing. */
  readonly clientRequest?: ClientRequest | undefined;
  readonly onBusy: BusyRule;
  /** Missing: the turn continues the session's newest branch. */
  readonly continues?: Continuation | undefined;
  readonly idempotencyKey: string | null;
  /** The caller has the role user, so RATE_LIMIT_PER_USER applies. Missing: it does not. */
  readonly isRateLimited?: boolean;
  /** Hash of the posted body. A request with the same idempotency key must have the same body. */
  readonly requestHash: string;
}

/** What the accept transaction reads before it accepts the turn. */
export interface AcceptFacts {
  /** The user is being erased. */
  readonly erasing: boolean;
  /** The turn of an earlier request with this idempotency key, and the hash of that request's body; null: none. */
  readonly earlier: { readonly turn: Turn; readonly requestHash: string } | null;
  /** User id of the session's owner; null: the session does not exist yet. */
  readonly sessionOwner: string | null;
  /** Number of queued turns of this user. */
  readonly queued: number;
  /** The user has a queued or running turn. */
  readonly busy: boolean;
  /** The message joins a queued turn, so the limits do not apply to it. */
  readonly joins: boolean;
}

export interface AcceptLimits {
  /** Maximum number of queued turns of one user. The check is exact. */
  readonly perUser: number;
  /** Maximum number of queued turns of all users. */
  readonly ofAll: number;
  /** Queued turns of all users at the last count. */
  readonly queuedOfAll: number;
  /** Seconds until the rate of the user allows a new turn; null: it allows one. */
  readonly rateRetryAfterS: number | null;
  /** Seconds until a budget of the user is not exhausted any more; null: none is. */
  readonly budgetWaitS: number | null;
}

export type Refusal =
  | { readonly outcome: 'repeated'; readonly turn: Turn }
  | { readonly outcome: 'key_reused' }
  | { readonly outcome: 'foreign_session' }
  /** The turn that it should continue is not in its session. */
  | { readonly outcome: 'unknown_follows' }
  | { readonly outcome: 'user_busy' }
  | { readonly outcome: 'being_erased'; readonly retryAfterS: number }
  | { readonly outcome: 'rate_limited'; readonly retryAfterS: number }
  | { readonly outcome: 'budget_exhausted'; readonly retryAfterS: number }
  | { readonly outcome: 'queue_full'; readonly scope: 'user' | 'all'; readonly retryAfterS: number };

export type AcceptOutcome =
  | {
      readonly outcome: 'accepted';
      readonly turn: Turn;
      /** The running turn that was cancelled because of it; null: none. */
      readonly cancelled: Turn | null;
    }
  /** The message became part of this queued turn. */
  | { readonly outcome: 'joined'; readonly turn: Turn }
  | Refusal;

/** Values of Retry-After in seconds. By then one turn of the user, or many turns of all users, should be final. */
const USER_RETRY_AFTER_S = 5;
const ALL_RETRY_AFTER_S = 2;
/** An erasure takes about as long as the lease of a claim. */
const ERASURE_RETRY_AFTER_S = 10;

/** Why the turn is refused; null: it is accepted. A repeated request gets its turn whatever the limits are. */
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
  if (limits.rateRetryAfterS !== null) return { outcome: 'rate_limited', retryAfterS: limits.rateRetryAfterS };
  if (limits.budgetWaitS !== null) return { outcome: 'budget_exhausted', retryAfterS: limits.budgetWaitS };
  if (facts.queued >= limits.perUser) return { outcome: 'queue_full', scope: 'user', retryAfterS: USER_RETRY_AFTER_S };
  if (limits.queuedOfAll >= limits.ofAll)
    return { outcome: 'queue_full', scope: 'all', retryAfterS: ALL_RETRY_AFTER_S };
  return null;
}

/** JSON with sorted object keys, so that bodies that differ only in the order of keys have the same hash. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** A hash of the request body as the client sent it, before defaults are applied. */
export function hashRequest(body: unknown): string {
  return hash('sha256', canonical(body), 'base64url');
}
