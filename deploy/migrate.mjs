// The one-shot service `migrate` of compose.yml: migrates the schema of DATABASE_URL to the latest version and ends.
//
// The knex CLI is not used: if a container is killed, knex's lock row remains and every later run fails. This script
// migrates as `npm start` does, under a lease that expires.
import { migrateDatabase } from '../src/store/migrate.ts';

const url = process.env['DATABASE_URL'];
if (!url) throw new Error('DATABASE_URL is not set');
const applied = await migrateDatabase(url);
console.log(applied.length === 0 ? 'the schema is up to date' : `applied: ${applied.join(', ')}`);
