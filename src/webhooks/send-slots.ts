// Limits the attempts that run at the same time: how many may start, and for which webhooks. No I/O.

/** Attempts that run in one process at the same time. */
const SLOTS = 256;
/** Of these, attempts for webhooks whose last attempt failed. The remaining slots are reserved for the others, however
 *  many webhooks fail. */
const FAILING_SLOTS = 64;
/** Attempts for one webhook at the same time. */
const PER_WEBHOOK = 32;

/** How many deliveries may be claimed now. */
export interface Room {
  readonly limit: number;
  /** Maximum for one webhook. */
  readonly perWebhook: number;
  /** Webhooks whose last attempt failed: one delivery each. */
  readonly failing: readonly string[];
  /** Other webhooks that have attempts already, with the number of deliveries that may be claimed for each. */
  readonly started: readonly (readonly [webhookId: string, most: number])[];
  /** Webhooks for which no delivery may be claimed. */
  readonly excluded: readonly string[];
}

/** After this time a failure is forgotten, so that removed webhooks do not stay in memory. */
const REMEMBERED_MS = 15 * 60_000;

interface WebhookState {
  running: number;
  /** Its last attempt failed. */
  failing: boolean;
  /** When its last attempt ended. */
  endedAt: number;
}

export class SendSlots {
  readonly #webhooks = new Map<string, WebhookState>();
  #running = 0;
  #runningFailing = 0;

  /** Returns what may be claimed now; null: nothing. `now`: milliseconds of a monotonic clock. */
  room(now: number): Room | null {
    const limit = Math.min(SLOTS - this.#running, FAILING_SLOTS);
    if (limit <= 0) return null;
    for (const [id, { running, endedAt }] of this.#webhooks)
      if (running === 0 && now - endedAt > REMEMBERED_MS) this.#webhooks.delete(id);
    const webhooks = [...this.#webhooks];
    const failingFull = this.#runningFailing >= FAILING_SLOTS;
    const isFull = ({ running, failing }: WebhookState) =>
      failing ? failingFull || running > 0 : running >= PER_WEBHOOK;
    const notFull = webhooks.filter(([, webhook]) => !isFull(webhook));
    return {
      limit,
      perWebhook: PER_WEBHOOK,
      failing: notFull.filter(([, { failing }]) => failing).map(([id]) => id),
      started: notFull.flatMap(([id, { failing, running }]) => (failing ? [] : [[id, PER_WEBHOOK - running] as const])),
      excluded: webhooks.filter(([, webhook]) => isFull(webhook)).map(([id]) => id),
    };
  }

  /** To be called when an attempt starts. */
  begin(webhookId: string): void {
    const webhook = this.#webhooks.get(webhookId) ?? { running: 0, failing: false, endedAt: 0 };
    this.#webhooks.set(webhookId, webhook);
    webhook.running += 1;
    this.#running += 1;
    if (webhook.failing) this.#runningFailing += 1;
  }

  /** To be called when an attempt ends. `now`: as for `room`. */
  end(webhookId: string, failed: boolean, now: number): void {
    const webhook = this.#webhooks.get(webhookId)!;
    if (webhook.failing) this.#runningFailing -= webhook.running;
    webhook.running -= 1;
    this.#running -= 1;
    webhook.failing = failed;
    webhook.endedAt = now;
    if (webhook.failing) this.#runningFailing += webhook.running;
    if (webhook.running === 0 && !failed) this.#webhooks.delete(webhookId);
  }
}
