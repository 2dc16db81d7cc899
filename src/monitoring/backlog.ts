// What waits, read when somebody scrapes: of all users and processes, so every process that reads it says the same. A
// store that is away takes its gauges out of the scrape; it never fails one, nor holds it up for long.
import type { Log } from '../log.ts';
import { forget, type Metrics } from '../metrics.ts';
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
  readonly read: () => Promise<void>;
  readonly gauges: readonly Gauges[keyof Gauges][];
  /** Under way; it is shared, so that a store that hangs is asked once. */
  reading: Promise<void> | null;
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
    const source = (read: () => Promise<void>, gauges: Source['gauges']): Source => ({
      read,
      gauges,
      reading: null,
      readAt: -Infinity,
    });
    this.#gauges = metrics.backlog;
    this.#log = log;
    this.#sources = {
      database: source(() => readDatabase(database, metrics.backlog), Object.values(ofDatabase)),
      queues: source(() => readQueues(countJobs, metrics.backlog), [jobs]),
    };
  }

  /** Brings the gauges up to date, or takes those away that cannot be read now. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all([this.#refreshOne('database'), this.#refreshOne('queues')]);
  }

  async #refreshOne(store: Store): Promise<void> {
    const source = this.#sources[store];
    if (performance.now() - source.readAt < FRESH_MS) return;
    source.reading ??= this.#read(store, source);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS, 'late');
    });
    if ((await Promise.race([source.reading, late])) === 'late') this.#forget(store, source);
    clearTimeout(timer);
  }

  async #read(store: Store, source: Source): Promise<void> {
    try {
      await source.read();
      source.readAt = performance.now();
      this.#gauges.readable.set({ store }, 1);
    } catch (error) {
      this.#forget(store, source);
      this.#log.debug({ store, detail: (error as Error).message }, 'What waits could not be read for the metrics.');
    } finally {
      source.reading = null;
    }
  }

  #forget(store: Store, { gauges }: Source): void {
    for (const gauge of gauges) forget(gauge);
    this.#gauges.readable.set({ store }, 0);
  }
}
