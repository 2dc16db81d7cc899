import type { Knex } from 'knex';

/** `budget_windows`: the tokens of a window, of a user or of all (owner empty). `starts_s`: its start in seconds since 1970.
 *  `budget_charges`: what a turn (`charge_id`) or a summary was charged in a window; the windows are the sums of them, and of
 *  the charges of erased users. `call_id`: the call for which tokens are reserved. The key begins with the user, for the export
 *  and the erasure. `turns.not_before`: a turn that a budget keeps from running is not claimed before; it is added without a
 *  rewrite of the table. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists not_before timestamptz');
  await knex.schema.raw(`create table if not exists budget_windows (
    owner text not null,
    window_s int8 not null,
    starts_s int8 not null,
    reserved int8 not null,
    used int8 not null,
    primary key (owner, window_s, starts_s))`);
  await knex.schema.raw(`create table if not exists budget_charges (
    user_id text not null,
    charge_id uuid not null,
    owner text not null,
    window_s int8 not null,
    starts_s int8 not null,
    kind text not null,
    call_id uuid not null,
    reserved int8 not null,
    used int8 not null,
    reserved_at timestamptz not null,
    primary key (user_id, charge_id, owner, window_s, starts_s))`);
  await knex.schema.raw(
    'create index if not exists budget_charges_open on budget_charges (reserved_at) where reserved > 0',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('drop index if exists budget_charges_open');
  await knex.schema.dropTableIfExists('budget_charges');
  await knex.schema.dropTableIfExists('budget_windows');
  await knex.schema.raw('alter table turns drop column if exists not_before');
}
