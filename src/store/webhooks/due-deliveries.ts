// Webhook deliveries for the webhook sender: claims due ones, records attempts and removes old ones. All times are by
// the database's clock.
import type { Attempt, NextStep } from '../../domain/delivery-schedule.ts';
import type { Database, Statement } from '../database.ts';

/** A delivery claimed for one attempt. No other sender claims it until the lease expires. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  /** Increases with every claim and replay. An attempt of an older epoch cannot be recorded. */
  readonly epoch: number;
  /** Number of attempts, including this one. */
  readonly attempts: number;
  readonly webhookId: string;
  readonly turnId: string | null;
  readonly event: string;
  readonly createdAt: Date;
  /** Null: the webhook was removed. */
  readonly hook: { readonly url: string; readonly enabled: boolean; readonly secrets: readonly string[] } | null;
}

interface ClaimedRow {
  readonly delivery_id: string;
  readonly epoch: number;
  readonly attempts: number;
  readonly webhook_id: string;
  readonly turn_id: string | null;
  readonly event: string;
  readonly created_at: Date;
  readonly url: string | null;
  readonly enabled: boolean | null;
  readonly secret: string | null;
  readonly old_secret: string | null;
}

/** The update repeats the condition on the row, because a concurrent claim may have changed the row by then. */
const CLAIM: Statement = {
  name: 'deliveries-claim',
  sql: `with due as (
          select delivery_id, webhook_id, next_attempt_at from webhook_deliveries
          where status = 'pending' and next_attempt_at <= now() and webhook_id <> all(?::uuid[])
          order by next_attempt_at limit ?),
        placed as (
          select delivery_id, webhook_id, row_number() over (partition by webhook_id order by next_attempt_at) as place from due),
        chosen as (
          select p.delivery_id, w.url, w.enabled, w.secret, case when w.old_secret_until > now() then w.old_secret end as old_secret
          from placed p left join webhooks w on w.webhook_id = p.webhook_id
          left join unnest(?::uuid[], ?::int4[]) as own (webhook_id, most) on own.webhook_id = p.webhook_id
          where p.place <= coalesce(own.most, ?::int4))
        update webhook_deliveries d
        set epoch = d.epoch + 1, attempts = d.attempts + 1, last_attempt_at = now(),
            next_attempt_at = now() + ?::float8 * interval '1 second'
        from chosen where d.delivery_id = chosen.delivery_id and d.status = 'pending' and d.next_attempt_at <= now()
        returning d.delivery_id, d.epoch, d.attempts, d.webhook_id, d.turn_id, d.event, d.created_at,
                  chosen.url, chosen.enabled, chosen.secret, chosen.old_secret`,
};

export interface ClaimRules {
  readonly limit: number;
  /** Maximum for one webhook. */
  readonly perWebhook: number;
  /** Webhooks whose last attempt failed: one delivery each. */
  readonly failing: readonly string[];
  /** Webhooks that have attempts already, with the number of deliveries that may be claimed for each. */
  readonly started: readonly (readonly [webhookId: string, most: number])[];
  /** Webhooks whose deliveries are not claimed. */
  readonly excluded: readonly string[];
  /** Seconds after which a delivery is due again if its attempt is not recorded. */
  readonly leaseS: number;
}

const webhookOf = ({ url, enabled, secret, old_secret: old }: ClaimedRow): ClaimedDelivery['hook'] =>
  url === null ? null : { url, enabled: enabled === true, secrets: [secret!, ...(old === null ? [] : [old])] };

/** Claims due deliveries, those due longest first. @throws Unavailable */
export async function claimDeliveries(database: Database, rules: ClaimRules): Promise<ClaimedDelivery[]> {
  const { limit, perWebhook, failing, started, excluded, leaseS } = rules;
  const own = [...failing.map((id) => [id, 1] as const), ...started];
  const [ids, most] = [own.map(([id]) => id), own.map(([, count]) => count)];
  const rows = await database.rows<ClaimedRow>(CLAIM, [excluded, limit, ids, most, perWebhook, leaseS]);
  return rows.map((row) => ({
    deliveryId: row.delivery_id,
    epoch: row.epoch,
    attempts: row.attempts,
    webhookId: row.webhook_id,
    turnId: row.turn_id,
    event: row.event,
    createdAt: row.created_at,
    hook: webhookOf(row),
  }));
}

