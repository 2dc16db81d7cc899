// Connections to PostgreSQL and CockroachDB with one configuration. The server is asked which of the two it is.
import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import knex, { type Knex } from 'knex';
import pg from 'pg';

/** Timeout for a free or a new connection. After that the database counts as unavailable. */
const ACQUIRE_TIMEOUT_MS = 3_000;
const INT8 = 20;
const quiet = () => {};

export type Dialect = 'pg' | 'cockroachdb';

/** The folder of the migrations, and the template of a new one. */
export const MIGRATIONS: Knex.MigratorConfig = {
  directory: new URL('../../migrations', import.meta.url).pathname,
  loadExtensions: ['.ts'],
  extension: 'ts',
  stub: new URL('../../migrations/template/migration.stub', import.meta.url).pathname,
};

/** Time limits of a connection, in milliseconds. 0: no limit. */
export interface TimeLimits {
  /** A statement waits for a lock (SQLSTATE 55P03). */
  readonly lock: number;
  /** A statement runs (57014). */
  readonly statement: number;
  /** A transaction is open without a statement (25P03). The server closes the connection. */
  readonly idleInTransaction: number;
  /** No byte is sent or received. The client closes the connection. */
  readonly silence: number;
}

/** The limits of the server are shorter than the client's. So a server that works reports the timeout itself, and has
 *  ended the statement. Silence means that the server is frozen or cannot be reached. */
const LIMITS: TimeLimits = { lock: 5_000, statement: 10_000, idleInTransaction: 8_000, silence: 12_000 };
/** A migration may build an index of a large table. */
export const NO_LIMITS: TimeLimits = { lock: 0, statement: 0, idleInTransaction: 0, silence: 0 };
/** The system probes a silent connection after this time. */
const KEEP_ALIVE_MS = 10_000;
/** The pool closes idle connections before their silence exceeds its limit. */
const IDLE_MS = 10_000;

interface ConnectOptions {
  /** Maximum number of connections. */
  readonly poolSize: number;
  readonly limits?: TimeLimits;
}

/** Reads INT8 as a number: the values count turns and bytes, far below 2^53. CockroachDB's INTEGER is INT8 too. */
const types = {
  getTypeParser: (oid: number, format = 'text') =>
    oid === INT8 && format === 'text' ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

/** A socket that is destroyed after `silence` ms without traffic. pg's `query_timeout` does not close the connection: it
 *  stops waiting, and the connection returns to the pool with the statement, and its transaction, still open. */
function socketWith(silence: number): Socket {
  const socket = new Socket();
  const fault = () => Object.assign(new Error(`the database sent nothing for ${silence} ms`), { code: 'ETIMEDOUT' });
  return socket.setTimeout(silence, () => socket.destroy(fault()));
}

/** Named statements are planned once per connection, not for the values of each call: planning costs more than most of
 *  them. The plan must be right however much the tables grow afterwards, so it uses indexes whatever the statistics say:
 *  a plan that is made for empty tables would read them from end to end. No statement gains from compiling its plan.
 *  CockroachDB has none of these settings (docs/decisions/0033-plans.md). */
const PLANS: Readonly<Record<Dialect, string>> = {
  pg: [
    'plan_cache_mode=force_generic_plan',
    'jit=off',
    'enable_seqscan=off',
    'enable_hashjoin=off',
    'enable_mergejoin=off',
  ]
    .map((setting) => `-c ${setting}`)
    .join(' '),
  cockroachdb: '',
};

const connection = (url: string, { lock, statement, idleInTransaction, silence }: TimeLimits): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'turnkeeper',
  connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
  lock_timeout: lock,
  statement_timeout: statement,
  idle_in_transaction_session_timeout: idleInTransaction,
  stream: () => socketWith(silence),
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  types,
});

/** A free connection that was answered this recently is used without a question. */
const TRUSTED_MS = 2_000;
/** A connection in use for longer than this may be dead, and others with it. Shorter than the time after which callers of a
 *  shared statement try another connection (batch.ts). */
const SLOW_MS = 150;
/** A free connection answers a question within this time, or it is closed. */
const ANSWER_MS = 1_000;

/** Decides which free connections may be used. Nothing reports that the other end of a connection has gone: what is sent
 *  is lost, and the answer never comes. So a statement must not be the first thing that is sent after a silence. */
