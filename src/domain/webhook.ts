// Webhooks, the events that they can receive, and the states of a delivery. No I/O.
import { isSettled, TURN_STATUSES, type TurnStatus } from './turn.ts';

/** The events of a turn: one for each settled status. */
export const WEBHOOK_EVENTS = TURN_STATUSES.filter(isSettled).map((status) => `turn.${status}` as const);
export type WebhookEvent = `turn.${TurnStatus}`;

/** The event that is sent to a webhook on request. A webhook does not subscribe to it. */
export const PING = 'webhook.ping';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Maximum number of webhooks of one user, and of webhooks for all users. */
export const MAX_WEBHOOKS = 10;

/** An address that receives events. */
export interface Webhook {
  readonly webhookId: string;
  /** The user whose turns it receives; null: the turns of all users. */
  readonly userId: string | null;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly description: string | null;
  readonly enabled: boolean;
  /** Why turnkeeper disabled the webhook; null: turnkeeper did not disable it. */
  readonly disabledReason: string | null;
  readonly createdAt: Date;
}

export type WebhookFields = Pick<Webhook, 'url' | 'events' | 'description' | 'enabled'>;
export type NewWebhook = Omit<WebhookFields, 'enabled'> & Pick<Webhook, 'userId'>;

/** One event for one webhook. It is sent until the receiver accepts it or the schedule ends. */
export interface Delivery {
  /** The header `webhook-id` of every attempt. */
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly userId: string | null;
  readonly turnId: string | null;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Null: no further attempt. */
  readonly nextAttemptAt: Date | null;
  readonly lastAttemptAt: Date | null;
  /** HTTP status of the last attempt; null: no response. */
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

export interface DeliveryFilter {
  readonly status?: DeliveryStatus | undefined;
  /** Only deliveries before this position. Deliveries are ordered newest first. */
  readonly before?: { readonly createdAt: Date; readonly deliveryId: string } | undefined;
  readonly limit: number;
}

export interface WebhookFilter {
  /** `all`: every webhook. `users`: every webhook of a single user. */
  readonly owner: 'all' | 'users' | { readonly userId: string };
  readonly after?: string | undefined;
  readonly limit: number;
}
