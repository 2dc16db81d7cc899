// Accepts a turn: together with those of other callers if it certainly may be accepted, otherwise in a transaction of its
// own, which assigns the user's next seq and inserts the turn, or writes nothing.
import { traceparent } from '../telemetry/tracing.ts';
import { pathOf, type Continuation, type Opener, type SeqRange } from '../domain/branch.ts';
import { effectOf } from '../domain/busy-rules.ts';
import { refusalOf, type AcceptLimits, type AcceptOutcome, type NewTurn, type Refusal } from '../domain/accept.ts';
import { storedRequest } from '../domain/tools/client-tools.ts';
import type { Turn } from '../domain/turn.ts';
import { acceptShared } from './accept-shared.ts';
import { cancelRunning, cancelTurn, runningClaim } from './cancel-turn.ts';
import type { Claim } from './held-claims.ts';
import type { Database, Queries, Statement } from './database.ts';
import { findJoinable, join } from './join-turn.ts';
import { addPictures } from './pictures/turn-pictures.ts';
import { TURN_COLUMNS, TURN_SELECT, turnOf, type TurnRow } from './turn-rows.ts';

/** Assigns the next seq. Locks the user's row until the transaction ends, which serialises the accepts of one user. */
const NEXT_SEQ: Statement = {
  name: 'accept-next-seq',
  sql: `insert into users (user_id, last_seq, version) values (?, 1, 1)
        on conflict (user_id) do update set last_seq = users.last_seq + 1, version = users.version + 1
        returning last_seq as seq`,
};

/** Reads everything that may refuse the turn, under the user's lock, so that the user's limit and keys are exact. The
 *  limit over all users is not read here: it uses the last count (turns/queued-count.ts). */
const FACTS: Statement = {
  name: 'accept-facts',
  sql: `select exists (select 1 from erasures where user_id = ?) as erasing,
               (select user_id from sessions where session_id = ?) as session_owner,
               (select count(*) from turns where user_id = ? and status = 'queued') as waiting,
               exists (select 1 from turns where user_id = ? and status in ('queued', 'running')) as busy,
               (select turn_id from turns where user_id = ? and idempotency_key = ?) as earlier_id,
               (select turn_id from joined_keys where user_id = ? and idempotency_key = ?) as joined_id,
               (select request_hash from joined_keys where user_id = ? and idempotency_key = ?) as joined_hash`,
};

const EARLIER: Statement = {
  name: 'accept-earlier',
  sql: `select ${TURN_SELECT}, request_hash from turns where turn_id = ?`,
};

const NEW_SESSION: Statement = {
  name: 'accept-new-session',
  sql: 'insert into sessions (session_id, user_id) values (?, ?) on conflict (session_id) do nothing returning session_id',
};

const INSERT: Statement = {
  name: 'accept-insert',
  sql: `insert into turns (turn_id, user_id, session_id, seq, text, metadata, tags, idempotency_key, request_hash, traceparent,
          follows, branch_path, assistant, client_instructions, pictures, client_request,
          client_results, client_hash)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning ${TURN_COLUMNS.join(', ')}`,
};

/** The running turn is cancelled without a partial reply, whatever its claim is. */
export const NO_PARTIAL = 'no partial';

/** What the turn that a message interrupts gets as its partial reply: the text that was written under this claim. Null: it
 *  is not known which turn that is. */
export type Written = { readonly claim: Claim; readonly text: string | null } | typeof NO_PARTIAL | null;

/** The message interrupts this claim, but its text is not known yet. Nothing was changed. */
interface Interrupts {
  readonly outcome: 'interrupts';
  readonly claim: Claim;
}

/** Rolls the transaction back, so that the seq is not used up. */
class RolledBack extends Error {
  readonly reason: Refusal | Interrupts;
  constructor(reason: Refusal | Interrupts) {
    super(reason.outcome);
    this.reason = reason;
  }
}

interface Facts {
  readonly erasing: boolean;
  readonly session_owner: string | null;
  readonly waiting: number;
  readonly busy: boolean;
  readonly earlier_id: string | null;
  readonly joined_id: string | null;
  readonly joined_hash: string | null;
}

/** The turn that an earlier request with the same idempotency key created or joined; null: none. */
async function earlierTurn(queries: Queries, facts: Facts) {
  const turnId = facts.earlier_id ?? facts.joined_id;
  if (turnId === null) return null;
  const [row] = await queries.rows<TurnRow & { request_hash: string }>(EARLIER, [turnId]);
  return row ? { turn: turnOf(row), requestHash: facts.joined_hash ?? row.request_hash } : null;
}

/** Cancels the running turn that the message interrupts. Its text must be known before, because a final turn never
 *  changes, and the worker is not asked within the transaction, which holds the user's lock. */
async function interrupt(queries: Queries, userId: string, written: Written): Promise<Turn | null> {
  if (written === NO_PARTIAL) return cancelRunning(queries, userId);
  const running = await runningClaim(queries, userId);
  if (running === null) return null;
  if (running.turnId !== written?.claim.turnId || running.epoch !== written.claim.epoch)
    throw new RolledBack({ outcome: 'interrupts', claim: running });
  return cancelTurn(queries, running, written.text);
}

/** Whether `t` is in the session, so that no index of sessions is used: a plan that was made while the tables were empty would
 *  read all turns of the session. */
const IN_SESSION = 'case t.session_id when ?::uuid then true else false end';

