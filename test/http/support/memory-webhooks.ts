// Webhooks in memory, for tests of the HTTP surface only: one of alice's and one for all users; everything succeeds.
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
const hooks = [webhook, { ...webhook, webhookId: GLOBAL_WEBHOOK_ID, userId: null }];

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
  add: async (asked) => ({ outcome: 'added', webhook: { ...webhook, ...asked }, secret: 'whsec_c2VjcmV0' }),
  find: async (id) => hooks.find(({ webhookId }) => webhookId === id) ?? null,
  list: async ({ whose }) => hooks.filter(({ userId }) => whose === 'everybody' || userId !== null),
  change: async (hook, patch) => ({ outcome: 'changed', webhook: { ...hook, ...patch } }),
  remove: async () => true,
  rotateSecret: async () => 'whsec_c2VjcmV0',
  deliveries: async () => [delivery],
  replay: async () => delivery,
  ping: async () => delivery,
});
