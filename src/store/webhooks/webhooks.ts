// The table `webhooks`. A secret is read only to sign deliveries, and is returned to the owner once.
import type { NewWebhook, Webhook, WebhookEvent, WebhookFields, WebhookFilter } from '../../domain/webhook.ts';
import type { Database, Statement } from '../database.ts';

interface WebhookRow {
  readonly webhook_id: string;
  readonly user_id: string | null;
  readonly url: string;
  readonly events: WebhookEvent[];
  readonly description: string | null;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly created_at: Date;
}

const COLUMNS = 'webhook_id, user_id, url, events, description, enabled, disabled_reason, created_at';

const webhookOf = (row: WebhookRow): Webhook => ({
  webhookId: row.webhook_id,
  userId: row.user_id,
  url: row.url,
  events: row.events,
  description: row.description,
  enabled: row.enabled,
  disabledReason: row.disabled_reason,
  createdAt: row.created_at,
});

/** Two concurrent inserts may exceed the limit by one. This is harmless: the limit only keeps lists short. */
const ADD: Statement = {
  name: 'webhook-add',
  sql: `insert into webhooks (webhook_id, user_id, url, events, description, secret)
        select ?::uuid, asked.user_id, ?::text, ?::text[], ?::text, ?::text from (select ?::text as user_id) asked
        where (select count(*) from webhooks w
               where w.user_id = asked.user_id or (w.user_id is null and asked.user_id is null)) < ?
        returning ${COLUMNS}`,
};

/** Adds the webhook; null: `atMost` of this user, or for all users, exist already. @throws Unavailable */
export async function addWebhook(
  database: Database,
  { webhookId, secret, atMost }: { webhookId: string; secret: string; atMost: number },
  { userId, url, events, description }: NewWebhook,
): Promise<Webhook | null> {
  const [row] = await database.rows<WebhookRow>(ADD, [webhookId, url, events, description, secret, userId, atMost]);
  return row ? webhookOf(row) : null;
}

const BY_ID: Statement = { name: 'webhook-by-id', sql: `select ${COLUMNS} from webhooks where webhook_id = ?` };

/** The webhook; null: it does not exist. @throws Unavailable */
export async function findWebhook(database: Database, webhookId: string): Promise<Webhook | null> {
  const [row] = await database.rows<WebhookRow>(BY_ID, [webhookId]);
  return row ? webhookOf(row) : null;
}

/** Webhooks in the order of their ids, which is roughly the order of creation. @throws Unavailable */
export async function listWebhooks(database: Database, { owner, after, limit }: WebhookFilter): Promise<Webhook[]> {
  const rows = await database.query<WebhookRow[]>((builder) => {
    const query = builder<WebhookRow>('webhooks').select(builder.raw(COLUMNS)).orderBy('webhook_id').limit(limit);
    if (owner === 'users') void query.whereNotNull('user_id');
    else if (owner !== 'all') void query.where('user_id', owner.userId);
    if (after !== undefined) void query.andWhere('webhook_id', '>', after);
    return query as unknown as Promise<WebhookRow[]>;
  });
  return rows.map(webhookOf);
}

const CHANGE: Statement = {
  name: 'webhook-change',
  sql: `update webhooks set url = ?, events = ?::text[], description = ?, enabled = ?,
               disabled_reason = case when ?::bool then null else disabled_reason end
        where webhook_id = ? returning ${COLUMNS}`,
};

/** The changed webhook; null: it does not exist any more. @throws Unavailable */
export async function changeWebhook(
  database: Database,
  webhookId: string,
  { url, events, description, enabled }: WebhookFields,
): Promise<Webhook | null> {
  const values = [url, events, description, enabled, enabled, webhookId];
  const [row] = await database.rows<WebhookRow>(CHANGE, values);
  return row ? webhookOf(row) : null;
}

const ROTATE: Statement = {
  name: 'webhook-rotate',
  sql: `update webhooks set old_secret = secret, old_secret_until = now() + ?::float8 * interval '1 second', secret = ?
        where webhook_id = ? returning webhook_id`,
};

/** Sets a new secret. The current one stays valid for `keepS` seconds. False: the webhook does not exist any more.
 *  @throws Unavailable */
export async function rotateSecret(
  database: Database,
  webhookId: string,
  secret: string,
  keepS: number,
): Promise<boolean> {
  return (await database.rows(ROTATE, [keepS, secret, webhookId])).length === 1;
}

/** A concurrent commit may still add a delivery. When it is due, its webhook is missing and it is dropped. */
const REMOVE: Statement = {
  name: 'webhook-remove',
  sql: `with removed as (delete from webhooks where webhook_id = ? returning webhook_id),
        forgotten as (delete from webhook_deliveries where webhook_id in (select webhook_id from removed))
        select webhook_id from removed`,
};

/** Removes the webhook and its deliveries. False: it does not exist. @throws Unavailable */
export async function removeWebhook(database: Database, webhookId: string): Promise<boolean> {
  return (await database.rows(REMOVE, [webhookId])).length === 1;
}
