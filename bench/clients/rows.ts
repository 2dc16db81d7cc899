// Reads the rows of a load over the public API.
import { call } from './http.ts';
import type { SentTurn } from './load.ts';
import { verify, type Row } from './verify.ts';

const PAGE = 100;
const READERS = 8;

interface Page {
  readonly items: readonly { readonly turn_id: string; readonly role: string; readonly content: string }[];
  readonly next_cursor: string | null;
}

async function rowsOf(url: string, user: string, since: string): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), from: since, ...(cursor === null ? {} : { cursor }) });
    const page: Page = await call<Page>('GET', `${url}/users/${user}/conversations?${query.toString()}`, 200);
    for (const { turn_id: turnId, role, content } of page.items) rows.push({ user, turnId, role, content });
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

/** Compares the rows that were delivered at or after `since` with the turns. Returns the faults. */
export async function verifyRows(url: string, turns: readonly SentTurn[], since: Date): Promise<string[]> {
  const users = [...new Set(turns.map(({ user }) => user))];
  const rows: Row[] = [];
  const reader = async () => {
    for (let user = users.pop(); user !== undefined; user = users.pop())
      rows.push(...(await rowsOf(url, user, since.toISOString())));
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return verify(turns, rows);
}
