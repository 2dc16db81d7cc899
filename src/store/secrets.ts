// Secrets that all processes share. The first process that needs a secret creates it.
import type { Database, Statement } from './database.ts';

const MAKE: Statement = {
  name: 'secret-make',
  sql: 'insert into secrets (name, value) values (?, ?) on conflict (name) do nothing',
};
const READ: Statement = { name: 'secret-read', sql: 'select value from secrets where name = ?' };

/** The secret of this name. If it does not exist, `fresh` is stored and returned. @throws Unavailable */
export async function sharedSecret(database: Database, name: string, fresh: Uint8Array): Promise<Uint8Array> {
  await database.rows(MAKE, [name, Buffer.from(fresh).toString('base64url')]);
  const [row] = await database.rows<{ value: string }>(READ, [name]);
  return Buffer.from(row!.value, 'base64url');
}
