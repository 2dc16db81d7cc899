// One connection configuration for both databases; which one it is, is asked of the server.
import knex, { type Knex } from 'knex';
import pg from 'pg';

/** Longest wait for a free or a new connection before a request is told that the database is away. */
const ACQUIRE_TIMEOUT_MS = 3_000;
/** Longest wait for one answer: a half-open connection must not hold a request for ever. */
const QUERY_TIMEOUT_MS = 15_000;
const INT8 = 20;
const quiet = () => {};

export type Dialect = 'pg' | 'cockroachdb';

/** Where the migrations are, and what a new one looks like. */
export const MIGRATIONS: Knex.MigratorConfig = {
  directory: new URL('../../migrations', import.meta.url).pathname,
  loadExtensions: ['.ts'],
  extension: 'ts',
  stub: new URL('../../migrations/template/migration.stub', import.meta.url).pathname,
};

interface ConnectOptions {
  /** Connections at most. */
  readonly poolSize: number;
}

/** INT8 as a number: ours count turns and bytes, far below 2^53. CockroachDB's INTEGER is INT8 too. */
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

/** Asks the server at `url` what it is. Rejects with the driver's error where it does not answer. */
async function detectDialect(url: string): Promise<Dialect> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS });
  // An error after connecting (a server that dies) reaches the query; unheard it would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>('select version() as version');
    return rows[0]!.version.startsWith('CockroachDB') ? 'cockroachdb' : 'pg';
  } finally {
    await client.end();
  }
}

/** Knex's configuration for the PostgreSQL or CockroachDB at `url`. Rejects where it does not answer. */
export async function connectionConfig(url: string, { poolSize }: ConnectOptions): Promise<Knex.Config> {
  const client = await detectDialect(url);
  return {
    client,
    connection: connection(url),
    pool: { min: 0, max: poolSize, acquireTimeoutMillis: ACQUIRE_TIMEOUT_MS, createTimeoutMillis: ACQUIRE_TIMEOUT_MS },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
    // What it would print reaches the caller as an error too, who knows what it means.
    log: { warn: quiet, error: quiet, deprecate: quiet, debug: quiet },
    // CockroachDB runs schema changes after the transaction that holds them; each statement by itself is sound.
    migrations: { ...MIGRATIONS, disableTransactions: client === 'cockroachdb' },
  };
}

/** Opens a pool. Rejects where the database does not answer. */
export async function connect(url: string, options: ConnectOptions): Promise<Knex> {
  return knex(await connectionConfig(url, options));
}