class FreeConnections {
  /** When each connection was last answered. */
  readonly #answeredAt = new WeakMap<pg.Client, number>();
  /** Since when each connection is in use. */
  readonly #inUse = new Map<pg.Client, number>();
  /** Connections that were not answered since are not used any more: one that was used then has broken. */
  #brokenSince = -Infinity;

  answered(client: pg.Client): void {
    this.#answeredAt.set(client, performance.now());
  }

  /** The connection returns to the pool. */
  released(client: pg.Client): void {
    const since = this.#inUse.get(client) ?? -Infinity;
    this.#inUse.delete(client);
    if (isOutsideTransaction(client) && isOpen(client)) this.answered(client);
    else this.#brokenSince = Math.max(this.#brokenSince, since);
  }

  closed(client: pg.Client): void {
    this.#inUse.delete(client);
  }

  /** Whether the connection may be used now. It counts as in use from then on. */
  async mayBeUsed(client: pg.Client): Promise<boolean> {
    if (!isOutsideTransaction(client)) return false;
    const now = performance.now();
    const answeredAt = this.#answeredAt.get(client) ?? -Infinity;
    if (answeredAt < this.#brokenSince) return false;
    if (answeredAt < this.#trustedSince(now) && !(await this.#isAnswered(client, now))) return false;
    this.#inUse.set(client, now);
    return true;
  }

  #trustedSince(now: number): number {
    const slow = [...this.#inUse.values()].filter((since) => since < now - SLOW_MS);
    return Math.max(now - TRUSTED_MS, ...slow);
  }

  async #isAnswered(client: pg.Client, askedAt: number): Promise<boolean> {
    const timer = setTimeout(() => destroySocket(client), ANSWER_MS);
    try {
      await client.query('select 1');
      return true;
    } catch {
      this.#brokenSince = Math.max(this.#brokenSince, askedAt);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether the server has reported that the connection is outside a transaction. A connection whose rollback was not
 *  confirmed is not reused. */
const isOutsideTransaction = (client: pg.Client): boolean => client.getTransactionStatus() === 'I';

const socketOf = (client: pg.Client): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;
const isOpen = (client: pg.Client): boolean => !socketOf(client).destroyed;
const destroySocket = (client: pg.Client): void => void socketOf(client).destroy();

/** Asks the server at `url` for its kind. Rejects with the driver's error if the server does not answer. */
async function detectDialect(url: string): Promise<Dialect> {
  const client = new pg.Client(connection(url, LIMITS));
  // If the server dies after connecting, the query rejects. Without a listener the event would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>('select version() as version');
    return rows[0]!.version.startsWith('CockroachDB') ? 'cockroachdb' : 'pg';
  } finally {
    await client.end();
  }
}

/** Knex's configuration for the database at `url`. Rejects if the database does not answer. */
export async function connectionConfig(
  url: string,
  { poolSize, limits = LIMITS }: ConnectOptions,
): Promise<Knex.Config> {
  const client = await detectDialect(url);
  return {
    client,
    connection: { ...connection(url, limits), options: PLANS[client] } as Knex.PgConnectionConfig,
    pool: {
      min: 0,
      max: poolSize,
      idleTimeoutMillis: IDLE_MS,
      acquireTimeoutMillis: ACQUIRE_TIMEOUT_MS,
      createTimeoutMillis: ACQUIRE_TIMEOUT_MS,
    },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    // Knex would print errors that the callers get anyway, and the callers know the context.
    log: { warn: quiet, error: quiet, deprecate: quiet, debug: quiet },
    // CockroachDB applies schema changes after the commit of their transaction. Single statements are safe.
    migrations: { ...MIGRATIONS, disableTransactions: client === 'cockroachdb' },
  };
}

/** Opens a pool. Rejects if the database does not answer. */
export async function connect(url: string, options: ConnectOptions): Promise<Knex> {
  const config = await connectionConfig(url, options);
  const free = new FreeConnections();
  const builder = knex({
    ...config,
    pool: { ...config.pool, validate: (client: pg.Client) => free.mayBeUsed(client) },
  });
  const { pool } = builder.client as { pool: EventEmitter };
  pool.on('createSuccess', (_: number, client: pg.Client) => free.answered(client));
  pool.on('release', (client: pg.Client) => free.released(client));
  pool.on('destroyRequest', (_: number, client: pg.Client) => free.closed(client));
  return builder;
}
