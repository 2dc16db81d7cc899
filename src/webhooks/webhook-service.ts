// The webhook operations of the ingress: manage webhooks, list and replay their deliveries, and send a test delivery.
import type { Hooks } from '../domain/events.ts';
import { newId } from '../domain/ids.ts';
import type { Database } from '../store/database.ts';
import { addDelivery, listDeliveries, replayDelivery } from '../store/webhooks/webhook-deliveries.ts';
import {
  addWebhook,
  changeWebhook,
  findWebhook,
  listWebhooks,
  removeWebhook,
  rotateSecret,
} from '../store/webhooks/webhooks.ts';
import { newSecret } from '../outbound/signature.ts';
import type { PostDeps } from './post.ts';
import { faultOfAddresses, faultOfUrl, hostOf } from '../domain/outbound/target.ts';
import {
  PING,
  MAX_WEBHOOKS,
  type Delivery,
  type DeliveryFilter,
  type NewWebhook,
  type Webhook,
  type WebhookFields,
  type WebhookFilter,
} from '../domain/webhook.ts';

/** Seconds for which a replaced secret still signs. */
const OLD_SECRET_S = 86_400;

/** `refused`: the URL is not allowed; `detail` says why. */
export type AddReply =
  | { readonly outcome: 'added'; readonly webhook: Webhook; readonly secret: string }
  | { readonly outcome: 'refused'; readonly detail: string }
  | { readonly outcome: 'too_many' };

export type ChangeReply =
  | { readonly outcome: 'changed'; readonly webhook: Webhook }
  | { readonly outcome: 'refused'; readonly detail: string }
  | { readonly outcome: 'unknown' };

export interface WebhookServiceDeps {
  readonly database: Database;
  readonly target: Pick<PostDeps, 'allowPrivate' | 'resolve'>;
  readonly hooks: Pick<Hooks, 'webhookAdded'>;
}

export class WebhookService {
  readonly #deps: WebhookServiceDeps;

  constructor(deps: WebhookServiceDeps) {
    this.#deps = deps;
  }

  /** What is wrong with the URL, or null. Every attempt checks it again, because a name can resolve to other
   *  addresses. */
  async #faultOf(url: string): Promise<string | null> {
    const { allowPrivate, resolve } = this.#deps.target;
    const fault = faultOfUrl(url, allowPrivate);
    if (fault) return fault;
    try {
      return faultOfAddresses(await resolve(hostOf(new URL(url))), allowPrivate);
    } catch {
      return 'has a host that could not be resolved';
    }
  }

  /** @throws Unavailable */
  async add(requested: NewWebhook): Promise<AddReply> {
    const detail = await this.#faultOf(requested.url);
    if (detail !== null) return { outcome: 'refused', detail };
    const created = { webhookId: newId(), secret: newSecret(), atMost: MAX_WEBHOOKS };
    const webhook = await addWebhook(this.#deps.database, created, requested);
    if (webhook) this.#deps.hooks.webhookAdded();
    return webhook ? { outcome: 'added', webhook, secret: created.secret } : { outcome: 'too_many' };
  }

  /** @throws Unavailable */
  async change(webhook: Webhook, patch: Partial<WebhookFields>): Promise<ChangeReply> {
    const detail = patch.url === undefined ? null : await this.#faultOf(patch.url);
    if (detail !== null) return { outcome: 'refused', detail };
    const changed = await changeWebhook(this.#deps.database, webhook.webhookId, { ...webhook, ...patch });
    return changed ? { outcome: 'changed', webhook: changed } : { outcome: 'unknown' };
  }

  find(webhookId: string): Promise<Webhook | null> {
    return findWebhook(this.#deps.database, webhookId);
  }

  list(filter: WebhookFilter): Promise<Webhook[]> {
    return listWebhooks(this.#deps.database, filter);
  }

  /** False: the webhook does not exist. @throws Unavailable */
  remove(webhookId: string): Promise<boolean> {
    return removeWebhook(this.#deps.database, webhookId);
  }

  /** Returns the new secret; null: the webhook does not exist. @throws Unavailable */
  async rotateSecret(webhookId: string): Promise<string | null> {
    const secret = newSecret();
    return (await rotateSecret(this.#deps.database, webhookId, secret, OLD_SECRET_S)) ? secret : null;
  }

  deliveries(webhookId: string, filter: DeliveryFilter): Promise<Delivery[]> {
    return listDeliveries(this.#deps.database, webhookId, filter);
  }

  /** Sends a delivery again. Null: the webhook has no such delivery. @throws Unavailable */
  async replay(webhookId: string, deliveryId: string): Promise<Delivery | null> {
    const delivery = await replayDelivery(this.#deps.database, webhookId, deliveryId);
    if (delivery) this.#deps.hooks.webhookAdded();
    return delivery;
  }

  /** Adds a test delivery. @throws Unavailable */
  async ping(webhook: Webhook): Promise<Delivery> {
    const delivery = await addDelivery(this.#deps.database, webhook, { deliveryId: newId(), event: PING });
    this.#deps.hooks.webhookAdded();
    return delivery;
  }
}
