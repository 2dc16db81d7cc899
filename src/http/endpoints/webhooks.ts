// Webhooks and their deliveries: addresses that receive an event when a turn is settled.
import { z } from 'zod';
import { faultOfUrl } from '../../domain/outbound/target.ts';
import { isUuid } from '../../domain/limits.ts';
import { DELIVERY_STATUSES, WEBHOOK_EVENTS, type Webhook } from '../../domain/webhook.ts';
import type { Identity } from '../auth/access.ts';
import { deliveryCursor, page, webhookCursor } from '../cursor.ts';
import { json, operation, type Operation, type RequestContext } from '../operation.ts';
import { invalidRequest, Problem } from '../problem.ts';
import { COMPONENTS, limit, storableText, userId } from '../schemas.ts';
import type { Services } from '../services.ts';
import {
  deliveryJson,
  deliveryPage,
  deliverySchema,
  newSecretSchema,
  webhookJson,
  webhookPage,
  webhookSchema,
  webhookWithSecret,
} from './webhook-json.ts';

/** Validation reports what no setting allows, together with all other errors of the request. The checks that need the
 *  setting and the resolved host name run later, in the service. */
const url = storableText(1, 2_000)
  .check(({ value, issues }) => {
    const fault = value === '' ? null : faultOfUrl(value, true);
    if (fault) issues.push({ code: 'custom', message: fault, input: value });
  })
  .meta({
    format: 'uri',
    description:
      'The https URL that receives the events, without a user name or password. Unless WEBHOOK_ALLOW_PRIVATE allows it, a host with a non-public address is refused when the webhook is created and at every attempt.',
  });
const events = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .transform((list) => [...new Set(list)])
  .meta({ description: 'The types of the events to send.' });
const description = storableText(1, 500);

const newWebhook = z
  .strictObject({
    url,
    user_id: userId.optional().meta({
      description: 'The user whose turns are sent. Missing: the turns of all users (role admin only).',
    }),
    events: events.default([...WEBHOOK_EVENTS]).meta({ description: 'The types of the events to send. Missing: all.' }),
    description: description.optional(),
  })
  .register(COMPONENTS, { id: 'NewWebhook' });

const patchWebhook = z
  .strictObject({
    url,
    events,
    description: description.nullable(),
    enabled: z.boolean().meta({ description: 'A delivery that is due while the webhook is disabled becomes `dead`.' }),
  })
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    error: 'must have at least one field',
  })
  .meta({ minProperties: 1 })
  .register(COMPONENTS, { id: 'PatchWebhook' });

// Any string: an id that is not a UUID is answered 404, not 400.
const id = storableText(1, 200).meta({ format: 'uuid' });
const webhookParams = z.strictObject({ webhook_id: id });
const deliveryParams = z.strictObject({ webhook_id: id, delivery_id: id });

/** Whether the caller may manage a webhook. Only an admin may manage a webhook for all users (`userId` null). */
const mayManage = ({ role }: Identity, { owns }: RequestContext, webhookUser: string | null): boolean =>
  webhookUser === null ? role === 'admin' : owns(webhookUser);

const refusedUrl = (detail: string) => invalidRequest([{ pointer: '/url', detail }]);
const notFound = () => new Problem('webhook_not_found', 'No webhook has this id.');
const disabled = () => new Problem('webhook_disabled', 'Enable the webhook with PATCH and `"enabled": true` first.');

const ofWebhooks = { tag: 'Webhooks', access: { resource: 'webhooks', owner: 'loaded' } } as const;

