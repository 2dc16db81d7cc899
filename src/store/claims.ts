// Claims the next turn of a user. Leases use the database's clock.
import type { HistoryMessage } from '../domain/conversation.ts';
import type { Turn } from '../domain/turn.ts';
import { lastContinued } from './conversations.ts';
import { mayRun } from './budgets/postponed.ts';
import type { Database, Statement } from './database.ts';
import { GRANT_S, type GrantRequest } from './grants.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** Whether `asked` may claim `turn`: it is queued and not postponed, or the same request claimed it before, or its claim was released or
 *  lapsed. `lapsed_before`: the asking worker knows that the owners of earlier leases had the time to renew them. `case`
 *  rather than `or`: PostgreSQL would use an index for each side of `or`, and a plan that was made while the index of
 *  unfinished turns was empty would read all of them for each user. */
const mayClaim = (turn: string, asked: string): string =>
  `case ${turn}.status when 'queued' then ${mayRun(turn)}
     when 'running' then coalesce(${turn}.claim_id = ${asked}.claim_id, false) or (${turn}.lease_until < now()
       and (${turn}.claim_id is null or ${turn}.lease_until < ${asked}.lapsed_before))
     else false end`;

/** Whether the request of `heads` has claimed this turn before. Then it gets the same claim, with the same epoch. */
const SAME_CLAIM = "turns.status = 'running' and turns.claim_id = heads.claim_id";

const HEAD = 'turn_id, status, claim_id, lease_until, not_before, session_id, seq';

/** Takes the running turn of each user, or else the first queued one, if it may be claimed. One conditional update: of two concurrent
 *  claims one hits the row, and the other finds the turn running. A lapsed claim whose row is locked is not taken over:
 *  its owner could not renew it, and renews it first. The turn starts and the lease begins when the row is written: the
 *  statement may have waited for a lock since `now()`, and the user's previous turn may have ended meanwhile. A worker is
 *  granted a user only together with a turn. The state of the actor is read only if it is in this database. */
const CLAIM: Statement = {
  name: 'claim',
  sql: `with asked as materialized (
          select user_id, claim_id, coalesce(lapsed_before, now()) as lapsed_before, holder, version
          from unnest(?::text[], ?::uuid[], ?::timestamptz[], ?::uuid[], ?::int8[])
            as a (user_id, claim_id, lapsed_before, holder, version)),
        found as materialized (
          select asked.user_id, asked.claim_id, asked.lapsed_before, head.turn_id, head.status, head.session_id, head.seq,
            head.claim_id as last_claim, not ${mayClaim('head', 'asked')} as busy
          from asked cross join lateral (
            select * from (
              select * from (select ${HEAD}, 0 as rank from turns t
                where t.user_id = asked.user_id and t.status = 'running' limit 1) running
              union all
              select * from (select ${HEAD}, 1 as rank from turns t
                where t.user_id = asked.user_id and t.status = 'queued' order by t.user_id, t.seq limit 1) queued) either
            order by rank limit 1) head),
        lapsed as materialized (
          select t.turn_id from found join turns t on t.turn_id = found.turn_id
          where found.status = 'running' and not found.busy for update of t skip locked),
        heads as materialized (
          select user_id, claim_id, lapsed_before, turn_id, status, last_claim, session_id, seq,
            busy or (status = 'running' and not exists (select 1 from lapsed where lapsed.turn_id = found.turn_id)) as busy
          from found),
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
        continued as materialized (
          select heads.turn_id, read.history, read.follows
          from heads join allowed on allowed.user_id = heads.user_id cross join lateral (
            select json_agg(case when last.journal is null then json_build_object('role', last.role, 'content', last.content)
                else json_build_object('role', last.role, 'content', last.content, 'turnId', last.turn_id, 'journal', last.journal) end
                order by last.seq, last.ordinal) as history,
              (array_agg(last.turn_id order by last.seq desc))[1] as follows
            from (${lastContinued('heads', ['r.turn_id', 'r.role', 'r.content', 'r.seq', 'r.ordinal', 'r.journal'])}) last) read
          where not heads.busy),
        claimed as (
          update turns set status = 'running', claim_id = heads.claim_id, follows = continued.follows,
                 epoch = turns.epoch + case when ${SAME_CLAIM} then 0 else 1 end,
                 attempts = turns.attempts + case when ${SAME_CLAIM} then 0 else 1 end,
                 takeovers = turns.takeovers
                   + case when turns.status = 'running' and turns.claim_id <> heads.claim_id then 1 else 0 end,
                 lease_until = clock_timestamp() + ?::float8 * interval '1 second', started_at = coalesce(started_at, clock_timestamp()),
                 retry_from = coalesce(retry_from, clock_timestamp())
          from heads join allowed on allowed.user_id = heads.user_id left join continued on continued.turn_id = heads.turn_id
          where turns.turn_id = heads.turn_id and not heads.busy and ${mayClaim('turns', 'heads')}
          returning ${TURN_COLUMNS.map((column) => `turns.${column}`).join(', ')}, turns.traceparent, turns.takeovers, turns.client_instructions,
            turns.pictures, turns.journal, turns.retry_from)
        select asked.user_id as asked_user, allowed.user_id is not null as allowed, allowed.version as grant_version,
          heads.busy, heads.status = 'running' and heads.last_claim <> heads.claim_id as taken_over, claimed.*,
          extract(epoch from now() - claimed.created_at)::float8 as queued_s,
          (select sent from message_counts where message_counts.user_id = claimed.user_id) as message_count,
          (select value from actor_state where actor_state.user_id = claimed.user_id and key = ?::text) as memory,
          continued.history
        from asked left join heads on heads.user_id = asked.user_id left join allowed on allowed.user_id = asked.user_id
        left join claimed on claimed.turn_id = heads.turn_id left join continued on continued.turn_id = heads.turn_id`,
};

