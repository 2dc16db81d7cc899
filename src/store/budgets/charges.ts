// Reserves and settles tokens. A charge is a row for each turn or summary and each window; the totals of the windows change
// in the same statement, so they are always the sums of the charges. All statements lock charges before windows, each in the
// order of its key.
import type { Charge } from '../../domain/budgets/budget.ts';
import { IS_RUNNING } from '../held-claims.ts';
import type { Database, Statement } from '../database.ts';

/** Adds the changes of the CTE `ended` to the windows: what was reserved and is now used. */
const MOVE_TO_USED = `insert into budget_windows (owner, window_s, starts_s, reserved, used)
          select owner, window_s, starts_s, -sum(reserved)::int8, sum(spent)::int8 from ended
          group by owner, window_s, starts_s order by owner, window_s, starts_s
          on conflict (owner, window_s, starts_s) do update
          set reserved = budget_windows.reserved + excluded.reserved, used = budget_windows.used + excluded.used
          returning owner`;

/** The row that must exist, for a call to be made. It is locked: a takeover, a cancellation or an erasure comes before this
 *  statement, which then finds that the claim is lost, or after it. */
const HELD = {
  turn: `select turn_id from turns
         where turn_id = ?::uuid and epoch = ?::int4 and ${IS_RUNNING} for update`,
  revision: `select review_id from reviews where turn_id = ?::uuid and revise_epoch = ?::int4 and revise_note is not null
             and status = 'pending' for update`,
  summary: 'select user_id from due_summaries where mark = ?::uuid and user_id = ?::text for update',
} as const;

/** `lost`: reservations of earlier calls of this turn whose end nobody reported, because their claims were lost. They count as
 *  used, and the turn keeps their room: in the same window the limit is not checked again, so that a turn whose worker died is
 *  not kept from running by its own reservation. If the tokens do not fit, `reserved` is null, which the table refuses, and
 *  nothing is written. A repeated statement (the same call) changes nothing. */
const reserveSql = (held: string): string => `with held as materialized (${held}),
        asked as materialized (
          select a.owner, a.window_s, a.token_limit,
            clock.s - clock.s % a.window_s as starts_s
          from unnest(?::text[], ?::int8[], ?::int8[]) as a (owner, window_s, token_limit)
            cross join (select floor(extract(epoch from now()))::int8 as s) clock
          where exists (select 1 from held) and not exists (
            select 1 from budget_charges c where c.user_id = ?::text and c.charge_id = ?::uuid and c.call_id = ?::uuid)),
        lost as materialized (
          select owner, window_s, starts_s, reserved from budget_charges
          where user_id = ?::text and charge_id = ?::uuid and reserved > 0 and exists (select 1 from asked)
          order by owner, window_s, starts_s for update),
        changes as materialized (
          select coalesce(asked.owner, lost.owner) as owner, coalesce(asked.window_s, lost.window_s) as window_s,
            coalesce(asked.starts_s, lost.starts_s) as starts_s, asked.token_limit,
            case when asked.owner is null then 0 else ?::int8 end as tokens, coalesce(lost.reserved, 0) as lost
          from asked full join lost
            on lost.owner = asked.owner and lost.window_s = asked.window_s and lost.starts_s = asked.starts_s),
        counted as (
          insert into budget_windows (owner, window_s, starts_s, reserved, used)
          select owner, window_s, starts_s, tokens - lost, lost from changes order by owner, window_s, starts_s
          on conflict (owner, window_s, starts_s) do update
          set reserved = budget_windows.reserved + excluded.reserved, used = budget_windows.used + excluded.used
          returning owner, window_s, starts_s, reserved + used as total),
        charged as (
          insert into budget_charges
            (user_id, charge_id, owner, window_s, starts_s, kind, call_id, reserved, used, reserved_at)
          select ?::text, ?::uuid, changes.owner, changes.window_s, changes.starts_s, ?::text, ?::uuid,
            case when changes.lost > 0 or changes.token_limit is null or counted.total <= changes.token_limit
              then changes.tokens end, changes.lost, now()
          from changes join counted on counted.owner = changes.owner and counted.window_s = changes.window_s
            and counted.starts_s = changes.starts_s
          order by changes.owner, changes.window_s, changes.starts_s
          on conflict (user_id, charge_id, owner, window_s, starts_s) do update
          set call_id = excluded.call_id, reserved = excluded.reserved, reserved_at = excluded.reserved_at,
              used = budget_charges.used + excluded.used, kind = excluded.kind
          returning owner)
        select exists (select 1 from held) as held, (select count(*) from charged) as charged`;

