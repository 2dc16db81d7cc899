// Accepts turns of many callers in one statement. It accepts only turns that certainly may be accepted. The transaction
// of accept-turn.ts decides about the others, one by one.
import type { NewTurn } from '../domain/accept.ts';
import { queuedTurn, type Turn } from '../domain/turn.ts';
import type { Database, Statement } from './database.ts';

/** `seen` is the user's version when the other rows were read. `locked` is the version under the lock. If they differ,
 *  another accept or an erasure came in between, and the rows may be outdated: the turns of this user are left out. So are
 *  the turns of a user that another transaction has locked: an erasure takes long, and the others must not wait for it.
 *  If another transaction has created the row of a new user meanwhile, `seq` is null, which the table refuses. An
 *  idempotency key or a session that was created meanwhile violates its unique index. */
const ACCEPT: Statement = {
  name: 'accept-shared',
  sql: `with posted as materialized (
          select p.*, row_number() over (partition by p.user_id order by p.n) as place
          from unnest(?::uuid[], ?::text[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
            with ordinality as p (turn_id, user_id, session_id, text, metadata, tags, idempotency_key, request_hash, traceparent,
              assistant, client_instructions, n)),
        seen as materialized (select user_id, version from users where user_id = any(?::text[])),
        locked as materialized (
          select user_id, version, last_seq from users where user_id = any(?::text[]) order by 1 for update skip locked),
        fit as materialized (
          select posted.*, sessions.user_id as owner, coalesce(locked.version, 0) as version,
                 coalesce(locked.last_seq, 0) + row_number() over (partition by posted.user_id order by posted.n) as seq
          from posted
          left join seen on seen.user_id = posted.user_id
          left join locked on locked.user_id = posted.user_id
          left join sessions on sessions.session_id = posted.session_id
          where locked.version is not distinct from seen.version
            and (sessions.user_id is null or sessions.user_id = posted.user_id)
            and not exists (select 1 from erasures e where e.user_id = posted.user_id)
            and not exists (
              select 1 from turns t where t.user_id = posted.user_id and t.idempotency_key = posted.idempotency_key)
            and not exists (
              select 1 from joined_keys j where j.user_id = posted.user_id and j.idempotency_key = posted.idempotency_key)
            and posted.place + (
              select count(*) from turns t where t.user_id = posted.user_id and t.status = 'queued') <= ?::int8),
        granted as (
          insert into users (user_id, last_seq, version)
          select user_id, count(*), 1 from fit group by user_id order by 1
          on conflict (user_id) do update
          set last_seq = users.last_seq + excluded.last_seq, version = users.version + 1
          returning user_id, version),
        started as (
          insert into sessions (session_id, user_id) select distinct session_id, user_id from fit where owner is null)
        insert into turns (turn_id, user_id, session_id, seq, text, metadata, tags, idempotency_key, request_hash, traceparent,
          assistant, client_instructions)
        select fit.turn_id, fit.user_id, fit.session_id, case when granted.version = fit.version + 1 then fit.seq end,
               fit.text, fit.metadata::jsonb, fit.tags::jsonb, fit.idempotency_key, fit.request_hash, fit.traceparent,
               fit.assistant, fit.client_instructions
        from fit join granted on granted.user_id = fit.user_id
        returning turn_id, seq, created_at`,
};

/** 23502 not_null_violation, 23505 unique_violation. */
const OUTDATED = new Set(['23502', '23505']);

interface Posted {
  readonly turnId: string;
  readonly turn: NewTurn;
  readonly traceparent: string | null;
  /** Maximum number of queued turns of the user. */
  readonly perUser: number;
}

/** The requests without those that repeat the idempotency key of an earlier one. */
function withoutRepeats(all: readonly Posted[]): Posted[] {
  const keys = new Set<string>();
  return all.filter(({ turn: { userId, idempotencyKey } }) => {
    // No user id contains a space.
    const key = `${userId} ${idempotencyKey}`;
    return idempotencyKey === null || (!keys.has(key) && keys.add(key));
  });
}

async function acceptAll(database: Database, all: readonly Posted[]): Promise<(Turn | null)[]> {
  const posted = withoutRepeats(all);
  const column = <T>(of: (each: Posted) => T): T[] => posted.map(of);
  const users = [...new Set(column(({ turn }) => turn.userId))];
  const rows = await database.rows<{ turn_id: string; seq: number; created_at: Date }>(ACCEPT, [
    column(({ turnId }) => turnId),
    column(({ turn }) => turn.userId),
    column(({ turn }) => turn.sessionId),
    column(({ turn }) => turn.text),
    column(({ turn }) => JSON.stringify(turn.metadata)),
    column(({ turn }) => JSON.stringify(turn.tags)),
    column(({ turn }) => turn.idempotencyKey),
    column(({ turn }) => turn.requestHash),
    column(({ traceparent }) => traceparent),
    column(({ turn }) => turn.assistant),
    column(({ turn }) => turn.clientInstructions),
    users,
    users,
    // All requests of a process have the same limit: the setting QUEUE_LIMIT_PER_USER.
    all[0]!.perUser,
  ]);
  const accepted = new Map(rows.map((row) => [row.turn_id, row]));
  return all.map(({ turnId, turn }) => {
    const row = accepted.get(turnId);
    if (!row) return null;
    const { userId, sessionId, assistant, text, metadata, tags } = turn;
    const { seq, created_at: createdAt } = row;
    return queuedTurn({ turnId, userId, sessionId, seq, assistant, text, metadata, tags, createdAt });
  });
}

/** Accepts the turn together with those of other callers. Null: the turn was not accepted here, and the transaction of
 *  accept-turn.ts must decide about it. @throws Unavailable */
export async function acceptShared(database: Database, posted: Posted): Promise<Turn | null> {
  try {
    return await database.batched('accept-shared', posted, acceptAll);
  } catch (error) {
    if (OUTDATED.has((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}