/** `last`: the last turn of the session that is delivered or may still be. Each part uses an index. */
const BRANCH_FACTS: Statement = {
  name: 'accept-branch-facts',
  sql: `select followed.seq, followed.session_id, followed.user_id,
          (select json_build_object('seq', o.seq, 'path', o.branch_path) from turns o
           where o.session_id = ?::uuid and o.branch_path is not null and o.seq <= followed.seq
           order by o.session_id desc, o.seq desc limit 1) as opener,
          (select json_build_object('seq', o.seq, 'path', o.branch_path) from turns o
           where o.session_id = ?::uuid and o.branch_path is not null
           order by o.session_id desc, o.seq desc limit 1) as newest,
          greatest(
            (select c.seq from conversation_rows c where c.session_id = ?::uuid
             order by c.session_id desc, c.seq desc, c.ordinal desc limit 1),
            (select t.seq from turns t
             where t.user_id = ?::text and ${IN_SESSION} and t.status in ('queued', 'running')
             order by t.user_id desc, t.seq desc limit 1),
            (select t.seq from turns t
             where t.user_id = ?::text and ${IN_SESSION} and t.status = 'awaiting_review'
             order by t.user_id desc, t.status desc, t.seq desc limit 1)) as last
        from (select 1) as one left join turns followed on followed.turn_id = ?::uuid`,
};

interface BranchRow {
  readonly seq: number | null;
  readonly session_id: string | null;
  readonly user_id: string | null;
  readonly opener: Opener | null;
  readonly newest: Opener | null;
  readonly last: number | null;
}

/** The path of the branch that the turn opens; null: it continues the newest branch. Under the user's lock, so no other
 *  turn of the session is accepted meanwhile. */
async function branchPath(
  queries: Queries,
  { userId, sessionId }: NewTurn,
  continues: Continuation,
): Promise<readonly SeqRange[] | null> {
  const session = [sessionId, sessionId, sessionId];
  const pending = [userId, sessionId, userId, sessionId];
  const [row] = await queries.rows<BranchRow>(BRANCH_FACTS, [...session, ...pending, continues.follows]);
  const { seq, opener, newest, last } = row!;
  const isInSession = row!.session_id === sessionId && row!.user_id === userId;
  if (continues.follows !== null && !isInSession) throw new RolledBack({ outcome: 'unknown_follows' });
  return pathOf(continues, { followedSeq: seq ?? 0, opener, newest, lastSeq: last ?? 0 });
}

async function accept(
  queries: Queries,
  turnId: string,
  turn: NewTurn,
  limits: AcceptLimits,
  written: Written,
): Promise<AcceptOutcome> {
  const [next] = await queries.rows<{ seq: number }>(NEXT_SEQ, [turn.userId]);
  const key = [turn.userId, turn.idempotencyKey];
  const [found] = await queries.rows<Facts>(FACTS, [
    turn.userId,
    turn.sessionId,
    turn.userId,
    turn.userId,
    ...key,
    ...key,
    ...key,
  ]);
  const { erasing, session_owner: sessionOwner, waiting: queued, busy } = found!;
  const rule = effectOf(turn.onBusy);
  const joinable = rule.joins ? await findJoinable(queries, turn) : null;
  const earlier = await earlierTurn(queries, found!);
  const facts = { erasing, earlier, sessionOwner, queued, busy, joins: joinable !== null };
  const refusal = refusalOf(turn, facts, limits);
  if (refusal) throw new RolledBack(refusal);
  if (joinable) return { outcome: 'joined', turn: await join(queries, turn, joinable) };
  if (sessionOwner === null) {
    const created = await queries.rows(NEW_SESSION, [turn.sessionId, turn.userId]);
    // Another user has created this session since FACTS was read.
    if (created.length === 0) throw new RolledBack({ outcome: 'foreign_session' });
  }
  const path = turn.continues ? await branchPath(queries, turn, turn.continues) : null;
  const cancelled = rule.cancels
    ? await interrupt(queries, turn.userId, rule.cancels === 'dropPartial' ? NO_PARTIAL : written)
    : null;
  const client = turn.clientRequest && storedRequest(turn.clientRequest);
  const [row] = await queries.rows<TurnRow>(INSERT, [
    turnId,
    turn.userId,
    turn.sessionId,
    next!.seq,
    turn.text,
    JSON.stringify(turn.metadata),
    JSON.stringify(turn.tags),
    turn.idempotencyKey,
    turn.requestHash,
    traceparent(),
    turn.continues?.follows ?? null,
    path && JSON.stringify(path),
    turn.assistant,
    turn.clientInstructions,
    turn.pictures?.length || null,
    client?.request ?? null,
    client?.results ?? null,
    client?.hash ?? null,
  ]);
  await addPictures(queries, { turnId, userId: turn.userId }, turn.pictures ?? []);
  return { outcome: 'accepted', turn: turnOf(row!), cancelled };
}

/** Accepts the turn durably under `turnId`, or returns the refusal and writes nothing. @throws Unavailable */
export async function acceptTurn(
  database: Database,
  turnId: string,
  turn: NewTurn,
  limits: AcceptLimits,
  written: Written = null,
): Promise<AcceptOutcome | Interrupts> {
  // The other rules depend on the user's other turns, or change them. Pictures are rows of their own. What clients ask for
  // besides text may be large.
  const isAlone = turn.onBusy !== 'enqueue' || turn.continues || turn.pictures?.length || turn.clientRequest;
  if (!isAlone && limits.queuedOfAll < limits.ofAll && limits.rateRetryAfterS === null && limits.budgetWaitS === null) {
    const posted = { turnId, turn, traceparent: traceparent(), perUser: limits.perUser };
    const accepted = await acceptShared(database, posted);
    if (accepted) return { outcome: 'accepted', turn: accepted, cancelled: null };
  }
  try {
    return await database.transaction((queries) => accept(queries, turnId, turn, limits, written));
  } catch (error) {
    if (error instanceof RolledBack) return error.reason;
    throw error;
  }
}
