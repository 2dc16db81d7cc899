// The outbox table. A commit writes it; the relay publishes and removes.
import type { OutboxEvent, OutboxTopic } from '../turns/events.ts';
import type { Database, Statement } from './database.ts';

const LEFT_OVER: Statement = {
  name: 'outbox-left-over',
  sql: `select o.event_id, o.topic, o.user_id, o.data, t.traceparent
        from outbox o left join turns t on t.turn_id = (o.data ->> 'turn_id')::uuid
        where o.created_at < now() - ? * interval '1 second' order by o.created_at limit ?`,
};
const REMOVE: Statement = { name: 'outbox-remove', sql: 'delete from outbox where event_id = any(?::uuid[])' };
const OLDEST: Statement = {
  name: 'outbox-oldest',
  sql: 'select count(*) as waiting, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as age_s from outbox',
};

/** Events older than `ageS`, oldest first: those whose process ended, or could not publish. @throws DatabaseUnavailable */
export async function leftOverEvents(database: Database, ageS: number, limit: number): Promise<OutboxEvent[]> {
  const rows = await database.rows<{
    event_id: string;
    topic: OutboxTopic;
    user_id: string;
    data: Record<string, unknown>;
    traceparent: string | null;
  }>(LEFT_OVER, [ageS, limit]);
  return rows.map((row) => ({
    eventId: row.event_id,
    topic: row.topic,
    userId: row.user_id,
    data: row.data,
    traceparent: row.traceparent,
  }));
}

/** @throws DatabaseUnavailable */
export async function removeEvents(database: Database, eventIds: readonly string[]): Promise<void> {
  await database.rows(REMOVE, [eventIds]);
}

/** Events not yet published, and the age in seconds of the oldest. @throws DatabaseUnavailable */
export async function outboxBacklog(database: Database): Promise<{ waiting: number; ageS: number }> {
  const [row] = await database.rows<{ waiting: number; age_s: number }>(OLDEST, []);
  return { waiting: row!.waiting, ageS: row!.age_s };
}
