// Waits until a system has nothing left to do, and reads what it derived from the turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis } from '../src/redis/connection.ts';
import { createLog } from '../src/telemetry/log.ts';
import { Queues } from '../src/workers/queues.ts';
import { request } from './load/request.ts';
import { connected } from './system/database.ts';
import type { System } from './system/system.ts';

const POLL_MS = 500;
const TIMEOUT_MS = 10_000;
const READERS = 8;
const log = createLog('silent');

export interface Derived {
  /** What is left after the time; empty: nothing. */
  readonly leftOver: readonly string[];
  readonly summaries: ReadonlyMap<string, number>;
  readonly counted: Readonly<Record<string, number>>;
  readonly deadLetters: readonly string[];
}

const BACKLOG = `select
  (select count(*)::int4 from turns where status in ('queued', 'running')) as "unfinished turns",
  (select count(*)::int4 from outbox) as "events in the outbox",
  (select count(*)::int4 from webhook_deliveries where status = 'pending' and attempts = 0) as "deliveries not tried"`;
/** Nothing here consumes this topic: the request of a review stays until the review has ended. */
const REVIEW_TOPIC = 'human-review';
const PENDING = "select count(*)::int4 as pending from reviews where status = 'pending'";

const LAST = `select user_id, max(seq)::int4 as seq from conversation_rows group by user_id`;
const STATUSES = `select status, count(*)::int4 as turns from turns where status in ('completed', 'failed', 'rejected')
  group by status`;

/** Waits up to `ms` milliseconds. */
export async function settle({ base, urls }: System, ms: number): Promise<Derived> {
  const url = urls[0]!;
  const client = await connected(base.postgres.url);
  const redis = await connectRedis(base.redis.url, 'patient', log);
  const queues = new Queues(redis, log);
  const summaries = new Map<string, number>();
  let counted: Record<string, number> = {};
  const remaining = async (): Promise<string[]> => {
    const [backlog] = (await client.query<Record<string, number>>(BACKLOG)).rows;
    const left = Object.entries(backlog!)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${count} ${what}`);
    const [{ pending } = { pending: 0 }] = (await client.query<{ pending: number }>(PENDING)).rows;
    for (const [name, { waiting, active, delayed }] of Object.entries(await queues.counts())) {
      const jobs = waiting + active + delayed - (name === REVIEW_TOPIC ? pending : 0);
      if (jobs > 0) left.push(`${jobs} jobs in ${name}`);
    }
    const stale = (await client.query<{ user_id: string; seq: number }>(LAST)).rows.filter(
      ({ user_id: user, seq }) => (summaries.get(user) ?? 0) < seq,
    );
    await readSummaries(
      url,
      stale.map(({ user_id: user }) => user),
      summaries,
    );
    const missing = stale.filter(({ user_id: user, seq }) => (summaries.get(user) ?? 0) < seq);
    if (missing.length > 0) left.push(`${missing.length} summaries`);
    counted = await readAnalytics(url);
    for (const { status, turns } of (await client.query<{ status: string; turns: number }>(STATUSES)).rows)
      if (counted[status] !== turns) left.push(`analytics of ${status}: ${counted[status]} of ${turns}`);
    return left;
  };
  try {
    let leftOver: string[] = [];
    for (const deadline = Date.now() + ms; ; await sleep(POLL_MS)) {
      leftOver = await remaining().catch((error: Error) => [error.message]);
      if (leftOver.length === 0 || Date.now() > deadline) break;
    }
    return { leftOver, summaries, counted, deadLetters: await readDeadLetters(url) };
  } finally {
    await queues.close();
    redis.disconnect();
    await client.end();
  }
}

async function get<T>(url: string): Promise<T> {
  const { status, text } = await request('GET', url, { timeoutMs: TIMEOUT_MS });
  if (status !== 200) throw new Error(`GET ${new URL(url).pathname}: ${status} ${text.slice(0, 200)}`);
  return JSON.parse(text) as T;
}

async function readSummaries(url: string, users: string[], into: Map<string, number>): Promise<void> {
  const rest = [...users];
  const reader = async () => {
    for (let user = rest.pop(); user !== undefined; user = rest.pop()) {
      const { through_seq: through } = await get<{ through_seq: number }>(`${url}/memories/${user}`);
      into.set(user, through);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
}

async function readAnalytics(url: string): Promise<Record<string, number>> {
  const { items } = await get<{ items: { by_status: Record<string, number> }[] }>(`${url}/analytics`);
  const counted: Record<string, number> = {};
  for (const { by_status: ofDay } of items)
    for (const [status, turns] of Object.entries(ofDay)) counted[status] = (counted[status] ?? 0) + turns;
  return counted;
}

async function readDeadLetters(url: string): Promise<string[]> {
  const { items } = await get<{ items: { topic: string; reason: string }[] }>(`${url}/admin/dead-letters?limit=100`);
  return items.map(({ topic, reason }) => `${topic}: ${reason}`);
}
