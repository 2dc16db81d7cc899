// For the knex CLI (`npm run migrate`, `npx knex migrate:latest`).
import { connectionConfig, MIGRATIONS } from './src/store/connect.ts';

const url = process.env['DATABASE_URL'];
// A new file can be made without a database.
const making = process.argv.includes('migrate:make');
if (!url && !making) {
  throw new Error(
    'DATABASE_URL is not set: name the database to migrate, e.g. postgres://user@127.0.0.1:5432/turnkeeper',
  );
}
export default making ? { client: 'pg', migrations: MIGRATIONS } : await connectionConfig(url!, { poolSize: 2 });
