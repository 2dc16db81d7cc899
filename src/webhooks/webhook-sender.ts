// The webhookSender: sends what is due, a bounded number at a time, and writes down what came of it. The rows are the truth: a
// process that ends leaves its attempts due again.
import { within } from '../concurrency/within.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Database } from '../store/database.ts';
import {
  claimDeliveries,
  deliveriesWaiting,
  pruneDeliveries,
  recordAttempt,
  type ClaimedDelivery,
} from '../store/due-deliveries.ts';
import { findTurn } from '../store/turn-rows.ts';
import type { Turn } from '../domain/turn.ts';
import { post, signedHeaders, TIMEOUT_MS, type PostDeps } from './post.ts';
import { nextStep, type Attempt, type NextStep } from '../domain/delivery-schedule.ts';
import { SendSlots } from './send-slots.ts';

/** Above what one attempt takes: who holds a claim for longer has died. */
const LEASE_S = TIMEOUT_MS / 1000 + 5;
/** Turns that end together are looked for together. */
const GATHER_MS = 20;
/** What has ended is kept so many days. */
const KEEP_DAYS = { delivered: 7, dead: 30 } as const;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_PAGE = 1_000;

export interface WebhookSenderDeps {
  readonly database: Database;
  readonly post: PostDeps;
  /** The turn as clients see it. */
  readonly show: (turn: Turn) => object;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A delivery that cannot be sent any more, and why. */
const hopeless = (error: string): { attempt: Attempt; next: NextStep } => ({
  attempt: { status: null, error },
  next: { kind: 'dead', disable: null },
});

export class WebhookSender {
  readonly #deps: WebhookSenderDeps;
  readonly #traffic = new SendSlots();
  readonly #underWay = new Set<Promise<void>>();
  #looking: Promise<void> | undefined;
  #again = false;
  #anyHook = false;
  #stopped = false;
  #pruned = -Infinity;

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps;
  }

  /** Something may be due: looks soon. Free where there is no hook at all, as the last sweep knew. */
  wake(): void {
    if (!this.#anyHook || this.#stopped) return;
    this.#again = true;
    this.#looking ??= this.#look()
      .catch((error: Error) =>
        this.#deps.log.debug({ detail: error.message }, 'Due deliveries could not be looked for; the sweeper will.'),
      )
      .finally(() => {
        this.#looking = undefined;
        // Asked for between the last look and here.
        if (this.#again) this.wake();
      });
  }

  /** There is a hook, or a delivery for one: looks soon, whatever the last sweep knew. */
  expect(): void {
    this.#anyHook = true;
    this.wake();
  }

  /** Sends what is due, begins no more than there is room for, and removes what is old. Rejects with Unavailable. */
  async sweep(): Promise<void> {
    const { anyHook, anyDue } = await deliveriesWaiting(this.#deps.database);
    // What a removed hook left is due too, and has to go.
    this.#anyHook = anyHook || anyDue;
    if (anyDue) this.wake();
    await this.#prune();
  }

  async #prune(): Promise<void> {
    if (performance.now() - this.#pruned < PRUNE_EVERY_MS) return;
    let more = false;
    for (const status of ['delivered', 'dead'] as const)
      if ((await pruneDeliveries(this.#deps.database, status, KEEP_DAYS[status], PRUNE_PAGE)) === PRUNE_PAGE)
        more = true;
    // A page at a time: other work is due at the same sweep.
    if (!more) this.#pruned = performance.now();
  }

  async #look(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      for (;;) {
        const room = this.#stopped ? null : this.#traffic.room(performance.now());
        if (!room) break;
        const claimed = await claimDeliveries(this.#deps.database, { ...room, leaseS: LEASE_S });
        for (const each of claimed) this.#begin(each);
        if (claimed.length === 0) break;
      }
    }
  }

  #begin(claimed: ClaimedDelivery): void {
    const { log } = this.#deps;
    this.#traffic.begin(claimed.webhookId);
    const sending = this.#send(claimed)
      .catch((error: Error) => {
        log.warn({ delivery_id: claimed.deliveryId, err: error }, 'An attempt at a webhook was not written down.');
        return true;
      })
      .then((failed) => {
        this.#underWay.delete(sending);
        this.#traffic.end(claimed.webhookId, failed, performance.now());
        this.wake();
      });
    this.#underWay.add(sending);
  }

  /** Sends and settles. True: it did not arrive. */
  async #send(claimed: ClaimedDelivery): Promise<boolean> {
    const { database, metrics, log } = this.#deps;
    const { attempt, next } = await this.#attempt(claimed);
    const settled = await recordAttempt(database, { claimed, attempt, next });
    if (!settled) return attempt.error !== null;
    metrics.webhookAttempts.inc({ outcome: next.kind });
    if (next.kind === 'dead') {
      const ids = { delivery_id: claimed.deliveryId, webhook_id: claimed.webhookId };
      log.error({ ...ids, event: claimed.event, detail: attempt.error }, 'A webhook delivery was given up.');
    }
    return attempt.error !== null;
  }

  async #attempt(claimed: ClaimedDelivery): Promise<{ attempt: Attempt; next: NextStep }> {
    const { hook, deliveryId, turnId, event, createdAt, attempts, webhookId } = claimed;
    if (!hook) return hopeless('The webhook was removed.');
    if (!hook.enabled) return hopeless('The webhook is disabled.');
    // As it is now: what a client that hears of it would read.
    const turn = turnId === null ? null : await findTurn(this.#deps.database, turnId);
    if (turnId !== null && !turn) return hopeless('The turn is gone.');
    const data = turn ? this.#deps.show(turn) : { webhook_id: webhookId };
    const body = JSON.stringify({ type: event, timestamp: createdAt.toISOString(), data });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'turnkeeper',
      ...signedHeaders(deliveryId, new Date(), body, hook.secrets),
    };
    const attempt = await post({ url: hook.url, headers, body }, this.#deps.post);
    return { attempt, next: nextStep(attempts, attempt, Math.random()) };
  }

  /** Begins no more attempts; waits up to `deadlineMs` for those under way. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await this.#looking;
    // What is still being sent then is due again after its lease.
    await within(deadlineMs, Promise.all(this.#underWay)).catch(() => {});
  }
}
