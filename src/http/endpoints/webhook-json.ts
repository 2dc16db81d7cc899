// The JSON representation of webhooks and their deliveries.
import { z } from 'zod';
import { DELIVERY_STATUSES, WEBHOOK_EVENTS, type Delivery, type Webhook } from '../../domain/webhook.ts';
import { COMPONENTS, instant, pageOf } from '../schemas.ts';

const uuid = z.string().meta({ format: 'uuid' });

export const webhookSchema = z
  .object({
    webhook_id: uuid,
    user_id: z
      .string()
      .nullable()
      .meta({ description: 'The user whose turns are sent to the webhook. Null: the turns of all users.' }),
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    description: z.string().nullable(),
    enabled: z.boolean(),
    disabled_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why turnkeeper disabled the webhook. Null: turnkeeper did not disable it.' }),
    created_at: instant,
  })
  .register(COMPONENTS, { id: 'Webhook' });

const secret = z.string().meta({
  description: 'The secret for verifying signatures: `whsec_` and Base64. It is returned only once.',
});
export const webhookWithSecret = webhookSchema.extend({ secret }).register(COMPONENTS, { id: 'WebhookWithSecret' });
export const newSecretSchema = z.object({ secret }).register(COMPONENTS, { id: 'WebhookSecret' });
export const webhookPage = pageOf(webhookSchema).register(COMPONENTS, { id: 'WebhookPage' });

export const deliverySchema = z
  .object({
    delivery_id: uuid.meta({ description: 'The value of the `webhook-id` header of every attempt.' }),
    webhook_id: uuid,
    user_id: z.string().nullable(),
    turn_id: uuid.nullable(),
    event: z.string(),
    status: z
      .enum(DELIVERY_STATUSES)
      .meta({ description: '`dead`: no further attempts are made. A replay sends the event again.' }),
    attempts: z.int(),
    next_attempt_at: instant.nullable(),
    last_attempt_at: instant.nullable(),
    last_status: z.int().nullable().meta({ description: 'HTTP status of the last attempt. Null: no response.' }),
    last_error: z.string().nullable(),
    created_at: instant,
    ended_at: instant.nullable(),
  })
  .register(COMPONENTS, { id: 'WebhookDelivery' });
export const deliveryPage = pageOf(deliverySchema).register(COMPONENTS, { id: 'WebhookDeliveryPage' });

/** A webhook as JSON, without its secret. */
export const webhookJson = (webhook: Webhook): z.output<typeof webhookSchema> => ({
  webhook_id: webhook.webhookId,
  user_id: webhook.userId,
  url: webhook.url,
  events: [...webhook.events] as z.output<typeof webhookSchema>['events'],
  description: webhook.description,
  enabled: webhook.enabled,
  disabled_reason: webhook.disabledReason,
  created_at: webhook.createdAt.toISOString(),
});

/** A delivery as JSON. */
export const deliveryJson = (delivery: Delivery): z.output<typeof deliverySchema> => ({
  delivery_id: delivery.deliveryId,
  webhook_id: delivery.webhookId,
  user_id: delivery.userId,
  turn_id: delivery.turnId,
  event: delivery.event,
  status: delivery.status,
  attempts: delivery.attempts,
  next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
  last_attempt_at: delivery.lastAttemptAt?.toISOString() ?? null,
  last_status: delivery.lastStatus,
  last_error: delivery.lastError,
  created_at: delivery.createdAt.toISOString(),
  ended_at: delivery.endedAt?.toISOString() ?? null,
});
