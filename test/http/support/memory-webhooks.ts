// Webhooks in memory, for tests of the HTTP layer only: one of alice and one for all users. All calls succeed.
import type { Services } from '../../../src/http/services.ts';
import type { Delivery, Webhook } from '../../../src/domain/webhook.ts';

export const WEBHOOK_ID = '018f0000-0000-7000-8000-000000000011';
export const GLOBAL_WEBHOOK_ID = '018f0000-0000-7000-8000-000000000012';
export const DELIVERY_ID = '018f0000-0000-7000-8000-000000000013';

const webhook: Webhook = {
  webhookId: WEBHOOK_ID,
  userId: 'alice',
  url: 'https://example.com/hook',
  events: ['turn.completed'],
  description: null,
  enabled: true,
  disabledReason: null,
  createdAt: new Date('2026-01-01T00:00:00Z'),
};
const webhooks = [webhook, { ...webhook, webhookId: GLOBAL_WEBHOOK_ID, userId: null }];

const delivery: Delivery = {
  deliveryId: DELIVERY_ID,
  webhookId: WEBHOOK_ID,
  userId: 'alice',
  turnId: null,
  event: 'webhook.ping',
  status: 'pending',
  attempts: 0,
  nextAttemptAt: new Date('2026-01-01T00:00:00Z'),
  lastAttemptAt: null,
  lastStatus: null,
  lastError: null,
  createdAt: new Date('2026-01-01T00:00:00Z'),
  endedAt: null,
};

export const memoryWebhooks = (): Services['webhooks'] => ({
  add: async (request) => ({ outcome: 'added', webhook: { ...webhook, ...request }, secret: 'whsec_c2VjcmV0' }),
  find: async (id) => webhooks.find(({ webhookId }) => webhookId === id) ?? null,
  list: async ({ owner }) => webhooks.filter(({ userId }) => owner === 'all' || userId !== null),
  change: async (existing, patch) => ({ outcome: 'changed', webhook: { ...existing, ...patch } }),
  remove: async () => true,
  rotateSecret: async () => 'whsec_c2VjcmV0',
  deliveries: async () => [delivery],
  replay: async () => delivery,
  ping: async () => delivery,
});
