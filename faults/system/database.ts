// Connections of the campaign to PostgreSQL, without a proxy.
import pg from 'pg';

/** Opens a connection. The caller ends it. */
export async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => {}); // a fault may end it; the next query then rejects
  await client.connect();
  return client;
}

/** Runs `work` on a connection of its own. */
export async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