export interface ClaimedTurn {
  readonly turn: Turn;
  /** Seconds since the turn was accepted, by the database's clock. */
  readonly queuedS: number;
  /** The claim of another worker lapsed, and this one took the turn over. */
  readonly takenOver: boolean;
  /** How often that happened to this turn. */
  readonly takeovers: number;
  /** When the time for retries of its model calls began. */
  readonly retryFrom: Date;
  /** Number of messages that the user has sent so far, for the prompt. */
  readonly messageCount: number;
  /** What the client sent as instructions; null: none. */
  readonly clientInstructions: string | null;
  /** How many pictures the message has; null: none. */
  readonly pictures: number | null;
  /** How many entries the journal of the turn has; null: none. */
  readonly journal: number | null;
  /** Position of the turn in its trace; null: the turn is not traced. */
  readonly traceparent: string | null;
  /** The last messages that the turn continues, oldest first. */
  readonly history: readonly HistoryMessage[];
  /** The user's actor state with the requested key; null: none, or no key was requested. */
  readonly memory: unknown;
}

export type ClaimResult =
  /** `grantVersion`: of the worker's grant of the user; null: none was requested. */
  | ({ readonly outcome: 'claimed'; readonly grantVersion: number | null } & ClaimedTurn)
  /** `busy`: the user has a running turn that may not be claimed. `held`: a turn could be claimed, but another worker
   *  holds the user, or the worker's own grant has ended. */
  | { readonly outcome: 'busy' | 'nothing' | 'held' };

/** Identifies the request, and says which lapsed claims it takes over. */
export interface ClaimTerms {
  /** The id of the request. If its answer is lost, the same request gets the same claim. Missing: it would wait for its
   *  own lease. */
  readonly claimId?: string | undefined;
  /** Milliseconds since 1970, by the database's clock: leases that ended later are not taken over. Missing: all lapsed
   *  claims are taken over. */
  readonly lapsedBefore?: number | undefined;
}

export interface ClaimRequest extends ClaimTerms {
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
  readonly taken_over: boolean | null;
  readonly takeovers: number;
  readonly retry_from: Date;
  readonly queued_s: number;
  readonly message_count: number | null;
  readonly traceparent: string | null;
  readonly client_instructions: string | null;
  readonly pictures: number | null;
  readonly journal: number | null;
  readonly memory: unknown;
  readonly history: readonly HistoryMessage[] | null;
}

function resultOf(row: ClaimRow, exchanges: number): ClaimResult | 'retry' {
  // Left join: no turn was claimed.
  if ((row.turn_id as string | null) === null) {
    if (row.busy === null) return { outcome: 'nothing' };
    if (row.busy) return { outcome: 'busy' };
    return row.allowed ? 'retry' : { outcome: 'held' };
  }
  const { grant_version: grantVersion, queued_s: queuedS, message_count: messageCount } = row;
  const {
    traceparent,
    history,
    memory,
    taken_over: takenOver,
    takeovers,
    retry_from: retryFrom,
    client_instructions: clientInstructions,
    pictures,
    journal,
  } = row;
  return {
    outcome: 'claimed',
    grantVersion,
    turn: turnOf(row),
    queuedS,
    takenOver: takenOver === true,
    takeovers,
    retryFrom,
    messageCount: messageCount ?? 0,
    clientInstructions,
    pictures,
    journal,
    traceparent,
    history: exchanges === 0 ? [] : (history ?? []),
    memory,
  };
}

/** unique_violation: another claim of one of the users was committed meanwhile. */
const SECOND_RUNNING = '23505';

/** The rows of the statement; null: one of the users has got a running turn meanwhile, so nothing was claimed. That a turn
 *  is queued again while a later one is being claimed makes the two claims choose different turns. */
async function claimRows(database: Database, bindings: readonly unknown[]): Promise<ClaimRow[] | null> {
  try {
    return await database.rows<ClaimRow>(CLAIM, bindings);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === SECOND_RUNNING) return null;
    throw error;
  }
}

async function claimAll(database: Database, requests: readonly ClaimRequest[]): Promise<(ClaimResult | 'retry')[]> {
  // One request for each user: another one of this batch finds the turn running.
  const first = new Map(requests.toReversed().map((request) => [request.userId, request]));
  const asked = [...first.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
  // All requests of a process have the same settings, except that the assistants file may have changed meanwhile.
  const { leaseS, memoryKey } = requests[0]!;
  const exchanges = Math.max(...requests.map((request) => request.exchanges));
  // At least one exchange, for `follows`.
  const messages = Math.max(1, exchanges) * 2;
  const rows = await claimRows(database, [
    asked.map(({ userId }) => userId),
    asked.map(({ claimId }) => claimId ?? null),
    asked.map(({ lapsedBefore }) => (lapsedBefore === undefined ? null : new Date(lapsedBefore).toISOString())),
    asked.map(({ grant }) => grant?.holder ?? null),
    asked.map(({ grant }) => grant?.version ?? null),
    messages,
    messages,
    messages,
    leaseS,
    memoryKey,
  ]);
  if (rows === null) return requests.map(() => 'retry');
  const found = new Map(rows.map((row) => [row.asked_user, resultOf(row, exchanges)]));
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
