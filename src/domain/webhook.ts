// What a webhook is, what it can hear of, and what becomes of a delivery. No I/O.
import { isSettled, TURN_STATUSES, type TurnStatus } from './turn.ts';

/** What can be told of a turn: that it came to rest, and how. */
export const WEBHOOK_EVENTS = TURN_STATUSES.filter(isSettled).map((status) => `turn.${status}` as const);
export type WebhookEvent = `turn.${TurnStatus}`;

/** What a hook is sent when somebody asks for it; no hook has to want it. */
export const PING = 'webhook.ping';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Hooks of one user, and of all users, at most. */
export const WEBHOOKS_AT_MOST = 10;

/** Where somebody wants to be told. */
export interface Webhook {
  readonly webhookId: string;
  /** Whose turns it hears of; null: all users'. */
  readonly userId: string | null;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly description: string | null;
  readonly enabled: boolean;
  /** Why turnkeeper disabled it; null: it did not. */
  readonly disabledReason: string | null;
  readonly createdAt: Date;
}

export type WebhookFields = Pick<Webhook, 'url' | 'events' | 'description' | 'enabled'>;
export type NewWebhook = Omit<WebhookFields, 'enabled'> & Pick<Webhook, 'userId'>;

/** One event for one hook: sent until it is taken, or until the schedule ends. */
export interface Delivery {
  /** The `webhook-id` of every attempt. */
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly userId: string | null;
  readonly turnId: string | null;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Null: it has ended. */
  readonly nextAttemptAt: Date | null;
  readonly lastAttemptAt: Date | null;
  /** HTTP status of the last attempt; null: there was no answer. */
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

export interface DeliveryFilter {
  readonly status?: DeliveryStatus | undefined;
  /** Only deliveries before this one (they come newest first). */
  readonly before?: { readonly createdAt: Date; readonly deliveryId: string } | undefined;
  readonly limit: number;
}

export interface WebhookFilter {
  /** `everybody`: hooks of all users and those for all of them; `somebody`: those of single users. */
  readonly whose: 'everybody' | 'somebody' | { readonly userId: string };
  readonly after?: string | undefined;
  readonly limit: number;
}
