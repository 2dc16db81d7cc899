// Claims the next turn of a user, renews and releases claims, and finds turns that no worker runs. Leases use the
// database's clock.
import type { HistoryMessage } from '../domain/conversation.ts';
import type { Turn } from '../domain/turn.ts';
import type { Database, Statement } from './database.ts';
import { GRANT_S, type GrantRequest } from './grants.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** Takes the first queued or running turn of each user, if it is queued or its lease has expired. One conditional update:
 *  of two concurrent claims one hits the row, and the other finds the turn running. `case` rather than `or`: PostgreSQL
 *  would use an index for each side of `or`, and a plan that was made while the index of unfinished turns was empty
 *  would read all of them for each user. A worker is granted a user only together with a turn. The state of the actor is
 *  read only if it is in this database. */
const CLAIM: Statement = {
  name: 'claim',
  sql: `with asked as materialized (
          select * from unnest(?::text[], ?::uuid[], ?::int8[]) as a (user_id, holder, version)),
        heads as materialized (
          select asked.user_id, head.turn_id, head.status = 'running' and head.lease_until >= now() as busy
          from asked cross join lateral (
            select turn_id, status, lease_until from turns t
            where t.user_id = asked.user_id and t.status in ('queued', 'running') order by t.user_id, t.seq limit 1) head),
        granted as (
          insert into user_grants (user_id, holder, version, held_until)
          select asked.user_id, asked.holder, 1, now() + ${GRANT_S} * interval '1 second'
          from asked join heads on heads.user_id = asked.user_id and not heads.busy
          where asked.holder is not null and asked.version is null order by 1
          on conflict (user_id) do update
          set holder = excluded.holder, version = user_grants.version + 1, held_until = excluded.held_until
          where user_grants.holder = excluded.holder or user_grants.held_until <= now()
          returning user_id, version),
        allowed as materialized (
          select user_id, null::int8 as version from asked where holder is null
          union all select user_id, version from granted
          union all select held.user_id, held.version
          from asked join user_grants held on held.user_id = asked.user_id
            and held.holder = asked.holder and held.version = asked.version and held.held_until > now()),
        claimed as (
          update turns set status = 'running', epoch = epoch + 1, attempts = attempts + 1,
                 lease_until = now() + ?::float8 * interval '1 second', started_at = coalesce(started_at, now())
          from heads join allowed on allowed.user_id = heads.user_id
          where turns.turn_id = heads.turn_id
            and case turns.status when 'queued' then true when 'running' then turns.lease_until < now() else false end
          returning ${TURN_COLUMNS.map((column) => `turns.${column}`).join(', ')}, turns.traceparent)
        select asked.user_id as asked_user, allowed.user_id is not null as allowed, allowed.version as grant_version,
          heads.busy, claimed.*,
          extract(epoch from now() - claimed.created_at)::float8 as queued_s,
          (select sent from message_counts where message_counts.user_id = claimed.user_id) as message_count,
          (select value from actor_state where actor_state.user_id = claimed.user_id and key = ?::text) as memory,
          (select json_agg(json_build_object('role', last.role, 'content', last.content) order by last.seq, last.ordinal)
           from (select role, content, seq, ordinal from conversation_rows c where c.session_id = claimed.session_id
                 order by c.session_id desc, c.seq desc, c.ordinal desc limit ?::int8) last) as history
        from asked left join heads on heads.user_id = asked.user_id left join allowed on allowed.user_id = asked.user_id
        left join claimed on claimed.turn_id = heads.turn_id`,
};

export interface ClaimedTurn {
  readonly turn: Turn;
  /** Seconds since the turn was accepted, by the database's clock. */
  readonly queuedS: number;
  /** Number of messages that the user has sent so far, for the prompt. */
  readonly messageCount: number;
  /** Position of the turn in its trace; null: the turn is not traced. */
  readonly traceparent: string | null;
  /** The last messages of the session, oldest first. */
  readonly history: readonly HistoryMessage[];
  /** The user's actor state with the requested key; null: none, or no key was requested. */
  readonly memory: unknown;
}

export type ClaimResult =
  /** `grantVersion`: of the worker's grant of the user; null: none was requested. */
  | ({ readonly outcome: 'claimed'; readonly grantVersion: number | null } & ClaimedTurn)
  /** `busy`: the user has a running turn with a valid lease. `held`: a turn could be claimed, but another worker holds the
   *  user, or the worker's own grant has ended. */
  | { readonly outcome: 'busy' | 'nothing' | 'held' };

