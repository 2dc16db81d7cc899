import type { Knex } from 'knex';

const COLUMNS = ['client_request', 'client_results', 'client_hash'];

/** What clients of /v1 ask for besides text, as JSON texts, because `jsonb` changes the order of members. `client_request`: the
 *  tools that the client offers, and how they are used. `client_results`: the results of its calls. `client_hash`: null
 *  if the client asks for nothing besides text; otherwise a hash of the results, empty without any, so that lists need not
 *  read them. `client_calls`: the calls that the reply asks the client for. All are added without a rewrite of the table. */
export async function up(knex: Knex): Promise<void> {
  for (const column of COLUMNS) await knex.schema.raw(`alter table turns add column if not exists ${column} text`);
  await knex.schema.raw('alter table turns add column if not exists client_calls jsonb');
}

export async function down(knex: Knex): Promise<void> {
  for (const column of ['client_calls', ...COLUMNS.toReversed()])
    await knex.schema.raw(`alter table turns drop column if exists ${column}`);
}
