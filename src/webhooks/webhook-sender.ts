// The webhook sender: claims due deliveries, sends a bounded number of them at the same time, and records the results.
// The rows are the source of truth: if a process dies, its deliveries become due again.
import { setTimeout as sleep } from 'node:timers/promises';
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
} from '../store/webhooks/due-deliveries.ts';
import { findTurn } from '../store/turn-rows.ts';
import type { Turn } from '../domain/turn.ts';
import { signedHeaders } from '../outbound/signature.ts';
import { post, TIMEOUT_MS, type PostDeps } from './post.ts';
import { nextStep, type Attempt, type NextStep } from '../domain/delivery-schedule.ts';
import { SendSlots } from './send-slots.ts';

/** Longer than one attempt can take: a sender that holds a claim for longer has died. */
const LEASE_S = TIMEOUT_MS / 1000 + 5;
/** Wait before a query, so that one query finds the deliveries of turns that become final at about the same time. */
const GATHER_MS = 20;
/** Days for which deliveries are kept after they ended. */
const KEEP_DAYS = { delivered: 7, dead: 30 } as const;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_PAGE = 1_000;

export interface WebhookSenderDeps {
  readonly database: Database;
  readonly post: PostDeps;
  /** The JSON of a turn as the API returns it. */
  readonly show: (turn: Turn) => object;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The result of a delivery that cannot be sent any more. */
const undeliverable = (error: string): { attempt: Attempt; next: NextStep } => ({
  attempt: { status: null, error },
  next: { kind: 'dead', disable: null },
});

export class WebhookSender {
  readonly #deps: WebhookSenderDeps;
  readonly #slots = new SendSlots();
  readonly #attempts = new Set<Promise<void>>();
  #polling: Promise<void> | undefined;
  /** A poll was requested and has not started yet. */
  #requested = false;
  #anyWebhook = false;
  #stopped = false;
  #pruned = -Infinity;

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps;
  }

  /** A delivery may be due: polls soon. Does nothing if the last sweep found no webhooks. */
  wake(): void {
    if (!this.#anyWebhook || this.#stopped) return;
    this.#requested = true;
    this.#polling ??= this.#poll()
      .catch((error: Error) =>
        this.#deps.log.debug(
          { detail: error.message },
          'Due deliveries could not be read; the sweeper will try again.',
        ),
      )
      .finally(() => {
        this.#polling = undefined;
        // Another poll may have been requested after the last one ended.
        if (this.#requested) this.wake();
      });
  }

  /** A webhook was added, or a delivery by hand: polls soon, even if the last sweep found no webhooks. */
  webhookAdded(): void {
    this.#anyWebhook = true;
    this.wake();
  }

  /** Starts sending due deliveries, as far as there are free slots, and deletes old ones. @throws Unavailable */
  async sweep(): Promise<void> {
    const { anyWebhook, anyDue } = await deliveriesWaiting(this.#deps.database);
    // Deliveries of a removed webhook are due too; they become dead.
    this.#anyWebhook = anyWebhook || anyDue;
    if (anyDue) this.wake();
    await this.#prune();
  }

  async #prune(): Promise<void> {
    if (performance.now() - this.#pruned < PRUNE_EVERY_MS) return;
    let more = false;
    for (const status of ['delivered', 'dead'] as const)
      if ((await pruneDeliveries(this.#deps.database, status, KEEP_DAYS[status], PRUNE_PAGE)) === PRUNE_PAGE)
        more = true;
    // One page of each status in a sweep, because the sweep has other steps too.
    if (!more) this.#pruned = performance.now();
  }

  async #poll(): Promise<void> {
    while (this.#requested && !this.#stopped) {
      this.#requested = false;
      await sleep(GATHER_MS);
      for (;;) {
        const room = this.#stopped ? null : this.#slots.room(performance.now());
        if (!room) break;
        const claimed = await claimDeliveries(this.#deps.database, { ...room, leaseS: LEASE_S });
        for (const delivery of claimed) this.#begin(delivery);
        if (claimed.length === 0) break;
      }
    }
  }

  #begin(claimed: ClaimedDelivery): void {
    const { log } = this.#deps;
    this.#slots.begin(claimed.webhookId);
    const attempt = this.#send(claimed)
      .catch((error: Error) => {
        log.warn({ delivery_id: claimed.deliveryId, err: error }, 'A webhook attempt could not be recorded.');
        return true;
      })
      .then((failed) => {
        this.#attempts.delete(attempt);
        this.#slots.end(claimed.webhookId, failed, performance.now());
        this.wake();
      });
    this.#attempts.add(attempt);
  }

  /** Sends one attempt and records it. True: the attempt failed. */
  async #send(claimed: ClaimedDelivery): Promise<boolean> {
    const { database, metrics, log } = this.#deps;
    const { attempt, next } = await this.#attempt(claimed);
    const recorded = await recordAttempt(database, { claimed, attempt, next });
    if (!recorded) return attempt.error !== null;
    metrics.webhookAttempts.inc({ outcome: next.kind });
    if (next.kind === 'dead') {
      const ids = { delivery_id: claimed.deliveryId, webhook_id: claimed.webhookId };
      log.error({ ...ids, event: claimed.event, detail: attempt.error }, 'A webhook delivery failed for good.');
    }
    return attempt.error !== null;
  }

  async #attempt(claimed: ClaimedDelivery): Promise<{ attempt: Attempt; next: NextStep }> {
    const { hook, deliveryId, turnId, event, createdAt, attempts, webhookId } = claimed;
    if (!hook) return undeliverable('The webhook was removed.');
    if (!hook.enabled) return undeliverable('The webhook is disabled.');
    // The current turn, which is also what the receiver would read from the API.
    const turn = turnId === null ? null : await findTurn(this.#deps.database, turnId);
    if (turnId !== null && !turn) return undeliverable('The turn was erased.');
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

  /** Starts no more attempts and waits up to `deadlineMs` milliseconds for the running ones. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await this.#polling;
    // An attempt that is still running then becomes due again after its lease.
    await within(deadlineMs, Promise.all(this.#attempts)).catch(() => {});
  }
}
