// For the knex CLI (`npm run migrate`, `npx knex migrate:latest`).
import { connectionConfig } from './src/store/connect.ts';

const url = process.env['DATABASE_URL'];
if (!url)
  throw new Error(
    'DATABASE_URL is not set: name the database to migrate, e.g. postgres://user@127.0.0.1:5432/turnkeeper',
  );
export default await connectionConfig(url, { poolSize: 2 });
