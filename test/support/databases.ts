// Databases on the PostgreSQL of the run, for the run itself and for the tests.
import { Client } from 'pg';
import { migrateDatabase } from '../../src/store/migrate.ts';

const TEMPLATE = 'turnkeeper_template';

/** The URL of another database on the same server. */
export function databaseAt(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one statement on a connection of its own. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Creates a migrated database, of which the databases of the tests are copies: to migrate each of them would take longer than
 *  many a test. Returns its name. */
export async function createTemplate(server: string): Promise<string> {
  await execute(server, `CREATE DATABASE ${TEMPLATE}`);
  await migrateDatabase(databaseAt(server, TEMPLATE));
  return TEMPLATE;
}
