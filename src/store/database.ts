// Runs statements and transactions, and retries them after a serialisation failure or a deadlock, as both databases
// require.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type pg from 'pg';
import { Unavailable } from '../domain/errors.ts';
import { Batch, type Batched } from './batch.ts';
import type { Dialect } from './connect.ts';

/** A named statement, prepared once per connection. Bindings are `?`. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
}

/** Runs statements, in the database or in one of its transactions. */
export interface Queries {
  rows<T>(statement: Statement, bindings: readonly unknown[]): Promise<T[]>;
  /** Knex's builder, for queries whose text depends on the request. */
  readonly builder: Knex;
}

/** 40001 serialization_failure (CockroachDB: restart transaction), 40P01 deadlock_detected. */
const RETRY_CODES = new Set(['40001', '40P01']);
const RETRIES = 8;
const RETRY_BASE_MS = 5;

/** 08*: connection; 40003: outcome unknown; 25006: read-only; 25P03: closed idle in a transaction; 53*: out of disk, memory or connections;
 *  55P03: lock not available; 57*: cancelled, timed out, shutdown, starting up; 58*: I/O error of the server. */
const UNAVAILABLE_SQLSTATE = /^(08|40003|25006|25P03|53|55P03|57|58)/;
const UNAVAILABLE_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const UNAVAILABLE_MESSAGE =
  /Connection terminated|timeout e(?:xceeded|xpired)|is not queryable|Timeout acquiring a connection/;
/** With these the server reports that it has ended the statement, or the transaction, without an effect. CockroachDB also
 *  reports 57014 if the time limit ends while it commits, and 58* for data that it cannot reach. */
const ENDED_SQLSTATE: Readonly<Record<Dialect, RegExp>> = {
  pg: /^(25006|25P03|53|55P03|57014|58)/,
  cockroachdb: /^(25006|25P03|53|55P03)/,
};

const codeOf = (error: unknown): string => (error as { code?: unknown } | null)?.code?.toString() ?? '';

/** Whether the error means that the database is unavailable, rather than that the statement is wrong. */
function isConnectionError(error: unknown): boolean {
  const code = codeOf(error);
  return (
    UNAVAILABLE_SQLSTATE.test(code) ||
    UNAVAILABLE_SYSTEM.has(code) ||
    UNAVAILABLE_MESSAGE.test((error as Error | null)?.message ?? '')
  );
}

/** 21*: cardinality; 22*: data; 23*: constraints; 54*: size limits. With the same data these come again. */
const DATA_SQLSTATE = /^(21|22|23|54)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Whether an operation that failed with this error may succeed later with the same data. An error without an SQLSTATE is
 *  one of our code, which comes again. */
export function mayPass(error: unknown): boolean {
  const code = codeOf(error);
  return error instanceof Unavailable || (SQLSTATE.test(code) && !DATA_SQLSTATE.test(code));
}

/** Whether a statement that commits a write was sent. */
interface Progress {
  sentCommit: boolean;
}

async function retrying<T>({ client }: Knex, attempt: (progress: Progress) => Promise<T>): Promise<T> {
  const dialect = (client.config as Knex.Config).client as Dialect;
  for (let tries = 0; ; tries += 1) {
    const progress = { sentCommit: false };
    try {
      return await attempt(progress);
    } catch (error) {
      if (isConnectionError(error)) {
        const outcomeUnknown = progress.sentCommit && !ENDED_SQLSTATE[dialect].test(codeOf(error));
        throw new Unavailable('database', { cause: error, outcomeUnknown });
      }
      if (!RETRY_CODES.has(codeOf(error))) throw error;
      if (tries >= RETRIES) throw new Unavailable('database', { cause: error });
      await sleep(RETRY_BASE_MS * 2 ** tries * (0.5 + Math.random()));
    }
  }
}

interface Prepared {
  /** With the placeholders of the driver: `$1`, `$2`, … */
  readonly text: string;
  readonly writes: boolean;
}

const PREPARED = new WeakMap<Statement, Prepared>();
const WRITES = /\b(?:insert into|delete from)\b|(?<!\bfor )(?<!\bno key )\bupdate\b/i;

function prepared(statement: Statement): Prepared {
  let found = PREPARED.get(statement);
  if (!found) {
    let count = 0;
    const text = statement.sql.replaceAll('?', () => `$${(count += 1)}`);
    PREPARED.set(statement, (found = { text, writes: WRITES.test(text) }));
  }
  return found;
}

/** Runs a statement on a connection of the builder: of its pool, or that of its transaction. The builder itself would
 *  compile the text at every call. `onSend` is called before the statement is sent. */
async function run<T>(
  { client }: Knex,
  statement: Statement,
  values: readonly unknown[],
  onSend = () => {},
): Promise<T[]> {
  const connection = (await client.acquireConnection()) as pg.Client;
  try {
    onSend();
    const query = { name: statement.name, text: prepared(statement).text, values: values as unknown[] };
    return (await connection.query<T & pg.QueryResultRow>(query)).rows;
  } finally {
    client.releaseConnection(connection);
  }
}

export class Database implements Queries {
  readonly builder: Knex;
  readonly #batches = new Map<string, Batch<unknown, unknown>>();
  constructor(builder: Knex) {
    this.builder = builder;
  }

  /** Runs one statement in its own transaction. @throws Unavailable */
  rows<T>(statement: Statement, bindings: readonly unknown[]): Promise<T[]> {
    return retrying(this.builder, (progress) =>
      run<T>(this.builder, statement, bindings, () => {
        progress.sentCommit = prepared(statement).writes;
      }),
    );
  }

  /** Runs one item of a statement that callers share (batch.ts). @throws Unavailable */
  batched<I, O>(name: string, item: I, run: (database: Database, items: readonly I[]) => Promise<O[]>): Promise<O> {
    let batch = this.#batches.get(name);
    if (!batch) {
      const kind: Batched<unknown, unknown> = { name, run: (items) => run(this, items as readonly I[]) };
      this.#batches.set(name, (batch = new Batch(kind)));
    }
    return batch.add(item) as Promise<O>;
  }

  /** Runs a query of the builder that only reads, with the same retries. @throws Unavailable */
  query<T>(build: (builder: Knex) => PromiseLike<T>): Promise<T> {
    return retrying(this.builder, async () => build(this.builder));
  }

  /** Runs `work` in a transaction. `work` may run again, so it must only use `queries` and have no other effects.
   *  @throws Unavailable */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return retrying(this.builder, (progress) =>
      this.builder.transaction(async (trx) => {
        const result = await work({ builder: trx, rows: (statement, bindings) => run(trx, statement, bindings) });
        // The builder sends the COMMIT next.
        progress.sentCommit = true;
        return result;
      }),
    );
  }

  /** @throws Unavailable */
  async ping(): Promise<void> {
    await this.rows({ name: 'ping', sql: 'select 1' }, []);
  }

  close(): Promise<void> {
    return this.builder.destroy();
  }
}