const RESERVE: Readonly<Record<Charge['kind'], Statement>> = {
  turn: { name: 'budget-reserve-turn', sql: reserveSql(HELD.turn) },
  revision: { name: 'budget-reserve-revision', sql: reserveSql(HELD.revision) },
  summary: { name: 'budget-reserve-summary', sql: reserveSql(HELD.summary) },
};

/** Who is charged: a claim of a turn or of a new draft for it (`fence` is the epoch), or a renewal of a summary (`fence` is the
 *  user). */
export interface Charged {
  readonly kind: Charge['kind'];
  readonly userId: string;
  readonly chargeId: string;
  readonly fence: number | string;
}

/** A limit of tokens in the current window of this length. */
export interface WindowLimit {
  readonly owner: string;
  readonly windowS: number;
  readonly tokens: number;
}

const NOT_NULL_VIOLATION = '23502';

/** Reserves the tokens in all windows or in none. `full`: they do not fit. `lost`: the claim or the summary is another one by
 *  now. @throws Unavailable */
export async function reserveTokens(
  database: Database,
  { kind, userId, chargeId, fence }: Charged,
  {
    callId,
    tokens,
    limits,
  }: { readonly callId: string; readonly tokens: number; readonly limits: readonly WindowLimit[] },
): Promise<'reserved' | 'full' | 'lost'> {
  try {
    const [row] = await database.rows<{ held: boolean }>(RESERVE[kind], [
      chargeId,
      fence,
      limits.map(({ owner }) => owner),
      limits.map(({ windowS }) => windowS),
      limits.map((limit) => limit.tokens),
      userId,
      chargeId,
      callId,
      userId,
      chargeId,
      tokens,
      userId,
      chargeId,
      kind,
      callId,
    ]);
    return row!.held ? 'reserved' : 'lost';
  } catch (error) {
    if ((error as { code?: string }).code === NOT_NULL_VIOLATION) return 'full';
    throw error;
  }
}

const SETTLE: Statement = {
  name: 'budget-settle',
  sql: `with ended as materialized (
          select user_id, charge_id, owner, window_s, starts_s, reserved, coalesce(?::int8, reserved) as spent
          from budget_charges where user_id = ?::text and charge_id = ?::uuid and call_id = ?::uuid and reserved > 0
          order by owner, window_s, starts_s for update),
        counted as (${MOVE_TO_USED})
        update budget_charges set reserved = 0, used = budget_charges.used + ended.spent from ended
        where budget_charges.user_id = ended.user_id and budget_charges.charge_id = ended.charge_id
          and budget_charges.owner = ended.owner and budget_charges.window_s = ended.window_s
          and budget_charges.starts_s = ended.starts_s`,
};

/** Ends the reservation of a call. `tokens` null: unknown, so all that was reserved counts as used. Does nothing if it has
 *  ended. @throws Unavailable */
export async function settleTokens(
  database: Database,
  { userId, chargeId }: Pick<Charged, 'userId' | 'chargeId'>,
  callId: string,
  tokens: number | null,
): Promise<void> {
  await database.rows(SETTLE, [tokens, userId, chargeId, callId]);
}

/** For how many seconds a reservation is left to those who made it. A renewal of a summary that has not ended after this
 *  time was given up. */
const LEFT_S = 2;
const LEFT_SUMMARY_S = 900;