/** A webhook that is already disabled keeps its reason. */
const RECORD: Statement = {
  name: 'deliveries-settle',
  sql: `with settled as (
          update webhook_deliveries d
          set status = s.status, last_status = s.http_status, last_error = s.error,
              next_attempt_at = case when s.status = 'pending' then now() + s.retry_s * interval '1 second' end,
              ended_at = case when s.status <> 'pending' then now() end
          from unnest(?::uuid[], ?::int4[], ?::text[], ?::int4[], ?::text[], ?::float8[], ?::text[])
            as s (delivery_id, epoch, status, http_status, error, retry_s, disable)
          where d.delivery_id = s.delivery_id and d.epoch = s.epoch and d.status = 'pending'
          returning d.delivery_id, d.webhook_id, s.disable),
        disabled as (
          update webhooks w set enabled = false, disabled_reason = settled.disable
          from settled where w.webhook_id = settled.webhook_id and settled.disable is not null and w.enabled)
        select delivery_id from settled`,
};

const STATUS_OF = { delivered: 'delivered', retry: 'pending', dead: 'dead' } as const;

interface AttemptRecord {
  readonly claimed: ClaimedDelivery;
  readonly attempt: Attempt;
  readonly next: NextStep;
}

async function recordAll(database: Database, all: readonly AttemptRecord[]): Promise<boolean[]> {
  const rows = await database.rows<{ delivery_id: string }>(RECORD, [
    all.map(({ claimed }) => claimed.deliveryId),
    all.map(({ claimed }) => claimed.epoch),
    all.map(({ next }) => STATUS_OF[next.kind]),
    all.map(({ attempt }) => attempt.status),
    all.map(({ attempt }) => attempt.error),
    all.map(({ next }) => (next.kind === 'retry' ? next.inS : null)),
    all.map(({ next }) => (next.kind === 'dead' ? next.disable : null)),
  ]);
  const recorded = new Set(rows.map((row) => row.delivery_id));
  return all.map(({ claimed }) => recorded.has(claimed.deliveryId));
}

/** Records the result of an attempt. False: the delivery was claimed or replayed in the meantime, and nothing was
 *  written. @throws Unavailable */
export const recordAttempt = (database: Database, record: AttemptRecord): Promise<boolean> =>
  database.batched('record-attempt', record, recordAll);

const PRUNE: Statement = {
  name: 'deliveries-prune',
  sql: `delete from webhook_deliveries where delivery_id in (
          select delivery_id from webhook_deliveries
          where status = ? and ended_at < now() - ?::float8 * interval '1 day' order by ended_at limit ?)
        returning delivery_id`,
};

/** Removes at most `limit` deliveries that ended more than `afterDays` days ago, and returns their number.
 *  @throws Unavailable */
export async function pruneDeliveries(
  database: Database,
  status: 'delivered' | 'dead',
  afterDays: number,
  limit: number,
): Promise<number> {
  return (await database.rows(PRUNE, [status, afterDays, limit])).length;
}

const ANY: Statement = {
  name: 'deliveries-waiting',
  sql: `select exists (select 1 from webhooks) as any_hook,
               exists (select 1 from webhook_deliveries where status = 'pending' and next_attempt_at <= now()) as any_due`,
};

/** Whether any webhook exists, and whether any delivery is due. @throws Unavailable */
export async function deliveriesWaiting(database: Database): Promise<{ anyWebhook: boolean; anyDue: boolean }> {
  const [row] = await database.rows<{ any_hook: boolean; any_due: boolean }>(ANY, []);
  return { anyWebhook: row!.any_hook, anyDue: row!.any_due };
}
