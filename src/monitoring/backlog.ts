// What waits, read when somebody scrapes: of all users and processes, so every process that reads it says the same. A
// store that is away takes its gauges out of the scrape; it never fails one, nor holds it up for long.
import { singleFlight } from '../concurrency/single-flight.ts';
import { within } from '../concurrency/within.ts';
import type { Log } from '../telemetry/log.ts';
import { removeValue, type Metrics } from '../telemetry/metrics.ts';
import { deliveriesBacklog, erasureBacklog, outboxBacklog, reviewBacklog, turnBacklog } from '../store/backlog.ts';
import type { Database } from '../store/database.ts';

/** Scrapes within this time share one reading: several scrapers cost no more than one. */
const FRESH_MS = 3_000;
/** A scrape waits so long for a reading; what comes later is for a later one. */
const WAIT_MS = 2_000;
/** What may grow without a limit is counted up to so many. */
const COUNTED = 10_000;

type Gauges = Metrics['backlog'];
type Store = 'database' | 'queues';

/** By topic and state. */
type Jobs = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** One after another: a scrape takes one connection of the pool, not five. */
async function readDatabase(database: Database, gauges: Gauges): Promise<void> {
  const turns = await turnBacklog(database);
  gauges.turnsWaiting.set(turns.waiting);
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
}

async function readQueues(count: () => Promise<Jobs>, gauges: Gauges): Promise<void> {
  for (const [topic, states] of Object.entries(await count()))
    for (const [state, jobs] of Object.entries(states)) gauges.jobs.set({ topic, state }, jobs);
}

interface Source {
  /** Brings the gauges up to date. Concurrent callers share one read, so that a store that hangs is asked once. */
  readonly refresh: () => Promise<void>;
  readonly gauges: readonly Gauges[keyof Gauges][];
  readAt: number;
}

export interface BacklogDeps {
  readonly database: Database;
  /** Jobs by topic and state; rejects while Redis is away. */
  readonly countJobs: () => Promise<Jobs>;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Backlog {
  readonly #gauges: Gauges;
  readonly #log: Log;
  readonly #sources: Readonly<Record<Store, Source>>;

  constructor({ database, countJobs, metrics, log }: BacklogDeps) {
    const { readable: _, jobs, ...ofDatabase } = metrics.backlog;
    const source = (store: Store, read: () => Promise<void>, gauges: Source['gauges']): Source => ({
      refresh: singleFlight(() => this.#read(store, read)),
      gauges,
      readAt: -Infinity,
    });
    this.#gauges = metrics.backlog;
    this.#log = log;
    this.#sources = {
      database: source('database', () => readDatabase(database, metrics.backlog), Object.values(ofDatabase)),
      queues: source('queues', () => readQueues(countJobs, metrics.backlog), [jobs]),
    };
  }

  /** Brings the gauges up to date, and removes those that cannot be read now. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all([this.#refreshOne('database'), this.#refreshOne('queues')]);
  }

  async #refreshOne(store: Store): Promise<void> {
    const source = this.#sources[store];
    if (performance.now() - source.readAt < FRESH_MS) return;
    // The refresh itself never rejects: it took too long.
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
