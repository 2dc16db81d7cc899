// Webhooks: who wants to be told when turns come to rest, and what became of the telling.
import { z } from 'zod';
import { faultOfUrl } from '../../webhooks/target.ts';
import { isUuid } from '../../domain/limits.ts';
import { DELIVERY_STATUSES, WEBHOOK_EVENTS, type Webhook } from '../../domain/webhook.ts';
import type { Identity } from '../auth/access.ts';
import { deliveryCursor, page, webhookCursor } from '../cursor.ts';
import { json, operation, type Operation, type RequestContext } from '../operation.ts';
import { Problem } from '../problem.ts';
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

/** What no setting allows is told with all other faults; the rest needs the setting, and a name resolved. */
const url = storableText(1, 2_000)
  .check(({ value, issues }) => {
    const fault = value === '' ? null : faultOfUrl(value, true);
    if (fault) issues.push({ code: 'custom', message: fault, input: value });
  })
  .meta({
    format: 'uri',
    description:
      'Where to post to: https, without a user name or password. A host with an address that is not public is refused, now and at every attempt, unless WEBHOOK_ALLOW_PRIVATE says otherwise.',
  });
const events = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .transform((list) => [...new Set(list)])
  .meta({ description: 'What to be told.' });
const description = storableText(1, 500);

const newWebhook = z
  .strictObject({
    url,
    user_id: userId.optional().meta({ description: 'Whose turns to hear of; absent: those of all users (admin).' }),
    events: events.default([...WEBHOOK_EVENTS]).meta({ description: 'What to be told; absent: everything.' }),
    description: description.optional(),
  })
  .register(COMPONENTS, { id: 'NewWebhook' });

const patchWebhook = z
  .strictObject({
    url,
    events,
    description: description.nullable(),
    enabled: z.boolean().meta({ description: 'What is due while it is disabled is not sent, and counts as dead.' }),
  })
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), {
    error: 'must have at least one field',
  })
  .meta({ minProperties: 1 })
  .register(COMPONENTS, { id: 'PatchWebhook' });

// Not a UUID: then it names nothing, which is 404 and not 400.
const id = storableText(1, 200).meta({ format: 'uuid' });
const hookParams = z.strictObject({ webhook_id: id });
const deliveryParams = z.strictObject({ webhook_id: id, delivery_id: id });

/** A hook for all users is the admin's alone; one of a user is its key's, and that of whoever serves all users. */
const mayManage = ({ role }: Identity, { owns }: RequestContext, hookUser: string | null): boolean =>
  hookUser === null ? role === 'admin' : owns(hookUser);

const refusedUrl = (detail: string) =>
  new Problem('invalid_request', 'One thing is wrong with the request.', { errors: [{ pointer: '/url', detail }] });
const notFound = () => new Problem('webhook_not_found', 'No webhook has this id.');
const disabled = () => new Problem('webhook_disabled', 'Enable it first, with PATCH and `enabled`.');

const webhookThing = { tag: 'Webhooks', access: { thing: 'webhooks', owner: 'loaded' } } as const;