/** Operations for webhooks and their deliveries. */
export function webhookOperations(webhooks: Services['webhooks']): Operation[] {
  /** The webhook. @throws Problem webhook_not_found, also if the caller may not manage it */
  const own = async (path: { webhook_id: string }, context: RequestContext): Promise<Webhook> => {
    const webhook = isUuid(path.webhook_id) ? await webhooks.find(path.webhook_id.toLowerCase()) : null;
    if (!webhook || !mayManage(context.identity, context, webhook.userId)) throw notFound();
    return webhook;
  };
  return [
    operation({
      ...ofWebhooks,
      id: 'addWebhook',
      method: 'POST',
      path: '/webhooks',
      summary: 'Create a webhook',
      description:
        'turnkeeper sends each event by POST as `{type, timestamp, data}`, signed as defined by Standard Webhooks; `data` is the turn as `GET /turns/{turn_id}` returns it when the request is sent. An event may be delivered more than once, always with the same `webhook-id`, and events may be delivered out of order. A 2xx response is a success. Any other response, including redirects, is retried for a day; 410 disables the webhook. A caller with the role `user` must set `user_id` to its own user id.',
      body: newWebhook,
      example: { url: 'https://example.com/turnkeeper', user_id: 'alice', events: ['turn.completed'] },
      answers: {
        201: {
          description: 'The webhook and its secret.',
          schema: webhookWithSecret,
          headers: { Location: 'The path of the webhook.' },
        },
      },
      problems: ['user_not_found', 'webhook_limit', 'database_unavailable'],
      async handle({ body }, context) {
        const user = body.user_id ?? null;
        if (!mayManage(context.identity, context, user)) {
          if (user === null) throw new Problem('forbidden', 'Only the role admin may manage webhooks for all users.');
          throw new Problem('user_not_found', 'No user has this id.');
        }
        const request = { url: body.url, userId: user, events: body.events, description: body.description ?? null };
        const result = await webhooks.add(request);
        if (result.outcome === 'refused') throw refusedUrl(result.detail);
        if (result.outcome === 'too_many') throw new Problem('webhook_limit', 'Delete a webhook that is not needed.');
        const { webhook, secret } = result;
        return json({ ...webhookJson(webhook), secret }, 201, { location: `/webhooks/${webhook.webhookId}` });
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'listWebhooks',
      method: 'GET',
      path: '/webhooks',
      summary: 'List webhooks',
      description: 'Lists the webhooks that the caller may manage.',
      query: z.strictObject({ user_id: userId.optional(), limit, cursor: webhookCursor.schema.optional() }),
      answers: { 200: { description: 'A page of webhooks.', schema: webhookPage } },
      problems: ['user_not_found', 'database_unavailable'],
      async handle({ query }, { identity, owns }) {
        const user = query.user_id ?? identity.userId;
        if (user !== null && !owns(user)) throw new Problem('user_not_found', 'No user has this id.');
        const all = identity.role === 'admin' ? 'all' : 'users';
        const owner = user === null ? all : { userId: user };
        const rows = await webhooks.list({ owner, after: query.cursor, limit: query.limit + 1 });
        const { items, next } = page(rows, query.limit, ({ webhookId }) => webhookCursor.write(webhookId));
        return json({ items: items.map(webhookJson), next_cursor: next });
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'getWebhook',
      method: 'GET',
      path: '/webhooks/{webhook_id}',
      summary: 'Retrieve a webhook',
      params: webhookParams,
      answers: { 200: { description: 'The webhook.', schema: webhookSchema } },
      problems: ['webhook_not_found', 'database_unavailable'],
      handle: async ({ path }, context) => json(webhookJson(await own(path, context))),
    }),
    operation({
      ...ofWebhooks,
      id: 'patchWebhook',
      method: 'PATCH',
      path: '/webhooks/{webhook_id}',
      summary: 'Update a webhook',
      params: webhookParams,
      body: patchWebhook,
      example: { events: ['turn.completed', 'turn.failed'] },
      answers: { 200: { description: 'The updated webhook.', schema: webhookSchema } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path, body }, context) {
        const sent = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        const result = await webhooks.change(await own(path, context), sent);
        if (result.outcome === 'refused') throw refusedUrl(result.detail);
        if (result.outcome === 'unknown') throw notFound();
        return json(webhookJson(result.webhook));
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'deleteWebhook',
      method: 'DELETE',
      path: '/webhooks/{webhook_id}',
      summary: 'Delete a webhook',
      description: 'Deletes the webhook and its deliveries. Pending deliveries are not sent.',
      params: webhookParams,
      answers: { 204: { description: 'The webhook is deleted.' } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path }, context) {
        const { webhookId } = await own(path, context);
        if (!(await webhooks.remove(webhookId))) throw notFound();
        return { status: 204 };
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'rotateWebhookSecret',
      method: 'POST',
      path: '/webhooks/{webhook_id}/rotate-secret',
      summary: 'Rotate the secret of a webhook',
      description: 'For one day, events are signed with both secrets.',
      params: webhookParams,
      answers: { 200: { description: 'The new secret.', schema: newSecretSchema } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path }, context) {
        const secret = await webhooks.rotateSecret((await own(path, context)).webhookId);
        if (secret === null) throw notFound();
        return json({ secret });
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'testWebhook',
      method: 'POST',
      path: '/webhooks/{webhook_id}/test',
      summary: 'Send a test event to a webhook',
      description: 'Sends an event `webhook.ping`, delivered like any other event. Its `data` is `{webhook_id}`.',
      params: webhookParams,
      answers: { 202: { description: 'The delivery of the test event.', schema: deliverySchema } },
      problems: ['webhook_not_found', 'webhook_disabled', 'database_unavailable'],
      async handle({ path }, context) {
        const webhook = await own(path, context);
        if (!webhook.enabled) throw disabled();
        return json(deliveryJson(await webhooks.ping(webhook)), 202);
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'listWebhookDeliveries',
      method: 'GET',
      path: '/webhooks/{webhook_id}/deliveries',
      summary: 'List the deliveries of a webhook, newest first',
      description: 'Delivered events are kept for 7 days, dead deliveries for 30 days.',
      params: webhookParams,
      query: z.strictObject({
        status: z.enum(DELIVERY_STATUSES).optional(),
        limit,
        cursor: deliveryCursor.schema.optional(),
      }),
      answers: { 200: { description: 'A page of deliveries.', schema: deliveryPage } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path, query }, context) {
        const { webhookId } = await own(path, context);
        const filter = { status: query.status, before: query.cursor, limit: query.limit + 1 };
        const rows = await webhooks.deliveries(webhookId, filter);
        const { items, next } = page(rows, query.limit, (last) => deliveryCursor.write(last));
        return json({ items: items.map(deliveryJson), next_cursor: next });
      },
    }),
    operation({
      ...ofWebhooks,
      id: 'replayWebhookDelivery',
      method: 'POST',
      path: '/webhooks/{webhook_id}/deliveries/{delivery_id}/replay',
      summary: 'Replay a delivery',
      description:
        'Sends the event again immediately, with the same `webhook-id` and the full schedule of attempts. A delivery of any status can be replayed.',
      params: deliveryParams,
      answers: { 202: { description: 'The pending delivery.', schema: deliverySchema } },
      problems: ['webhook_not_found', 'delivery_not_found', 'webhook_disabled', 'database_unavailable'],
      async handle({ path }, context) {
        const { webhookId, enabled } = await own(path, context);
        if (!enabled) throw disabled();
        const deliveryId = path.delivery_id.toLowerCase();
        const delivery = isUuid(deliveryId) ? await webhooks.replay(webhookId, deliveryId) : null;
        if (!delivery) throw new Problem('delivery_not_found', 'The webhook has no delivery with this id.');
        return json(deliveryJson(delivery), 202);
      },
    }),
  ];
}
