// Secrets that all processes share, made by whoever needs one first.
import type { Database, Statement } from './database.ts';

const MAKE: Statement = {
  name: 'secret-make',
  sql: 'insert into secrets (name, value) values (?, ?) on conflict (name) do nothing',
};
const READ: Statement = { name: 'secret-read', sql: 'select value from secrets where name = ?' };

/** The secret of this name; `fresh` becomes it where there is none yet. @throws Unavailable */
export async function sharedSecret(database: Database, name: string, fresh: Uint8Array): Promise<Uint8Array> {
  await database.rows(MAKE, [name, Buffer.from(fresh).toString('base64url')]);
  const [row] = await database.rows<{ value: string }>(READ, [name]);
  return Buffer.from(row!.value, 'base64url');
}