/** Reservations that nobody will settle: their turn is final, awaits review without a new draft, or was erased. */
const SETTLE_LEFT: Statement = {
  name: 'budget-settle-left',
  sql: `with ended as materialized (
          select c.user_id, c.charge_id, c.owner, c.window_s, c.starts_s, c.reserved, c.reserved as spent
          from budget_charges c
          where c.reserved > 0 and c.reserved_at < now() - ${LEFT_S} * interval '1 second'
            and case c.kind when 'summary' then c.reserved_at < now() - ${LEFT_SUMMARY_S} * interval '1 second'
              when 'revision' then not exists (
                select 1 from reviews r where r.turn_id = c.charge_id and r.revise_note is not null)
              else not exists (select 1 from turns t where t.turn_id = c.charge_id
                and case t.status when 'queued' then true when 'running' then true else false end) end
          order by c.user_id, c.charge_id, c.owner, c.window_s, c.starts_s limit ? for update of c skip locked),
        counted as (${MOVE_TO_USED})
        update budget_charges set reserved = 0, used = budget_charges.used + ended.spent from ended
        where budget_charges.user_id = ended.user_id and budget_charges.charge_id = ended.charge_id
          and budget_charges.owner = ended.owner and budget_charges.window_s = ended.window_s
          and budget_charges.starts_s = ended.starts_s
        returning budget_charges.charge_id`,
};

const PAGE = 500;

/** Settles the reservations that nobody will settle, as used. @throws Unavailable */
export async function settleLeft(database: Database): Promise<void> {
  for (let full = true; full;) full = (await database.rows(SETTLE_LEFT, [PAGE])).length === PAGE;
}

/** Removes charges of a user. The windows of all users keep what was used; what is still reserved in them counts as used. */
export const PURGE_CHARGES: Statement = {
  name: 'purge-budget_charges',
  sql: `with gone as (
          delete from budget_charges where (user_id, charge_id, owner, window_s, starts_s) in (
            select user_id, charge_id, owner, window_s, starts_s from budget_charges where user_id = ? limit ?)
          returning owner, window_s, starts_s, reserved),
        ended as materialized (
          select owner, window_s, starts_s, reserved, reserved as spent from gone where owner = '' and reserved > 0),
        counted as (${MOVE_TO_USED})
        select 1 as removed from gone`,
};

export const PURGE_WINDOWS: Statement = {
  name: 'purge-budget_windows',
  sql: `delete from budget_windows where (owner, window_s, starts_s) in (
          select owner, window_s, starts_s from budget_windows where owner = ? limit ?) returning 1 as removed`,
};

const CHARGES: Statement = {
  name: 'budget-charges',
  sql: `select charge_id, kind, owner, window_s, starts_s, reserved, used from budget_charges
        where user_id = ? and (charge_id, owner, window_s, starts_s) > (?::uuid, ?::text, ?::int8, ?::int8)
        order by user_id, charge_id, owner, window_s, starts_s limit ?`,
};
const FIRST = { chargeId: '00000000-0000-0000-0000-000000000000', owner: '', windowS: 0, startsS: 0 };

/** A page of the charges of a user, after a charge, by their ids. @throws Unavailable */
export async function chargesOf(
  database: Database,
  userId: string,
  after: Charge | undefined,
  limit: number,
): Promise<Charge[]> {
  const { chargeId, owner, windowS, startsS } = after ?? FIRST;
  const rows = await database.rows<{
    readonly charge_id: string;
    readonly kind: Charge['kind'];
    readonly owner: string;
    readonly window_s: number;
    readonly starts_s: number;
    readonly reserved: number;
    readonly used: number;
  }>(CHARGES, [userId, chargeId, owner, windowS, startsS, limit]);
  return rows.map((row) => ({
    chargeId: row.charge_id,
    kind: row.kind,
    owner: row.owner,
    windowS: row.window_s,
    startsS: row.starts_s,
    reserved: row.reserved,
    used: row.used,
  }));
}
