// The turn operations of the ingress: accept, find, list, cancel, and wait until a turn is settled.
import { newId } from '../domain/ids.ts';
import { acceptTurn, NO_PARTIAL, type Written } from '../store/accept-turn.ts';
import { lastBefore } from '../store/conversations.ts';
import { nextPictures, type PicturesOfTurn } from '../store/pictures/turn-pictures.ts';
import { contentsOfSteps } from '../store/steps/journal.ts';
import { clientPartsOf, nextClientRequests } from '../store/steps/client-requests.ts';
import { findTurn, listTurns } from '../store/turn-rows.ts';
import type { AcceptOutcome, NewTurn } from '../domain/accept.ts';
import { cancel, announceCancelled, type CancelDeps, type CancelOutcome } from './cancellation.ts';
import type { Hooks, TurnHints } from '../domain/events.ts';
import type { ConversationRow } from '../domain/conversation.ts';
import type { StepContent } from '../domain/tools/step.ts';
import type { ClientPart, RequestOfTurn } from '../domain/tools/client-tools.ts';
import type { Turn, TurnFilter } from '../domain/turn.ts';
import type { TurnRate } from '../domain/turn-rate.ts';
import { traceparent } from '../telemetry/tracing.ts';
import { acceptWithinRate } from './accept-within-rate.ts';
import { PARTIAL_WAIT_MS } from './partial-replies.ts';
import { retry } from './retry.ts';
import { TurnWatch, type WaitOptions, type Watch } from './turn-watch.ts';

/** Accepts of one process at the same time. More of them would wait longer than a second for the database, and no accept
 *  would be faster for it. */
const MAX_ACCEPTING = 1_024;
const BUSY_RETRY_AFTER_S = 1;

export interface TurnServiceDeps extends CancelDeps {
  readonly hooks: Pick<Hooks, 'turnAccepted' | 'turnChanged' | 'turnCancelled'>;
  readonly limits: { readonly perUser: number; readonly ofAll: number };
  /** The turns of users in the last minute. Null: there is no limit. */
  readonly rate: TurnRate | null;
  /** Queued turns of all users, as last counted. */
  readonly queuedOfAll: () => number;
  /** Seconds until a budget allows turns of the user again; null: it allows this one. @throws Unavailable */
  readonly budgetWaitS: (turn: NewTurn) => Promise<number | null>;
  readonly hints: TurnHints;
}

export class TurnService {
  readonly #deps: TurnServiceDeps;
  /** Accepts that are under way. */
  #accepting = 0;

  constructor(deps: TurnServiceDeps) {
    this.#deps = deps;
  }

