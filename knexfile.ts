// The configuration of the knex CLI (`npm run migrate`, `npx knex migrate:latest`).
import { connectionConfig, MIGRATIONS, NO_LIMITS } from './src/store/connect.ts';

const url = process.env['DATABASE_URL'];
// Creating a migration file needs no database.
const createsFile = process.argv.includes('migrate:make');
if (!url && !createsFile) {
  throw new Error(
    'DATABASE_URL is not set. Set it to the database to migrate, e.g. postgres://user@127.0.0.1:5432/turnkeeper',
  );
}
export default createsFile
  ? { client: 'pg', migrations: MIGRATIONS }
  : await connectionConfig(url!, { poolSize: 2, limits: NO_LIMITS });
