// Connections to PostgreSQL and CockroachDB with one configuration. The server is asked which of the two it is.
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
const LIMITS: TimeLimits = { lock: 5_000, statement: 12_000, idleInTransaction: 10_000, silence: 15_000 };
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

/** Whether the server has reported that the connection is outside a transaction. A connection whose rollback was not
 *  confirmed is not reused. */
const isOutsideTransaction = (client: pg.Client): boolean => client.getTransactionStatus() === 'I';

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
      validate: isOutsideTransaction,
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
  return knex(await connectionConfig(url, options));
}
