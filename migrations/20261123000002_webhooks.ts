import type { Knex } from 'knex';

/** Webhooks and their deliveries. A commit adds a delivery for every webhook that wants the event of that commit. */
export async function up(knex: Knex): Promise<void> {
  // user_id null: a webhook for the turns of all users.
  await knex.schema.raw(`create table if not exists webhooks (
    webhook_id uuid primary key,
    user_id text,
    url text not null,
    events text[] not null,
    description text,
    secret text not null,
    old_secret text,
    old_secret_until timestamptz,
    enabled boolean not null default true,
    disabled_reason text,
    created_at timestamptz not null default now())`);
  await knex.schema.raw('create index if not exists webhooks_user on webhooks (user_id, webhook_id)');

  // next_attempt_at is also the lease: a claim sets it to a later time, so a delivery is due again if its worker dies.
  // created_at is the time of the event; `now()` would be the start of the transaction, which may be earlier. It is
  // truncated to milliseconds, because clients see it and continue pages from it in milliseconds.
  await knex.schema.raw(`create table if not exists webhook_deliveries (
    delivery_id uuid primary key,
    webhook_id uuid not null,
    user_id text,
    turn_id uuid,
    event text not null,
    status text not null default 'pending',
    epoch int4 not null default 0,
    attempts int4 not null default 0,
    next_attempt_at timestamptz default now(),
    last_attempt_at timestamptz,
    last_status int4,
    last_error text,
    created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
    ended_at timestamptz)`);
  await knex.schema.raw(`create index if not exists webhook_deliveries_due
    on webhook_deliveries (next_attempt_at, webhook_id) where status = 'pending'`);
  await knex.schema.raw(
    'create index if not exists webhook_deliveries_hook on webhook_deliveries (webhook_id, created_at, delivery_id)',
  );
  await knex.schema.raw(`create index if not exists webhook_deliveries_hook_status
    on webhook_deliveries (webhook_id, status, created_at, delivery_id)`);
  // For removing old deliveries, and for erasing a user.
  await knex.schema.raw(`create index if not exists webhook_deliveries_ended on webhook_deliveries (status, ended_at)
    where ended_at is not null`);
  await knex.schema.raw('create index if not exists webhook_deliveries_user on webhook_deliveries (user_id)');
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['webhook_deliveries', 'webhooks']) await knex.schema.dropTableIfExists(table);
}
