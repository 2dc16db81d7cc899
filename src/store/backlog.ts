// The backlog of all users: for the metrics, and for the sweeper. Every query uses an index. A count that can grow
// without bound stops at a limit.
import { IS_LEFT_OVER } from './analytics.ts';
import { mayRun, UNFINISHED } from './budgets/postponed.ts';
import type { Claim } from './held-claims.ts';
import type { Database, Statement } from './database.ts';

const TURNS: Statement = {
  name: 'backlog-turns',
  sql: `select count(*) filter (where status = 'queued' and not postponed) as waiting,
               count(*) filter (where status = 'queued' and postponed) as postponed,
               count(*) filter (where status = 'running') as running,
               coalesce(extract(epoch from now() - min(created_at) filter (where status = 'queued' and not postponed)), 0)::float8 as oldest_s
        from ${UNFINISHED}`,
};

interface TurnBacklog {
  /** Queued turns that a worker should run. */
  readonly queued: number;
  /** Queued turns that wait for a budget. */
  readonly postponed: number;
  readonly running: number;
  /** Age in seconds of the oldest turn of `queued`; 0: there is none. */
  readonly oldestS: number;
}

/** Counts the queued and running turns. @throws Unavailable */
export async function turnBacklog(database: Database): Promise<TurnBacklog> {
  const [row] = await database.rows<Record<'waiting' | 'postponed' | 'running' | 'oldest_s', number>>(TURNS, []);
  const { waiting: queued, postponed, running, oldest_s: oldestS } = row!;
  return { queued, postponed, running, oldestS };
}

const countedEvents = (condition: string, order: string) =>
  `(select count(*) as events, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_s
    from (select created_at from outbox where ${condition} order by ${order} limit ?) counted)`;

const OUTBOX: Statement = {
  name: 'backlog-outbox',
  sql: `select queues.events as queues_events, queues.oldest_s as queues_oldest_s,
               edge.events as edge_events, edge.oldest_s as edge_oldest_s
        from ${countedEvents('queued_at is null', 'created_at')} queues
        cross join ${countedEvents('queued_at is not null', 'queued_at')} edge`,
};

interface EventCount {
  /** Counted up to the limit. */
  readonly events: number;
  /** Age of the oldest counted event in seconds; 0: none. */
  readonly oldestS: number;
}

/** Events that are not published yet, by destination: BullMQ (`queues`) or Dapr pub/sub (`pubsub`).
 *  @throws Unavailable */
export async function outboxBacklog(
  database: Database,
  limit: number,
): Promise<Readonly<Record<'queues' | 'pubsub', EventCount>>> {
  const [row] = await database.rows<
    Record<'queues_events' | 'queues_oldest_s' | 'edge_events' | 'edge_oldest_s', number>
  >(OUTBOX, [limit, limit]);
  return {
    queues: { events: row!.queues_events, oldestS: row!.queues_oldest_s },
    pubsub: { events: row!.edge_events, oldestS: row!.edge_oldest_s },
  };
}

const REVIEWS: Statement = {
  name: 'backlog-reviews',
  sql: `select count(*) filter (where deadline <= now()) as overdue,
               count(*) filter (where deadline > now() and deadline <= now() + interval '1 hour') as hour,
               count(*) filter (where deadline > now() + interval '1 hour' and deadline <= now() + interval '1 day') as day,
               count(*) filter (where deadline > now() + interval '1 day') as later,
               greatest(coalesce(extract(epoch from now() - min(deadline)), 0), 0)::float8 as overdue_s
        from (select deadline from reviews where status = 'pending' order by deadline, review_id limit ?) counted`,
};

/** Pending reviews by when they are due, counted up to `limit`, earliest deadline first. `overdueS`: for how many
 *  seconds the oldest one has been overdue. @throws Unavailable */
export async function reviewBacklog(
  database: Database,
  limit: number,
): Promise<Readonly<Record<'overdue' | 'hour' | 'day' | 'later' | 'overdueS', number>>> {
  const [row] = await database.rows<Record<'overdue' | 'hour' | 'day' | 'later' | 'overdue_s', number>>(REVIEWS, [
    limit,
  ]);
  const { overdue, hour, day, later, overdue_s: overdueS } = row!;
  return { overdue, hour, day, later, overdueS };
}

const DELIVERIES: Statement = {
  name: 'backlog-deliveries',
  sql: `select (select count(*) from (select 1 from webhook_deliveries
                where status = 'pending' and next_attempt_at <= now() limit ?) due) as due,
               (select count(*) from (select 1 from webhook_deliveries
                where status = 'dead' and ended_at is not null limit ?) dead) as dead`,
};

/** Webhook deliveries that are due, and dead ones that are still stored, each counted up to `limit`.
 *  @throws Unavailable */
export async function deliveriesBacklog(database: Database, limit: number): Promise<{ due: number; dead: number }> {
  const [row] = await database.rows<{ due: number; dead: number }>(DELIVERIES, [limit, limit]);
  return { due: row!.due, dead: row!.dead };
}

const ERASURES: Statement = {
  name: 'backlog-erasures',
  sql: `select count(*) as under_way, coalesce(extract(epoch from now() - min(requested_at)), 0)::float8 as oldest_s
        from (select requested_at from erasures where finished_at is null order by due_at limit ?) counted`,
};