/** Registering, reading, changing and removing webhooks; their deliveries; sending again. */
export function webhookOperations(webhooks: Services['webhooks']): Operation[] {
  /** The hook, if it is there for this caller. */
  const own = async (path: { webhook_id: string }, context: RequestContext): Promise<Webhook> => {
    const webhook = isUuid(path.webhook_id) ? await webhooks.find(path.webhook_id.toLowerCase()) : null;
    if (!webhook || !mayManage(context.identity, context, webhook.userId)) throw notFound();
    return webhook;
  };
  return [
    operation({
      ...webhookThing,
      id: 'addWebhook',
      method: 'POST',
      path: '/webhooks',
      summary: 'Be told when turns come to rest',
      description:
        'Each event is posted as `{type, timestamp, data}`, signed as Standard Webhooks has it; `data` is the turn as `GET /turns/{turn_id}` shows it at that moment. `webhook-id` is the same for every attempt at an event: an event may arrive more than once, and events may arrive in another order than they happened. Any 2xx is success; anything else, redirects included, is tried again for a day; 410 disables the webhook. With the key of a user `user_id` must be that user.',
      body: newWebhook,
      example: { url: 'https://example.com/turnkeeper', user_id: 'alice', events: ['turn.completed'] },
      answers: { 201: { description: 'It is registered.', schema: webhookWithSecret, headers: { Location: 'It.' } } },
      problems: ['user_not_found', 'webhook_limit', 'database_unavailable'],
      async handle({ body }, context) {
        const user = body.user_id ?? null;
        if (!mayManage(context.identity, context, user)) {
          if (user === null) throw new Problem('forbidden', 'A webhook for all users needs the role admin.');
          throw new Problem('user_not_found', 'No user has this id.');
        }
        const asked = { url: body.url, userId: user, events: body.events, description: body.description ?? null };
        const reply = await webhooks.add(asked);
        if (reply.outcome === 'refused') throw refusedUrl(reply.detail);
        if (reply.outcome === 'too_many') throw new Problem('webhook_limit', 'Remove one that is not needed.');
        const { webhook, secret } = reply;
        return json({ ...webhookJson(webhook), secret }, 201, { location: `/webhooks/${webhook.webhookId}` });
      },
    }),
    operation({
      ...webhookThing,
      id: 'listWebhooks',
      method: 'GET',
      path: '/webhooks',
      summary: 'List webhooks',
      description: 'Those that the caller may manage.',
      query: z.strictObject({ user_id: userId.optional(), limit, cursor: webhookCursor.schema.optional() }),
      answers: { 200: { description: 'One page of webhooks.', schema: webhookPage } },
      problems: ['user_not_found', 'database_unavailable'],
      async handle({ query }, { identity, owns }) {
        const user = query.user_id ?? identity.userId;
        if (user !== null && !owns(user)) throw new Problem('user_not_found', 'No user has this id.');
        const all = identity.role === 'admin' ? 'everybody' : 'somebody';
        const whose = user === null ? all : { userId: user };
        const rows = await webhooks.list({ whose, after: query.cursor, limit: query.limit + 1 });
        const { items, next } = page(rows, query.limit, ({ webhookId }) => webhookCursor.write(webhookId));
        return json({ items: items.map(webhookJson), next_cursor: next });
      },
    }),
    operation({
      ...webhookThing,
      id: 'getWebhook',
      method: 'GET',
      path: '/webhooks/{webhook_id}',
      summary: 'Read a webhook',
      params: hookParams,
      answers: { 200: { description: 'The webhook.', schema: webhookSchema } },
      problems: ['webhook_not_found', 'database_unavailable'],
      handle: async ({ path }, context) => json(webhookJson(await own(path, context))),
    }),
    operation({
      ...webhookThing,
      id: 'patchWebhook',
      method: 'PATCH',
      path: '/webhooks/{webhook_id}',
      summary: 'Change a webhook',
      params: hookParams,
      body: patchWebhook,
      example: { events: ['turn.completed', 'turn.failed'] },
      answers: { 200: { description: 'The webhook as it is now.', schema: webhookSchema } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path, body }, context) {
        const sent = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        const reply = await webhooks.change(await own(path, context), sent);
        if (reply.outcome === 'refused') throw refusedUrl(reply.detail);
        if (reply.outcome === 'unknown') throw notFound();
        return json(webhookJson(reply.webhook));
      },
    }),
    operation({
      ...webhookThing,
      id: 'deleteWebhook',
      method: 'DELETE',
      path: '/webhooks/{webhook_id}',
      summary: 'Remove a webhook',
      description: 'With its deliveries; what is still to be sent is not.',
      params: hookParams,
      answers: { 204: { description: 'It is gone.' } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path }, context) {
        const { webhookId } = await own(path, context);
        if (!(await webhooks.remove(webhookId))) throw notFound();
        return { status: 204 };
      },
    }),
    operation({
      ...webhookThing,
      id: 'rotateWebhookSecret',
      method: 'POST',
      path: '/webhooks/{webhook_id}/rotate-secret',
      summary: 'Replace the secret of a webhook',
      description: 'For a day everything is signed with both secrets.',
      params: hookParams,
      answers: { 200: { description: 'The new secret.', schema: newSecretSchema } },
      problems: ['webhook_not_found', 'database_unavailable'],
      async handle({ path }, context) {
        const secret = await webhooks.rotateSecret((await own(path, context)).webhookId);
        if (secret === null) throw notFound();
        return json({ secret });
      },
    }),
    operation({
      ...webhookThing,
      id: 'testWebhook',
      method: 'POST',
      path: '/webhooks/{webhook_id}/test',
      summary: 'Send a webhook something to try it',
      description: 'An event `webhook.ping`, delivered like any other; its `data` is `{webhook_id}`.',
      params: hookParams,
      answers: { 202: { description: 'It will be sent.', schema: deliverySchema } },
      problems: ['webhook_not_found', 'webhook_disabled', 'database_unavailable'],
      async handle({ path }, context) {
        const webhook = await own(path, context);
        if (!webhook.enabled) throw disabled();
        return json(deliveryJson(await webhooks.ping(webhook)), 202);
      },
    }),
    operation({
      ...webhookThing,
      id: 'listWebhookDeliveries',
      method: 'GET',
      path: '/webhooks/{webhook_id}/deliveries',
      summary: 'List what was sent to a webhook, or is still to be, newest first',
      description: 'Kept for 7 days after they were delivered, for 30 after they were given up.',
      params: hookParams,
      query: z.strictObject({
        status: z.enum(DELIVERY_STATUSES).optional(),
        limit,
        cursor: deliveryCursor.schema.optional(),
      }),
      answers: { 200: { description: 'One page of deliveries.', schema: deliveryPage } },
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
      ...webhookThing,
      id: 'replayWebhookDelivery',
      method: 'POST',
      path: '/webhooks/{webhook_id}/deliveries/{delivery_id}/replay',
      summary: 'Send an event again',
      description:
        'Under the same `webhook-id`, at once, and with the whole schedule of attempts before it: what was given up, what arrived, or what waits for its next attempt.',
      params: deliveryParams,
      answers: { 202: { description: 'It will be sent.', schema: deliverySchema } },
      problems: ['webhook_not_found', 'delivery_not_found', 'webhook_disabled', 'database_unavailable'],
      async handle({ path }, context) {
        const { webhookId, enabled } = await own(path, context);
        if (!enabled) throw disabled();
        const deliveryId = path.delivery_id.toLowerCase();
        const delivery = isUuid(deliveryId) ? await webhooks.replay(webhookId, deliveryId) : null;
        if (!delivery) throw new Problem('delivery_not_found', 'The webhook has no delivery of this id.');
        return json(deliveryJson(delivery), 202);
      },
    }),
  ];
}
