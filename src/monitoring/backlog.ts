// The backlog gauges, read from the database and Redis at a scrape. They cover all users and processes, so every
// process reports the same values. If a store is unavailable, its gauges are missing from the scrape, which does not
// fail.
import { singleFlight } from '../concurrency/single-flight.ts';
import { within } from '../concurrency/within.ts';
import type { BudgetState } from '../domain/budgets/budget.ts';
import type { Log } from '../telemetry/log.ts';
import { removeValue, type Metrics } from '../telemetry/metrics.ts';
import { deliveriesBacklog, erasureBacklog, outboxBacklog, reviewBacklog, turnBacklog } from '../store/backlog.ts';
import type { Database } from '../store/database.ts';

/** A reading is reused for this time, so that several scrapers cost no more than one. */
const FRESH_MS = 3_000;
/** Longest time that a scrape waits for a reading. A slower reading is used by a later scrape. */
const WAIT_MS = 2_000;
/** Rows of tables that can grow without limit are counted up to this number. */
const COUNTED = 10_000;

type Gauges = Metrics['backlog'];
type Store = 'database' | 'queues';

/** Counts by topic and state. */
type Jobs = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Runs the queries one after another, so that a scrape uses one connection of the pool instead of five. */
async function readDatabase({ database, budgetsOfAll }: BacklogDeps, gauges: Gauges): Promise<void> {
  const turns = await turnBacklog(database);
  gauges.turnsQueued.set(turns.queued);
  gauges.turnsPostponed.set(turns.postponed);
  gauges.turnsRunning.set(turns.running);
  gauges.oldestTurnSeconds.set(turns.oldestS);
  for (const [destination, { events, oldestS }] of Object.entries(await outboxBacklog(database, COUNTED))) {
    gauges.outboxEvents.set({ destination }, events);
    gauges.outboxSeconds.set({ destination }, oldestS);
  }
  const { overdueS, ...pending } = await reviewBacklog(database, COUNTED);
  for (const [due, reviews] of Object.entries(pending)) gauges.reviewsPending.set({ due }, reviews);
  gauges.reviewSeconds.set(overdueS);
  const deliveries = await deliveriesBacklog(database, COUNTED);
  gauges.webhooksDue.set(deliveries.due);
  gauges.webhooksDead.set(deliveries.dead);
  const erasures = await erasureBacklog(database, COUNTED);
  gauges.erasures.set(erasures.underWay);
  gauges.erasureSeconds.set(erasures.oldestS);
  const budgets = await budgetsOfAll();
  // The budgets may be others than at the last reading.
  gauges.budgetTokens.reset();
  for (const { budget, reserved, used } of budgets)
    for (const [state, tokens] of Object.entries({ limit: budget.tokens, reserved, used }))
      gauges.budgetTokens.set({ window: budget.window, state }, tokens);
}

async function readQueues(count: () => Promise<Jobs>, gauges: Gauges): Promise<void> {
  for (const [topic, states] of Object.entries(await count()))
    for (const [state, jobs] of Object.entries(states)) gauges.jobs.set({ topic, state }, jobs);
}

interface Source {
  /** Updates the gauges. Concurrent callers share one reading, so that a store that hangs gets only one query. */
  readonly refresh: () => Promise<void>;
  readonly gauges: readonly Gauges[keyof Gauges][];
  readAt: number;
}

export interface BacklogDeps {
  readonly database: Database;
  /** Jobs by topic and state. Rejects while Redis is unavailable. */
  readonly countJobs: () => Promise<Jobs>;
  /** The current windows of the budgets of all users together. @throws Unavailable */
  readonly budgetsOfAll: () => Promise<readonly BudgetState[]>;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Backlog {
  readonly #gauges: Gauges;
  readonly #log: Log;
  readonly #sources: Readonly<Record<Store, Source>>;

  constructor(deps: BacklogDeps) {
    const { countJobs, metrics, log } = deps;
    const { readable: _, jobs, ...ofDatabase } = metrics.backlog;
    const source = (store: Store, read: () => Promise<void>, gauges: Source['gauges']): Source => ({
      refresh: singleFlight(() => this.#read(store, read)),
      gauges,
      readAt: -Infinity,
    });
    this.#gauges = metrics.backlog;
    this.#log = log;
    this.#sources = {
      database: source('database', () => readDatabase(deps, metrics.backlog), Object.values(ofDatabase)),
      queues: source('queues', () => readQueues(countJobs, metrics.backlog), [jobs]),
    };
  }

  /** Updates the gauges and removes those that cannot be read now. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all([this.#refreshOne('database'), this.#refreshOne('queues')]);
  }

  async #refreshOne(store: Store): Promise<void> {
    const source = this.#sources[store];
    if (performance.now() - source.readAt < FRESH_MS) return;
    // A rejection means a timeout, because `refresh` itself never rejects.
    await within(WAIT_MS, source.refresh()).catch(() => this.#remove(store));
  }

  async #read(store: Store, read: () => Promise<void>): Promise<void> {
    try {
      await read();
      this.#sources[store].readAt = performance.now();
      this.#gauges.readable.set({ store }, 1);
    } catch (error) {
      this.#remove(store);
      this.#log.debug({ store, detail: (error as Error).message }, 'The backlog could not be read for the metrics.');
    }
  }

  #remove(store: Store): void {
    for (const gauge of this.#sources[store].gauges) removeValue(gauge);
    this.#gauges.readable.set({ store }, 0);
  }
}