export interface ClaimRequest {
  readonly userId: string;
  readonly leaseS: number;
  /** Exchanges of the session to read. */
  readonly exchanges: number;
  /** Key of the actor state to read; null: it is not in this database. */
  readonly memoryKey: string | null;
  /** Missing: without grants, because all claims go through one process. */
  readonly grant?: GrantRequest | undefined;
}

interface ClaimRow extends TurnRow {
  readonly asked_user: string;
  readonly allowed: boolean;
  readonly grant_version: number | null;
  /** Null: the user has no queued or running turn. */
  readonly busy: boolean | null;
  readonly queued_s: number;
  readonly message_count: number | null;
  readonly traceparent: string | null;
  readonly memory: unknown;
  readonly history: readonly HistoryMessage[] | null;
}

function resultOf(row: ClaimRow): ClaimResult | 'retry' {
  // Left join: no turn was claimed.
  if ((row.turn_id as string | null) === null) {
    if (row.busy === null) return { outcome: 'nothing' };
    if (row.busy) return { outcome: 'busy' };
    return row.allowed ? 'retry' : { outcome: 'held' };
  }
  const { grant_version: grantVersion, queued_s: queuedS, message_count: messageCount } = row;
  const { traceparent, history, memory } = row;
  return {
    outcome: 'claimed',
    grantVersion,
    turn: turnOf(row),
    queuedS,
    messageCount: messageCount ?? 0,
    traceparent,
    history: history ?? [],
    memory,
  };
}

async function claimAll(database: Database, requests: readonly ClaimRequest[]): Promise<(ClaimResult | 'retry')[]> {
  // One request for each user: another one of this batch finds the turn running.
  const first = new Map(requests.toReversed().map((request) => [request.userId, request]));
  const asked = [...first.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
  // All requests of a process have the same settings.
  const { leaseS, exchanges, memoryKey } = requests[0]!;
  const rows = await database.rows<ClaimRow>(CLAIM, [
    asked.map(({ userId }) => userId),
    asked.map(({ grant }) => grant?.holder ?? null),
    asked.map(({ grant }) => grant?.version ?? null),
    leaseS,
    memoryKey,
    exchanges * 2,
  ]);
  const found = new Map(rows.map((row) => [row.asked_user, resultOf(row)]));
  return requests.map((request) => {
    const result = found.get(request.userId)!;
    const earlier = first.get(request.userId)!;
    if (request === earlier || result === 'retry' || result.outcome !== 'claimed') return result;
    return { outcome: request.grant?.holder === earlier.grant?.holder ? 'busy' : 'held' };
  });
}

/** Claims the user's next turn for `leaseS` seconds, and reads what its prompt needs. @throws Unavailable */
export async function claimNext(database: Database, request: ClaimRequest): Promise<ClaimResult> {
  for (;;) {
    const result = await database.batched('claim', request, claimAll);
    // The head could be claimed when it was read, but not when it was updated: another claim came first.
    if (result !== 'retry') return result;
  }
}

/** A condition that no index has, so that each turn is found by its id, in the order of the ids. */
export const IS_RUNNING = "case turns.status when 'running' then true else false end";

const RENEW: Statement = {
  name: 'renew-leases',
  sql: `update turns set lease_until = now() + ?::float8 * interval '1 second'
        from unnest(?::uuid[], ?::int4[]) as held (turn_id, epoch)
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and ${IS_RUNNING} returning turns.turn_id`,
};

export interface Claim {
  readonly turnId: string;
  readonly epoch: number;
}

/** In the order in which statements lock several turns. A renewal and a commit of the same turns would otherwise wait for
 *  each other until the database detects the deadlock after a second. */
export const inLockOrder = <T extends { readonly turnId: string }>(turns: readonly T[]): T[] =>
  turns.toSorted((a, b) => (a.turnId < b.turnId ? -1 : 1));

/** The bindings of `held`. */
function columnsOf(claims: readonly Claim[]): [turnIds: string[], epochs: number[]] {
  const ordered = inLockOrder(claims);
  return [ordered.map(({ turnId }) => turnId), ordered.map(({ epoch }) => epoch)];
}

/** Renews the claims and returns the ids of those that are still held. @throws Unavailable */
export async function renewLeases(database: Database, claims: readonly Claim[], leaseS: number): Promise<Set<string>> {
  const rows = await database.rows<{ turn_id: string }>(RENEW, [leaseS, ...columnsOf(claims)]);
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
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and ${IS_RUNNING}`,
};

/** Releases the claims, so that other workers can take them over at once. @throws Unavailable */
export async function releaseClaims(database: Database, claims: readonly Claim[]): Promise<void> {
  await database.rows(RELEASE, columnsOf(claims));
}
