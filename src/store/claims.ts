// Claims the next turn of a user, renews and releases claims, and finds turns that no worker runs. Leases use the
// database's clock.
import type { Turn } from '../domain/turn.ts';
import type { Database, Statement } from './database.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** Takes the first queued or running turn of each user, if it is queued or its lease has expired. One conditional update:
 *  of two concurrent claims one hits the row, and the other finds the turn running. */
const CLAIM: Statement = {
  name: 'claim',
  sql: `update turns set status = 'running', epoch = epoch + 1, attempts = attempts + 1,
               lease_until = now() + ?::float8 * interval '1 second', started_at = coalesce(started_at, now())
        from unnest(?::text[]) as asked (user_id) cross join lateral (
          select turn_id from turns t where t.user_id = asked.user_id and t.status in ('queued', 'running') order by t.seq limit 1) head
        where turns.turn_id = head.turn_id
          and (turns.status = 'queued' or (turns.status = 'running' and turns.lease_until < now()))
        returning ${TURN_COLUMNS.map((column) => `turns.${column}`).join(', ')},
          turns.traceparent, extract(epoch from now() - turns.created_at)::float8 as waited_s,
          (select message_count from users u where u.user_id = turns.user_id) as message_count`,
};

const HEADS: Statement = {
  name: 'claim-heads',
  sql: `select asked.user_id, head.status = 'running' and head.lease_until >= now() as busy
        from unnest(?::text[]) as asked (user_id) cross join lateral (
          select status, lease_until from turns t
          where t.user_id = asked.user_id and t.status in ('queued', 'running') order by t.seq limit 1) head`,
};

export interface ClaimedTurn {
  readonly turn: Turn;
  /** Seconds since the turn was accepted, by the database's clock. */
  readonly queuedS: number;
  /** Number of messages that the user has sent so far, for the prompt. */
  readonly messageCount: number;
  /** Position of the turn in its trace; null: the turn is not traced. */
  readonly traceparent: string | null;
}

export type ClaimResult =
  | ({ readonly outcome: 'claimed' } & ClaimedTurn)
  /** The user has a running turn with a valid lease. */
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'nothing' };

interface ClaimRequest {
  readonly userId: string;
  readonly leaseS: number;
}

async function claimAll(database: Database, requests: readonly ClaimRequest[]): Promise<(ClaimResult | 'retry')[]> {
  // Every request of a process has the same leaseS: the setting LEASE_S.
  const rows = await database.rows<TurnRow & { message_count: number; waited_s: number; traceparent: string | null }>(
    CLAIM,
    [requests[0]!.leaseS, requests.map(({ userId }) => userId)],
  );
  const claimed = new Map(rows.map((row) => [row.user_id, row]));
  const results = requests.map(({ userId }): ClaimResult | null => {
    const row = claimed.get(userId);
    // One claim for each row: another request for the same user in this batch finds the turn running.
    claimed.delete(userId);
    if (!row) return null;
    const { message_count: messageCount, waited_s: queuedS, traceparent } = row;
    return { outcome: 'claimed', turn: turnOf(row), messageCount, queuedS, traceparent };
  });
  const others = requests.filter((_, index) => !results[index]).map(({ userId }) => userId);
  if (others.length === 0) return results as ClaimResult[];
  const heads = await database.rows<{ user_id: string; busy: boolean }>(HEADS, [others]);
  const busy = new Map(heads.map((head) => [head.user_id, head.busy]));
  return results.map((result, index) => {
    if (result) return result;
    const head = busy.get(requests[index]!.userId);
    if (head === undefined) return { outcome: 'nothing' };
    // CLAIM found a running turn, and HEADS finds one that can be claimed: the former was committed in between.
    return head ? { outcome: 'busy' } : 'retry';
  });
}

