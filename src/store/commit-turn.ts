// The final commit of a turn: one statement, one transaction, under the claim's epoch. Zero rows: the claim was lost.
import type { OutboxEvent } from '../turns/events.ts';
import type { TurnError, Usage } from '../turns/turn.ts';
import type { Claim } from './claims.ts';
import type { Database, Statement } from './database.ts';

/** Delivers what stands in the CTE `done`: its conversation rows and tags, where it has a reply, and its events. */
export const DELIVER = `delivered as (
          insert into conversation_rows (user_id, seq, ordinal, session_id, turn_id, role, content, tags, metadata)
          select user_id, seq, 0, session_id, turn_id, 'user', text, tags, metadata from done where reply is not null
          union all select user_id, seq, 1, session_id, turn_id, 'assistant', reply, tags, metadata from done where reply is not null),
        tagged as (
          insert into conversation_tags (user_id, tag, seq)
          select distinct user_id, tag, seq from done, jsonb_array_elements_text(tags) as tag where reply is not null),
        told as (
          insert into outbox (event_id, topic, user_id, data)
          select event_id, topic, user_id, data::jsonb from done, unnest(?::uuid[], ?::text[], ?::text[]) as e (event_id, topic, data))`;

/** What DELIVER is given of the events. */
export const eventBindings = (events: readonly OutboxEvent[]): readonly string[][] => [
  events.map((event) => event.eventId),
  events.map((event) => event.topic),
  events.map((event) => JSON.stringify(event.data)),
];

const COMPLETE: Statement = {
  name: 'commit-completed',
  sql: `with done as (
          update turns set status = 'completed', reply = ?, model = ?, input_tokens = ?, output_tokens = ?, attempts = ?,
                 finished_at = now(), lease_until = null
          where turn_id = ? and epoch = ? and status = 'running'
          returning turn_id, user_id, session_id, seq, text, reply, tags, metadata),
        ${DELIVER}
        select turn_id from done`,
};

/** Counted right here, since no event tells of a turn without a reply. */
const FAIL: Statement = {
  name: 'commit-failed',
  sql: `with done as (
          update turns set status = 'failed', error_code = ?, error_detail = ?, attempts = ?, finished_at = now(), lease_until = null
          where turn_id = ? and epoch = ? and status = 'running'
          returning turn_id, user_id, finished_at),
        counted as (
          insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
          select user_id, (finished_at at time zone 'UTC')::date, 'failed', 1, 0, 0, 0, finished_at, finished_at from done
          on conflict (user_id, day, status) do update
          set turns = analytics_days.turns + 1, last_at = greatest(analytics_days.last_at, excluded.last_at))
        select turn_id from done`,
};

export interface Answer {
  readonly reply: string;
  readonly model: string;
  readonly usage: Usage;
}

/** Delivers the reply with its conversation rows and events. False: the claim was lost and nothing was written.
 *  @throws DatabaseUnavailable */
export async function commitAnswer(
  database: Database,
  claim: Claim,
  attempts: number,
  answer: Answer,
  events: readonly OutboxEvent[],
): Promise<boolean> {
  const rows = await database.rows(COMPLETE, [
    answer.reply,
    answer.model,
    answer.usage.inputTokens,
    answer.usage.outputTokens,
    attempts,
    claim.turnId,
    claim.epoch,
    ...eventBindings(events),
  ]);
  return rows.length === 1;
}

/** Ends the turn without a reply. False: the claim was lost and nothing was written. @throws DatabaseUnavailable */
export async function commitFailure(
  database: Database,
  claim: Claim,
  attempts: number,
  error: TurnError,
): Promise<boolean> {
  const rows = await database.rows(FAIL, [error.code, error.detail, attempts, claim.turnId, claim.epoch]);
  return rows.length === 1;
}
