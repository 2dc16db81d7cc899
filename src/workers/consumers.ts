// The consuming side: one BullMQ worker a topic, made from one table.
import { UnrecoverableError, Worker, type Job } from 'bullmq';
import { within } from '../concurrency/within.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { Log } from '../telemetry/log.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { PREFIX } from './queues.ts';

/** A job of a worker that died is given to another after at most the lock and two looks. */
const LOCK_MS = 6_000;
const STALLED_LOOK_MS = 3_000;
/** Rows decide how often a turn may be begun, not BullMQ. */
const STALLED_AT_MOST = 1_000_000;
const FORCED_CLOSE_MS = 1_000;
/** A worker takes one job after another, each a round trip; several of them take jobs side by side. */
const FETCHERS = 4;

/** The payload is not what the topic carries: kept among the failed jobs, never repeated. */
export class Ignored extends UnrecoverableError {
  constructor(queue: string) {
    super(`ignored: not an event of the topic ${queue}`);
  }
}

export interface Consumer {
  readonly queue: string;
  readonly concurrency: number;
  /** Handles one payload; safe to repeat. Rejecting leaves it to the queue's retry. */
  readonly handle: (payload: unknown) => Promise<void>;
}

/** Where the event stands in a trace, if it says so. */
function positionOf(payload: unknown): string | null {
  const place = (payload as { traceparent?: unknown } | null)?.traceparent;
  return typeof place === 'string' ? place : null;
}

export class Consumers {
  readonly #workers: Worker[] = [];
  readonly #table: readonly Consumer[];
  readonly #connection: RedisConnection;
  readonly #log: Log;

  /** `connection` must be patient; every worker makes a blocking duplicate of it. */
  constructor(table: readonly Consumer[], connection: RedisConnection, log: Log) {
    this.#table = table;
    this.#connection = connection;
    this.#log = log;
  }

  start(): void {
    if (this.#workers.length > 0) return;
    for (const consumer of this.#table) {
      for (let n = 0; n < FETCHERS; n += 1) this.#workers.push(this.#open(consumer));
    }
  }

  #open({ queue, concurrency, handle }: Consumer): Worker {
    const process = ({ data }: Job<unknown>) =>
      inSpan(`${queue} process`, { kind: 'consumer', parent: positionOf(data) }, () => handle(data));
    const worker = new Worker(queue, process, {
      connection: this.#connection,
      prefix: PREFIX,
      concurrency: Math.ceil(concurrency / FETCHERS),
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_LOOK_MS,
      maxStalledCount: STALLED_AT_MOST,
    });
    worker.on('error', (error) => this.#log.debug({ queue, detail: error.message }, 'A worker reported an error.'));
    worker.on('failed', (job, error) => this.#log.warn({ queue, job: job?.id, err: error }, 'A job failed.'));
    return worker;
  }

  /** Takes no more jobs and waits up to `deadlineMs` for those that run. Jobs that run longer go to other workers. */
  async stop(deadlineMs: number): Promise<void> {
    const closeAll = (force: boolean) => Promise.allSettled(this.#workers.map((worker) => worker.close(force)));
    try {
      await within(deadlineMs, closeAll(false));
    } catch {
      await within(FORCED_CLOSE_MS, closeAll(true)).catch(() => {});
    }
    this.#workers.length = 0;
  }
}
