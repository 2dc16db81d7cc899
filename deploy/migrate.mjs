// The one-shot service `migrate` of compose.yml: brings the schema of DATABASE_URL up to date and ends.
//
// Not the knex CLI: its lock row outlives a container that was killed, and then every later run refuses. This way is the
// one of `npm start`, which takes a lease that lapses.
import { connect } from '../src/store/connect.ts';
import { migrateToLatest } from '../src/store/migrate.ts';

const url = process.env['DATABASE_URL'];
if (!url) throw new Error('DATABASE_URL is not set');
const database = await connect(url, { poolSize: 2 });
try {
  const applied = await migrateToLatest(database);
  console.log(applied.length === 0 ? 'the schema is up to date' : `applied: ${applied.join(', ')}`);
} finally {
  await database.destroy();
}
