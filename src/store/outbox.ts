// The table `outbox`. A commit writes its rows; the relay publishes and removes them. A row with `queued_at` is in
// BullMQ and waits only for the pub/sub bridge (docs/decisions/0015-two-destinations.md).
import type { OutboxEvent } from '../domain/events.ts';
import type { OutboxTopic } from '../domain/topics.ts';
import type { Database, Statement } from './database.ts';

/** Reads the texts of a delivered turn from its row, and the traceparent, so that an event continues the trace. */
const EVENTS = `select o.event_id, o.topic, o.user_id, o.created_at, t.traceparent,
          case when o.topic = 'conversations'
            then o.data || jsonb_build_object('user_message', t.text, 'assistant_reply', t.reply) else o.data end as data
        from outbox o left join turns t on t.turn_id = (o.data ->> 'turn_id')::uuid`;
const LEFT_OVER: Statement = {
  name: 'outbox-left-over',
  sql: `${EVENTS} where o.queued_at is null and o.created_at < now() - ?::float8 * interval '1 second'
        order by o.created_at limit ?`,
};
const FOR_PUBSUB: Statement = {
  name: 'outbox-for-edge',
  sql: `${EVENTS} where o.queued_at is not null order by o.queued_at limit ?`,
};
const QUEUED: Statement = {
  name: 'outbox-queued',
  sql: 'update outbox set queued_at = now() where event_id = any(?::uuid[])',
};
const REMOVE: Statement = { name: 'outbox-remove', sql: 'delete from outbox where event_id = any(?::uuid[])' };

interface OutboxRow {
  readonly event_id: string;
  readonly topic: OutboxTopic;
  readonly user_id: string;
  readonly data: Record<string, unknown>;
  readonly created_at: Date;
  readonly traceparent: string | null;
}

const eventOf = (row: OutboxRow): OutboxEvent => ({
  eventId: row.event_id,
  topic: row.topic,
  userId: row.user_id,
  data: row.data,
  committedAt: row.created_at,
  traceparent: row.traceparent,
});

/** Events older than `ageS` seconds that no destination has, oldest first: their process ended or could not publish.
 *  @throws Unavailable */
export async function unpublishedEvents(database: Database, ageS: number, limit: number): Promise<OutboxEvent[]> {
  return (await database.rows<OutboxRow>(LEFT_OVER, [ageS, limit])).map(eventOf);
}

/** Events that BullMQ has and pub/sub does not have, least recently tried first. @throws Unavailable */
export async function eventsForPubsub(database: Database, limit: number): Promise<OutboxEvent[]> {
  return (await database.rows<OutboxRow>(FOR_PUBSUB, [limit])).map(eventOf);
}

/** Leaves the events to the pub/sub bridge alone, behind all others that wait for it. @throws Unavailable */
export async function markQueued(database: Database, eventIds: readonly string[]): Promise<void> {
  await database.rows(QUEUED, [eventIds]);
}

/** @throws Unavailable */
export async function removeEvents(database: Database, eventIds: readonly string[]): Promise<void> {
  await database.rows(REMOVE, [eventIds]);
}
