// Webhook deliveries for the webhook's owner: lists, adds and replays them.
import type { Delivery, DeliveryFilter, DeliveryStatus, Webhook } from '../../domain/webhook.ts';
import type { Database, Statement } from '../database.ts';

interface DeliveryRow {
  readonly delivery_id: string;
  readonly webhook_id: string;
  readonly user_id: string | null;
  readonly turn_id: string | null;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly next_attempt_at: Date | null;
  readonly last_attempt_at: Date | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const COLUMNS = `delivery_id, webhook_id, user_id, turn_id, event, status, attempts, next_attempt_at, last_attempt_at,
  last_status, last_error, created_at, ended_at`;

const deliveryOf = (row: DeliveryRow): Delivery => ({
  deliveryId: row.delivery_id,
  webhookId: row.webhook_id,
  userId: row.user_id,
  turnId: row.turn_id,
  event: row.event,
  status: row.status,
  attempts: row.attempts,
  nextAttemptAt: row.next_attempt_at,
  lastAttemptAt: row.last_attempt_at,
  lastStatus: row.last_status,
  lastError: row.last_error,
  createdAt: row.created_at,
  endedAt: row.ended_at,
});

/** Four statements rather than one with optional parts, so that each has its own plan. */
function listStatement(withStatus: boolean, withBefore: boolean): Statement {
  const rules = [
    'webhook_id = ?',
    ...(withStatus ? ['status = ?'] : []),
    ...(withBefore ? ['(created_at, delivery_id) < (?::timestamptz, ?::uuid)'] : []),
  ];
  return {
    name: `deliveries-list${withStatus ? '-of-status' : ''}${withBefore ? '-before' : ''}`,
    sql: `select ${COLUMNS} from webhook_deliveries where ${rules.join(' and ')}
          order by created_at desc, delivery_id desc limit ?`,
  };
}

/** Deliveries of a webhook, newest first. @throws Unavailable */
export async function listDeliveries(
  database: Database,
  webhookId: string,
  { status, before, limit }: DeliveryFilter,
): Promise<Delivery[]> {
  const statement = listStatement(status !== undefined, before !== undefined);
  const rows = await database.rows<DeliveryRow>(statement, [
    webhookId,
    ...(status === undefined ? [] : [status]),
    ...(before === undefined ? [] : [before.createdAt, before.deliveryId]),
    limit,
  ]);
  return rows.map(deliveryOf);
}

/** Increases the epoch, so that an attempt in flight does not end the restarted delivery. The receiver may get both. */
const REPLAY: Statement = {
  name: 'delivery-replay',
  sql: `update webhook_deliveries set status = 'pending', epoch = epoch + 1, attempts = 0, next_attempt_at = now(), ended_at = null
        where delivery_id = ? and webhook_id = ? returning ${COLUMNS}`,
};

/** Makes the delivery due now and restarts its schedule. Null: the webhook has no such delivery. @throws Unavailable */
export async function replayDelivery(
  database: Database,
  webhookId: string,
  deliveryId: string,
): Promise<Delivery | null> {
  const [row] = await database.rows<DeliveryRow>(REPLAY, [deliveryId, webhookId]);
  return row ? deliveryOf(row) : null;
}

const ADD: Statement = {
  name: 'delivery-add',
  sql: `insert into webhook_deliveries (delivery_id, webhook_id, user_id, event) values (?, ?, ?, ?) returning ${COLUMNS}`,
};

/** Adds a delivery that is not about a turn. @throws Unavailable */
export async function addDelivery(
  database: Database,
  { webhookId, userId }: Webhook,
  { deliveryId, event }: { deliveryId: string; event: string },
): Promise<Delivery> {
  const [row] = await database.rows<DeliveryRow>(ADD, [deliveryId, webhookId, userId, event]);
  return deliveryOf(row!);
}
