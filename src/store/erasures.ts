// The table `erasures`. While an erasure is running, its user cannot start a turn. A completed erasure does not contain
// the user id any more.
import { ownerHashOf, type DueErasure, type Erasure } from '../domain/erasure.ts';
import type { Database, Statement } from './database.ts';
import { forgetUser, purgeUser } from './purge-user.ts';

interface Row {
  readonly erasure_id: string;
  readonly owner_hash: string;
  readonly requested_at: Date;
  readonly finished_at: Date | null;
}

const COLUMNS = 'erasure_id, owner_hash, requested_at, finished_at';

const erasureOf = (row: Row): Erasure => ({
  erasureId: row.erasure_id,
  status: row.finished_at === null ? 'running' : 'completed',
  requestedAt: row.requested_at,
  finishedAt: row.finished_at,
  ownerHash: row.owner_hash,
});

const UNDER_WAY: Statement = { name: 'erasure-under-way', sql: `select ${COLUMNS} from erasures where user_id = ?` };
const BEGIN: Statement = {
  name: 'erasure-begin',
  sql: `insert into erasures (erasure_id, user_id, owner_hash, turn_ids) values (?, ?, ?, ?)
        on conflict (user_id) do nothing returning ${COLUMNS}`,
};

export interface StartedErasure {
  readonly erasure: Erasure;
  /** Removed turns that a worker may still run or a client may still wait for. */
  readonly turnIds: readonly string[];
}

/** Removes the rows of the user and starts the erasure of all other data. An erasure that is already running continues.
 *  @throws Unavailable */
export function beginErasure(database: Database, erasureId: string, userId: string): Promise<StartedErasure> {
  return database.transaction(async (queries) => {
    const turnIds = await purgeUser(queries, userId);
    const hash = ownerHashOf(erasureId, userId);
    const [started] = await queries.rows<Row>(BEGIN, [erasureId, userId, hash, JSON.stringify(turnIds)]);
    const [row] = started ? [started] : await queries.rows<Row>(UNDER_WAY, [userId]);
    return { erasure: erasureOf(row!), turnIds };
  });
}

const FIND: Statement = { name: 'erasure-by-id', sql: `select ${COLUMNS} from erasures where erasure_id = ?` };

/** The erasure; null: it does not exist. @throws Unavailable */
export async function findErasure(database: Database, erasureId: string): Promise<Erasure | null> {
  const [row] = await database.rows<Row>(FIND, [erasureId]);
  return row ? erasureOf(row) : null;
}

/** If two workers query at the same time, the row lock lets one of them take the erasure. */
const DUE: Statement = {
  name: 'erasures-due',
  sql: `update erasures set due_at = now() + ?::float8 * interval '1 second'
        where erasure_id in (select erasure_id from erasures where finished_at is null and due_at <= now() order by due_at limit ?)
          and finished_at is null and due_at <= now()
        returning erasure_id, user_id, turn_ids, passes`,
};

interface DueRow {
  readonly erasure_id: string;
  readonly user_id: string;
  readonly turn_ids: string[];
  readonly passes: number;
}

/** Takes due erasures for `leaseS` seconds. @throws Unavailable */
export async function dueErasures(database: Database, leaseS: number, limit: number): Promise<DueErasure[]> {
  const rows = await database.rows<DueRow>(DUE, [leaseS, limit]);
  return rows.map((row) => ({
    erasureId: row.erasure_id,
    userId: row.user_id,
    turnIds: row.turn_ids,
    passes: row.passes,
  }));
}

const PASSED: Statement = {
  name: 'erasure-passed',
  sql: `update erasures set passes = passes + 1, due_at = now() + ?::float8 * interval '1 second' where erasure_id = ?`,
};

/** Records a completed pass. The next one is due in `settleS` seconds. @throws Unavailable */
export async function erasurePassed(database: Database, erasureId: string, settleS: number): Promise<void> {
  await database.rows(PASSED, [settleS, erasureId]);
}

const POSTPONE: Statement = {
  name: 'erasure-postpone',
  sql: `update erasures set due_at = now() + ?::float8 * interval '1 second' where erasure_id = ?`,
};

/** Postpones a pass that failed. It is due again in `seconds` seconds. @throws Unavailable */
export async function postponeErasure(database: Database, erasureId: string, seconds: number): Promise<void> {
  await database.rows(POSTPONE, [seconds, erasureId]);
}

const FINISH: Statement = {
  name: 'erasure-finish',
  sql: `update erasures set user_id = null, turn_ids = '[]', passes = passes + 1, finished_at = now()
        where erasure_id = ? and finished_at is null`,
};

/** Removes the rows that were written since, and completes the erasure in the same transaction. @throws Unavailable */
export function finishErasure(database: Database, { erasureId, userId }: DueErasure): Promise<void> {
  return database.transaction(async (queries) => {
    await purgeUser(queries, userId);
    await forgetUser(queries, userId);
    await queries.rows(FINISH, [erasureId]);
  });
}
