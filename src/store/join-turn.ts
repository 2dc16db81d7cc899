// Lets a message join a queued turn instead of creating a turn. Part of the accept transaction.
import { joined } from '../domain/busy-rules.ts';
import type { NewTurn } from '../domain/accept.ts';
import type { Turn } from '../domain/turn.ts';
import type { Queries, Statement } from './database.ts';
import { TURN_COLUMNS, turnOf, type TurnRow } from './turn-rows.ts';

/** Locks the row, so that a concurrent claim runs before this (then the row does not match any more) or takes the
 *  joined text. A turn that was claimed before may be queued again: its text has been sent to a model and does not change. */
const NEWEST_QUEUED: Statement = {
  name: 'join-newest-queued',
  sql: `select ${TURN_COLUMNS.join(', ')} from turns where user_id = ? and session_id = ? and status = 'queued' and epoch = 0 and client_hash is null
          and (?::bool or follows = ?::uuid)
          and assistant is not distinct from ?::text and client_instructions is not distinct from ?::text
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

/** The accept transaction has assigned a seq. A message that creates no turn returns it, because seqs have no gaps. */
const RETURN_SEQ: Statement = {
  name: 'join-return-seq',
  sql: 'update users set last_seq = last_seq - 1 where user_id = ?',
};

/** The queued turn that the message can join, with the joined content; null: none. Its row stays locked until the
 *  transaction ends. */
export async function findJoinable(queries: Queries, message: NewTurn): Promise<Turn | null> {
  const [row] = await queries.rows<TurnRow>(NEWEST_QUEUED, [
    message.userId,
    message.sessionId,
    message.continues === undefined,
    message.continues?.follows ?? null,
    message.assistant,
    message.clientInstructions,
  ]);
  if (!row) return null;
  const queued = turnOf(row);
  const content = joined(queued, message);
  return content && { ...queued, ...content };
}

/** Stores the turn that `findJoinable` returned, and that the message's idempotency key joined it. */
export async function join(queries: Queries, message: NewTurn, { turnId, text, tags, metadata }: Turn): Promise<Turn> {
  const values = [text, JSON.stringify(tags), JSON.stringify(metadata), turnId];
  const [row] = await queries.rows<TurnRow>(JOIN, values);
  if (message.idempotencyKey !== null)
    await queries.rows(KEEP_KEY, [message.userId, message.idempotencyKey, turnId, message.requestHash]);
  await queries.rows(RETURN_SEQ, [message.userId]);
  return turnOf(row!);
}
