// Claiming a user's next turn, keeping the claim, and finding what nobody works on. Leases use the database's clock.
import type { Turn } from '../turns/turn.ts';
import type { Database, Statement } from './database.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** The user's first unfinished turn, if it waits or its claim was not renewed in time. One conditional update: of two
 *  claims at once one hits the row, the other finds it running. */
const CLAIM: Statement = {
  name: 'claim',
  sql: `update turns set status = 'running', epoch = epoch + 1, attempts = attempts + 1,
               lease_until = now() + ? * interval '1 second', started_at = coalesce(started_at, now())
        where turn_id = (select turn_id from turns where user_id = ? and status in ('queued', 'running') order by seq limit 1)
          and (status = 'queued' or (status = 'running' and lease_until < now()))
        returning ${TURN_COLUMNS.join(', ')}, (select message_count from users u where u.user_id = turns.user_id) as message_count`,
};

const HEAD: Statement = {
  name: 'claim-head',
  sql: `select status, lease_until < now() as lapsed from turns
        where user_id = ? and status in ('queued', 'running') order by seq limit 1`,
};

export interface ClaimedTurn {
  readonly turn: Turn;
  /** Messages the user has sent so far, for the prompt. */
  readonly messageCount: number;
}

export type ClaimResult =
  | ({ readonly outcome: 'claimed' } & ClaimedTurn)
  /** Another claim runs. */
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'nothing' };

/** Claims the user's next turn for `leaseS` seconds. @throws DatabaseUnavailable */
export async function claimNext(database: Database, userId: string, leaseS: number): Promise<ClaimResult> {
  for (;;) {
    const [row] = await database.rows<TurnRow & { message_count: number }>(CLAIM, [leaseS, userId]);
    if (row) return { outcome: 'claimed', turn: turnOf(row), messageCount: row.message_count };
    const [head] = await database.rows<{ status: string; lapsed: boolean }>(HEAD, [userId]);
    if (!head) return { outcome: 'nothing' };
    if (head.status === 'running' && !head.lapsed) return { outcome: 'busy' };
    // The turn before it ended between the two looks: the next one waits now.
  }
}

const RENEW: Statement = {
  name: 'renew-leases',
  sql: `update turns set lease_until = now() + ? * interval '1 second'
        from unnest(?::uuid[], ?::int4[]) as held (turn_id, epoch)
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and turns.status = 'running' returning turns.turn_id`,
};

export interface Claim {
  readonly turnId: string;
  readonly epoch: number;
}

/** Renews the claims and returns the ids of those that are still held. @throws DatabaseUnavailable */
export async function renewLeases(database: Database, claims: readonly Claim[], leaseS: number): Promise<Set<string>> {
  const rows = await database.rows<{ turn_id: string }>(RENEW, [
    leaseS,
    claims.map((claim) => claim.turnId),
    claims.map((claim) => claim.epoch),
  ]);
  return new Set(rows.map((row) => row.turn_id));
}

/** What the sweeper wakes: lapsed claims, and users whose first unfinished turn has waited for longer than `ageS`. */
const IDLE: Statement = {
  name: 'idle-heads',
  sql: `select user_id, turn_id, epoch from (
          select distinct on (user_id) user_id, turn_id, epoch, status, lease_until, created_at
          from turns where status in ('queued', 'running') and user_id > ? order by user_id, seq) heads
        where (status = 'running' and lease_until < now()) or (status = 'queued' and created_at < now() - ? * interval '1 second')
        order by user_id limit ?`,
};

export interface IdleHead {
  readonly user_id: string;
  readonly turn_id: string;
  readonly epoch: number;
}

/** A page of first unfinished turns that nobody seems to work on, by user, behind `afterUser`. @throws DatabaseUnavailable */
export function idleHeads(database: Database, afterUser: string, ageS: number, limit: number): Promise<IdleHead[]> {
  return database.rows<IdleHead>(IDLE, [afterUser, ageS, limit]);
}

const WAITING: Statement = { name: 'waiting', sql: "select count(*) as waiting from turns where status = 'queued'" };

/** Waiting turns of all users. @throws DatabaseUnavailable */
export async function countWaiting(database: Database): Promise<number> {
  const [row] = await database.rows<{ waiting: number }>(WAITING, []);
  return row!.waiting;
}

const USER_WAITS: Statement = {
  name: 'user-waits',
  sql: "select turn_id, epoch from turns where user_id = ? and status = 'queued' order by seq limit 1",
};

/** The user's first waiting turn, or null. */
export async function firstWaiting(database: Database, userId: string): Promise<Claim | null> {
  const [row] = await database.rows<{ turn_id: string; epoch: number }>(USER_WAITS, [userId]);
  return row ? { turnId: row.turn_id, epoch: row.epoch } : null;
}

const RELEASE: Statement = {
  name: 'release-claims',
  sql: `update turns set lease_until = now()
        from unnest(?::uuid[], ?::int4[]) as held (turn_id, epoch)
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and turns.status = 'running'`,
};

/** Lets others take the claims over at once. @throws DatabaseUnavailable */
export async function releaseClaims(database: Database, claims: readonly Claim[]): Promise<void> {
  await database.rows(RELEASE, [claims.map((claim) => claim.turnId), claims.map((claim) => claim.epoch)]);
}
