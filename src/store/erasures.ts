// The table `erasures`. While an erasure is running, its user cannot start a turn. A completed erasure does not contain
// the user id any more.
import { ownerHashOf, type DueErasure, type Erasure } from '../domain/erasure.ts';
import type { Database, Queries, Statement } from './database.ts';
import { forgetUser, lockUser, purgeUnfinished, purgeUser } from './purge-user.ts';

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
/** Seconds for which a pass, or the start of an erasure, may be silent. After that it counts as interrupted. */
const BUSY_S = 60;
/** The passes start when the rows are removed, or when that was interrupted. */
const BEGIN: Statement = {
  name: 'erasure-begin',
  sql: `insert into erasures (erasure_id, user_id, owner_hash, turn_ids, due_at)
        values (?, ?, ?, '[]', now() + ${BUSY_S} * interval '1 second')
        on conflict (user_id) do nothing returning ${COLUMNS}`,
};
const BATCH_REMOVED: Statement = {
  name: 'erasure-batch-removed',
  sql: `update erasures set turn_ids = turn_ids || ?::jsonb,
               due_at = greatest(due_at, now() + ?::float8 * interval '1 second') where user_id = ?`,
};
const DUE_NOW: Statement = {
  name: 'erasure-due-now',
  sql: 'update erasures set due_at = now() where erasure_id = ? and passes = 0 and finished_at is null',
};
/** After this time the passes remove the rest, because a client waits for the answer. */
const BEGIN_MS = 1_000;

/** Records a batch in its transaction: a batch that a process removed is never forgotten. `busyS`: seconds for which the
 *  passes wait for the next batch. 0 for a repeated request, which must not delay passes that are due. */
const recordOf = (userId: string, busyS: number) => async (queries: Queries, turnIds: readonly string[]) => {
  await queries.rows(BATCH_REMOVED, [JSON.stringify(turnIds), busyS, userId]);
};

export interface StartedErasure {
  readonly erasure: Erasure;
  /** Removed turns that a worker may still run or a client may still wait for. */
  readonly turnIds: readonly string[];
}

/** Starts the erasure, and removes the rows of the user: those that running work could change, and then as many others
 *  as a client can wait for. An erasure that is already running continues. @throws Unavailable */
export async function beginErasure(database: Database, erasureId: string, userId: string): Promise<StartedErasure> {
  const until = performance.now() + BEGIN_MS;
  const hash = ownerHashOf(erasureId, userId);
  const { row, started } = await database.transaction(async (queries) => {
    await lockUser(queries, userId);
    const [begun] = await queries.rows<Row>(BEGIN, [erasureId, userId, hash]);
    const [known] = begun ? [begun] : await queries.rows<Row>(UNDER_WAY, [userId]);
    return { row: known!, started: begun !== undefined };
  });
  const record = recordOf(userId, started ? BUSY_S : 0);
  const unfinished = await purgeUnfinished(database, userId, record);
  const others = await purgeUser(database, userId, record, until);
  if (started) await database.rows(DUE_NOW, [erasureId]);
  return { erasure: erasureOf(row), turnIds: [...unfinished, ...others] };
}

/** Removes what is left of the user's rows. Returns removed turns whose deltas a client may still read.
 *  @throws Unavailable */
export const removeRows = (database: Database, userId: string): Promise<string[]> =>
  purgeUser(database, userId, recordOf(userId, BUSY_S));

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

/** Takes due erasures: they are due again if their pass is interrupted. @throws Unavailable */
export async function dueErasures(database: Database, limit: number): Promise<DueErasure[]> {
  const rows = await database.rows<DueRow>(DUE, [BUSY_S, limit]);
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

/** Completes the erasure. From then on a new user may have the id. @throws Unavailable */
export function finishErasure(database: Database, { erasureId, userId }: DueErasure): Promise<void> {
  return database.transaction(async (queries) => {
    await lockUser(queries, userId);
    await forgetUser(queries, userId);
    await queries.rows(FINISH, [erasureId]);
  });
}