/** Running erasures, counted up to `limit`, and the age of the oldest one in seconds. @throws Unavailable */
export async function erasureBacklog(
  database: Database,
  limit: number,
): Promise<{ underWay: number; oldestS: number }> {
  const [row] = await database.rows<{ under_way: number; oldest_s: number }>(ERASURES, [limit]);
  return { underWay: row!.under_way, oldestS: row!.oldest_s };
}

/** The steps of a sweep that only have work while such rows exist. */
export interface DueWork {
  /** Events that another process has left, or that wait for pub/sub. */
  readonly events: boolean;
  /** Kept decisions, or reviews whose deadline has passed. */
  readonly reviews: boolean;
  /** New drafts that nobody writes. */
  readonly revisions: boolean;
  /** Calls of tools whose worker has not recorded an outcome in time. */
  readonly calls: boolean;
  /** Review events without a position. */
  readonly feed: boolean;
  /** Erasures with a pass that is due. */
  readonly erasures: boolean;
  /** Delivered turns that were not counted for a while. */
  readonly counts: boolean;
  /** Users whose summary may be due. */
  readonly summaries: boolean;
  /** Reserved tokens that may have been left. */
  readonly budgets: boolean;
}

const DUE: Statement = {
  name: 'due-work',
  sql: `select exists (select 1 from outbox where queued_at is null and created_at < now() - ?::float8 * interval '1 second')
                 or exists (select 1 from outbox where queued_at is not null) as events,
               exists (select 1 from kept_decisions)
                 or exists (select 1 from reviews where status = 'pending' and kept_at is not null)
                 or exists (select 1 from reviews where status = 'pending' and deadline <= now()) as reviews,
               exists (select 1 from reviews where revise_until <= now()) as revisions,
               exists (select 1 from turn_steps where status = 'running' and expires_at < now()) as calls,
               exists (select 1 from review_events where position is null) as feed,
               exists (select 1 from erasures where finished_at is null and due_at <= now()) as erasures,
               exists (select 1 from uncounted_turns where ${IS_LEFT_OVER}) as counts,
               exists (select 1 from due_summaries where due_at <= now()) as summaries,
               exists (select 1 from budget_charges where reserved > 0) as budgets`,
};

/** Which steps of a sweep have work, in one statement, because an idle process sweeps every second too. `leftOverS`: age in
 *  seconds at which an unpublished event counts as left. @throws Unavailable */
export async function dueWork(database: Database, leftOverS: number): Promise<DueWork> {
  const [row] = await database.rows<DueWork>(DUE, [leftOverS]);
  return row!;
}

/** Finds what the sweeper wakes: lapsed claims, and first turns that have been queued for longer than `ageS`, or whose
 *  time has come. */
const IDLE: Statement = {
  name: 'idle-heads',
  sql: `select user_id, turn_id, epoch from (
          select distinct on (user_id) user_id, turn_id, epoch, status, lease_until, created_at, not_before
          from turns where status in ('queued', 'running') and user_id > ? order by user_id, seq) heads
        where (status = 'running' and lease_until < now())
           or (status = 'queued' and created_at < now() - ?::float8 * interval '1 second' and ${mayRun('heads')})
        order by user_id limit ?`,
};

export interface IdleHead {
  readonly user_id: string;
  readonly turn_id: string;
  readonly epoch: number;
}

/** A page of first queued or running turns that no worker seems to run, by user, after `afterUser`. @throws Unavailable */
export function idleHeads(database: Database, afterUser: string, ageS: number, limit: number): Promise<IdleHead[]> {
  return database.rows<IdleHead>(IDLE, [afterUser, ageS, limit]);
}

const QUEUED: Statement = { name: 'waiting', sql: "select count(*) as waiting from turns where status = 'queued'" };

/** Number of queued turns of all users. @throws Unavailable */
export async function countQueued(database: Database): Promise<number> {
  const [row] = await database.rows<{ waiting: number }>(QUEUED, []);
  return row!.waiting;
}

const QUEUED_HEADS: Statement = {
  name: 'waiting-heads',
  sql: `select asked.user_id, head.turn_id, head.epoch
        from unnest(?::text[]) as asked (user_id) cross join lateral (
          select turn_id, epoch, not_before from turns t where t.user_id = asked.user_id and t.status = 'queued' order by t.seq limit 1) head
        where ${mayRun('head')}`,
};

async function firstQueuedOfAll(database: Database, userIds: readonly string[]): Promise<(Claim | null)[]> {
  const rows = await database.rows<{ user_id: string; turn_id: string; epoch: number }>(QUEUED_HEADS, [userIds]);
  const heads = new Map(rows.map((row) => [row.user_id, { turnId: row.turn_id, epoch: row.epoch }]));
  return userIds.map((userId) => heads.get(userId) ?? null);
}

/** The user's first queued turn; null: none, or a budget postpones it. @throws Unavailable */
export const firstQueued = (database: Database, userId: string): Promise<Claim | null> =>
  database.batched('first-queued', userId, firstQueuedOfAll);