/** Claims the user's next turn for `leaseS` seconds. @throws Unavailable */
export async function claimNext(database: Database, userId: string, leaseS: number): Promise<ClaimResult> {
  for (;;) {
    const result = await database.batched('claim', { userId, leaseS }, claimAll);
    if (result !== 'retry') return result;
  }
}

const RENEW: Statement = {
  name: 'renew-leases',
  sql: `update turns set lease_until = now() + ?::float8 * interval '1 second'
        from unnest(?::uuid[], ?::int4[]) as held (turn_id, epoch)
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and turns.status = 'running' returning turns.turn_id`,
};

export interface Claim {
  readonly turnId: string;
  readonly epoch: number;
}

/** Renews the claims and returns the ids of those that are still held. @throws Unavailable */
export async function renewLeases(database: Database, claims: readonly Claim[], leaseS: number): Promise<Set<string>> {
  const rows = await database.rows<{ turn_id: string }>(RENEW, [
    leaseS,
    claims.map((claim) => claim.turnId),
    claims.map((claim) => claim.epoch),
  ]);
  return new Set(rows.map((row) => row.turn_id));
}

/** Finds what the sweeper wakes: lapsed claims, and first turns that have been queued for longer than `ageS`. */
const IDLE: Statement = {
  name: 'idle-heads',
  sql: `select user_id, turn_id, epoch from (
          select distinct on (user_id) user_id, turn_id, epoch, status, lease_until, created_at
          from turns where status in ('queued', 'running') and user_id > ? order by user_id, seq) heads
        where (status = 'running' and lease_until < now())
           or (status = 'queued' and created_at < now() - ?::float8 * interval '1 second')
        order by user_id limit ?`,
};

export interface IdleHead {
  readonly user_id: string;
  readonly turn_id: string;
  readonly epoch: number;
}

/** A page of first queued or running turns that no worker seems to run, by user, after `afterUser`. @throws Unavailable */
export function idleHeads(database: Database, afterUser: string, ageS: number, limit: number): Promise<IdleHead[]> {
  return database.rows<IdleHead>(IDLE, [afterUser, ageS, limit]);
}

const QUEUED: Statement = { name: 'waiting', sql: "select count(*) as waiting from turns where status = 'queued'" };

/** Number of queued turns of all users. @throws Unavailable */
export async function countQueued(database: Database): Promise<number> {
  const [row] = await database.rows<{ waiting: number }>(QUEUED, []);
  return row!.waiting;
}

const QUEUED_HEADS: Statement = {
  name: 'waiting-heads',
  sql: `select asked.user_id, head.turn_id, head.epoch
        from unnest(?::text[]) as asked (user_id) cross join lateral (
          select turn_id, epoch from turns t where t.user_id = asked.user_id and t.status = 'queued' order by t.seq limit 1) head`,
};

async function firstQueuedOfAll(database: Database, userIds: readonly string[]): Promise<(Claim | null)[]> {
  const rows = await database.rows<{ user_id: string; turn_id: string; epoch: number }>(QUEUED_HEADS, [userIds]);
  const heads = new Map(rows.map((row) => [row.user_id, { turnId: row.turn_id, epoch: row.epoch }]));
  return userIds.map((userId) => heads.get(userId) ?? null);
}

/** The user's first queued turn; null: none. @throws Unavailable */
export const firstQueued = (database: Database, userId: string): Promise<Claim | null> =>
  database.batched('first-queued', userId, firstQueuedOfAll);

const RELEASE: Statement = {
  name: 'release-claims',
  sql: `update turns set lease_until = now()
        from unnest(?::uuid[], ?::int4[]) as held (turn_id, epoch)
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and turns.status = 'running'`,
};

/** Releases the claims, so that other workers can take them over at once. @throws Unavailable */
export async function releaseClaims(database: Database, claims: readonly Claim[]): Promise<void> {
  await database.rows(RELEASE, [claims.map((claim) => claim.turnId), claims.map((claim) => claim.epoch)]);
}
