// A message that joins a turn which waits, instead of making one of its own; part of an accept.
import { joined } from '../domain/busy-rules.ts';
import type { NewTurn } from '../domain/accept.ts';
import type { Turn } from '../domain/turn.ts';
import type { Queries, Statement } from './database.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** Locks the row, so that a claim at the same moment comes before (then there is no such row any more) or takes the
 *  joined text. If the newest one is claimed, it was the only one: older ones are claimed first. */
const NEWEST_QUEUED: Statement = {
  name: 'join-newest-queued',
  sql: `select ${TURN_COLUMNS.join(', ')} from turns where user_id = ? and session_id = ? and status = 'queued'
        order by seq desc limit 1 for update`,
};

const JOIN: Statement = {
  name: 'join-turn',
  sql: `update turns set text = ?, tags = ?, metadata = ? where turn_id = ? and status = 'queued'
        returning ${TURN_COLUMNS.join(', ')}`,
};

const KEEP_KEY: Statement = {
  name: 'join-keep-key',
  sql: 'insert into joined_keys (user_id, idempotency_key, turn_id, request_hash) values (?, ?, ?, ?)',
};

/** The accept took a seq with the user's lock; a message that makes no turn gives it back, as they have no gaps. */
const RETURN_SEQ: Statement = {
  name: 'join-return-seq',
  sql: 'update users set last_seq = last_seq - 1 where user_id = ?',
};

/** The waiting turn that the message can join, as it would be; locked until the transaction ends. Null: there is none. */
export async function findJoinable(queries: Queries, message: NewTurn): Promise<Turn | null> {
  const [row] = await queries.rows<TurnRow>(NEWEST_QUEUED, [message.userId, message.sessionId]);
  if (!row) return null;
  const waiting = turnOf(row);
  const content = joined(waiting, message);
  return content && { ...waiting, ...content };
}

/** Stores what `findJoinable` found, and which turn the message's key joined. */
export async function join(queries: Queries, message: NewTurn, { turnId, text, tags, metadata }: Turn): Promise<Turn> {
  const values = [text, JSON.stringify(tags), JSON.stringify(metadata), turnId];
  const [row] = await queries.rows<TurnRow>(JOIN, values);
  if (message.idempotencyKey !== null)
    await queries.rows(KEEP_KEY, [message.userId, message.idempotencyKey, turnId, message.requestHash]);
  await queries.rows(RETURN_SEQ, [message.userId]);
  return turnOf(row!);
}
