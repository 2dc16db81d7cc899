// Connections to PostgreSQL and CockroachDB with one configuration. The server is asked which of the two it is.
import knex, { type Knex } from 'knex';
import pg from 'pg';

/** Timeout for a free or a new connection. After that the database counts as unavailable. */
const ACQUIRE_TIMEOUT_MS = 3_000;
/** Timeout for one query: a half-open connection must not block a request forever. */
const QUERY_TIMEOUT_MS = 15_000;
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

interface ConnectOptions {
  /** Maximum number of connections. */
  readonly poolSize: number;
}

/** Reads INT8 as a number: the values count turns and bytes, far below 2^53. CockroachDB's INTEGER is INT8 too. */
const types = {
  getTypeParser: (oid: number, format: string) =>
    oid === INT8 && format === 'text' ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

const connection = (url: string) => ({
  connectionString: url,
  application_name: 'turnkeeper',
  connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS,
  keepAlive: true,
  types,
});

/** Asks the server at `url` for its kind. Rejects with the driver's error if the server does not answer. */
async function detectDialect(url: string): Promise<Dialect> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS });
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
export async function connectionConfig(url: string, { poolSize }: ConnectOptions): Promise<Knex.Config> {
  const client = await detectDialect(url);
  return {
    client,
    connection: connection(url),
    pool: { min: 0, max: poolSize, acquireTimeoutMillis: ACQUIRE_TIMEOUT_MS, createTimeoutMillis: ACQUIRE_TIMEOUT_MS },
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