  /** Accepts the turn. If the outcome is `accepted` or `joined`, the message is durable, even if Redis is unavailable.
   *  @throws Unavailable */
  async accept(turn: NewTurn): Promise<AcceptOutcome> {
    if (this.#accepting >= MAX_ACCEPTING)
      return { outcome: 'queue_full', scope: 'all', retryAfterS: BUSY_RETRY_AFTER_S };
    this.#accepting += 1;
    try {
      return await this.#accept(turn);
    } finally {
      this.#accepting -= 1;
    }
  }

  async #accept(turn: NewTurn): Promise<AcceptOutcome> {
    const { rate, wake, hooks, metrics } = this.#deps;
    const commit = (retryAfterS: number | null) => this.#commit(turn, retryAfterS);
    const outcome = rate && turn.isRateLimited ? await acceptWithinRate(rate, turn, commit) : await commit(null);
    if (outcome.outcome === 'rate_limited') metrics.turnsRateLimited.inc();
    // The text of the turn changed: clients that wait for it read it again.
    if (outcome.outcome === 'joined') hooks.turnChanged(outcome.turn.turnId);
    if (outcome.outcome === 'accepted') {
      if (outcome.cancelled) announceCancelled(this.#deps, outcome.cancelled.turnId);
      metrics.turnsAccepted.inc();
      hooks.turnAccepted(outcome.turn);
      wake({ ...outcome.turn, traceparent: traceparent() });
    }
    // The first request may have ended between its commit and its wake.
    if (outcome.outcome === 'repeated' && outcome.turn.status === 'queued')
      wake({ ...outcome.turn, traceparent: null });
    return outcome;
  }

  /** Accepts the turn. If it interrupts a running one, asks its worker for the partial reply first. */
  async #commit(turn: NewTurn, rateRetryAfterS: number | null): Promise<AcceptOutcome> {
    const { database, queuedOfAll, partials } = this.#deps;
    const common = { ...this.#deps.limits, rateRetryAfterS, budgetWaitS: await this.#deps.budgetWaitS(turn) };
    const turnId = newId();
    let written: Written = null;
    for (let deadline = Infinity; ;) {
      const limits = { ...common, queuedOfAll: queuedOfAll() };
      const outcome = await acceptTurn(database, turnId, turn, limits, written);
      if (outcome.outcome !== 'interrupts') return outcome;
      deadline = Math.min(deadline, performance.now() + PARTIAL_WAIT_MS);
      const { claim } = outcome;
      const leftMs = deadline - performance.now();
      // Turns that start and end all the time must not delay the message any longer.
      written = leftMs <= 0 ? NO_PARTIAL : { claim, text: await partials.ask(claim, leftMs) };
    }
  }

  find(turnId: string): Promise<Turn | null> {
    return findTurn(this.#deps.database, turnId);
  }

  list(userId: string, filter: TurnFilter): Promise<Turn[]> {
    return listTurns(this.#deps.database, userId, filter);
  }

  /** The arguments and results of a turn's calls of tools. @throws Unavailable */
  stepContents({ turnId, steps }: Turn): Promise<StepContent[]> {
    return steps.length === 0 ? Promise.resolve([]) : contentsOfSteps(this.#deps.database, turnId);
  }

  /** The last exchanges that the turn continues, oldest first. @throws Unavailable */
  before(turn: Turn, exchanges: number): Promise<ConversationRow[]> {
    return lastBefore(this.#deps.database, turn, exchanges);
  }

  /** The pictures of one of the user's turns: the next one after this turn in the order of the ids, or the first one. Null:
   *  there is no other. @throws Unavailable */
  nextPictures(userId: string, afterTurnId: string | undefined): Promise<PicturesOfTurn | null> {
    return nextPictures(this.#deps.database, userId, afterTurnId);
  }

  /** What the clients of these turns sent and were asked for, by the ids of the turns that have such. @throws Unavailable */
  clientParts(turnIds: readonly string[]): Promise<ReadonlyMap<string, ClientPart>> {
    return clientPartsOf(this.#deps.database, turnIds);
  }

  /** What the user's clients asked for besides text, in the turns after this seq, at most of `limit` turns. @throws Unavailable */
  clientRequests(userId: string, afterSeq: number, limit: number): Promise<RequestOfTurn[]> {
    return nextClientRequests(this.#deps.database, userId, { afterSeq, limit });
  }

  /** @throws Unavailable */
  cancel(turnId: string, by: string): Promise<CancelOutcome> {
    return cancel(this.#deps, turnId, by);
  }

  /** Queues a failed turn again. Null: it may not be retried. @throws Unavailable */
  retry(turnId: string): Promise<Turn | null> {
    return retry(this.#deps, turnId);
  }

  /** Watches a turn until `close` is called on the result. */
  watch(turnId: string): Watch {
    const { hints } = this.#deps;
    return new TurnWatch({ hints, find: (id) => this.find(id) }, turnId);
  }

  /** Waits until the turn is settled, however long ago it was read. Null: the turn was erased. @throws Unavailable */
  async waitUntilSettled(turn: Turn, options: WaitOptions): Promise<Turn | null> {
    const watch = this.watch(turn.turnId);
    try {
      const current = await watch.find();
      return current && (await watch.untilSettled(current, options, turn));
    } finally {
      watch.close();
    }
  }
}
