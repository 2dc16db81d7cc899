// Runs the BullMQ workers that consume the topics, from one table of consumers.
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import { within } from '../concurrency/within.ts';
import { Unavailable } from '../domain/errors.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { Log } from '../telemetry/log.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { PREFIX } from './queues.ts';

/** If a worker dies, its job goes to another worker after at most the lock duration and two checks for stalled jobs. */
const LOCK_MS = 6_000;
const STALLED_CHECK_MS = 3_000;
/** Seconds for which a worker waits for a job before it asks again. Each time costs an idle process some commands. */
const WAIT_S = 10;
/** No limit by BullMQ: the row of a turn limits its takeovers. */
const MAX_STALLED = 1_000_000;
/** A job that found the database or an actor unavailable is tried again after this time, which doubles up to the
 *  maximum. */
const UNAVAILABLE_MS = 500;
const MAX_UNAVAILABLE_MS = 4_000;
/** BullMQ workers for each topic. One of them fetches jobs one by one, with a round trip each; several fetch in
 *  parallel. */
const FETCHERS = 2;

/** The payload is not an event of the topic. The job is not retried and is kept among the failed jobs. */
export class InvalidEvent extends UnrecoverableError {
  constructor(queue: string) {
    super(`ignored: not an event of the topic ${queue}`);
  }
}

export interface Consumer {
  readonly queue: string;
  readonly concurrency: number;
  /** Handles one payload. Idempotent. If it rejects, the queue retries the job. If it rejects with Unavailable, this uses
   *  up no attempt. */
  readonly handle: (payload: unknown) => Promise<void>;
}

/** The traceparent of an event, if it has one. */
function traceparentOf(payload: unknown): string | null {
  const traceparent = (payload as { traceparent?: unknown } | null)?.traceparent;
  return typeof traceparent === 'string' ? traceparent : null;
}

/** Puts the job back until the dependency may be available. An outage is no fault of the event, so it does not count as an
 *  attempt, however long it takes. @throws DelayedError, which tells BullMQ that the job has been put back */
async function postpone(job: Job, token: string | undefined): Promise<never> {
  const delayMs = Math.min(UNAVAILABLE_MS * 2 ** (job.attemptsStarted - 1), MAX_UNAVAILABLE_MS);
  await job.moveToDelayed(Date.now() + delayMs * (0.5 + Math.random() / 2), token);
  throw new DelayedError();
}

class StoppableWorker extends Worker {
  /** Stops renewing the locks of jobs. `close` does this last, after Redis commands that may never return, and a forced
   *  `close` does nothing if another `close` has started. */
  abandon(): Promise<void> {
    return this.lockManager.close();
  }
}

export class Consumers {
  readonly #workers: StoppableWorker[] = [];
  /** The last change by `setPaused`: pausing ends only when the running jobs have. */
  #changed: Promise<unknown> = Promise.resolve();
  readonly #table: readonly Consumer[];
  readonly #connection: RedisConnection;
  readonly #log: Log;

  /** `connection` must have been opened as `patient`. Every worker creates a blocking duplicate of it. */
  constructor(table: readonly Consumer[], connection: RedisConnection, log: Log) {
    this.#table = table;
    this.#connection = connection;
    this.#log = log;
  }

  start(): void {
    if (this.#workers.length > 0) return;
    for (const consumer of this.#table) {
      for (let n = 0; n < FETCHERS; n += 1) this.#workers.push(this.#open(consumer, n > 0));
    }
  }

  #open({ queue, concurrency, handle }: Consumer, skipStalledCheck: boolean): StoppableWorker {
    const process = async (job: Job<unknown>, token?: string) => {
      const { data } = job;
      try {
        await inSpan(`${queue} process`, { kind: 'consumer', parent: traceparentOf(data) }, () => handle(data));
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        this.#log.debug({ queue, job: job.id, detail: error.message }, 'A job waits until a dependency is available.');
        await postpone(job, token);
      }
    };
    const worker = new StoppableWorker(queue, process, {
      connection: this.#connection,
      prefix: PREFIX,
      concurrency: Math.ceil(concurrency / FETCHERS),
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      skipStalledCheck,
      drainDelay: WAIT_S,
      maxStalledCount: MAX_STALLED,
    });
    worker.on('error', (error) => this.#log.debug({ queue, detail: error.message }, 'A worker reported an error.'));
    worker.on('failed', (job, error) => this.#log.warn({ queue, job: job?.id, err: error }, 'A job failed.'));
    return worker;
  }

  /** Fetches jobs of the topic only while it is not paused. A fetch that is under way may still return one. Never throws. */
  setPaused(queue: string, isPaused: boolean): void {
    const workers = this.#workers.filter(({ name }) => name === queue);
    const change = () => Promise.all(workers.map((worker) => (isPaused ? worker.pause() : worker.resume())));
    const log = (error: Error) => this.#log.debug({ queue, detail: error.message }, 'A worker reported an error.');
    this.#changed = this.#changed.then(change).catch(log);
  }

  /** Fetches no more jobs and waits up to `deadlineMs` milliseconds for running ones. Jobs that run longer go to other
   *  workers. */
  async stop(deadlineMs: number): Promise<void> {
    // No change reaches a worker after its close: a pause would connect it to Redis again.
    const workers = this.#workers.splice(0);
    const close = async () => {
      await this.#changed;
      await Promise.allSettled(workers.map((worker) => worker.close()));
    };
    try {
      await within(deadlineMs, close());
    } catch {
      await Promise.all(workers.map((worker) => worker.abandon()));
    }
  }
}
