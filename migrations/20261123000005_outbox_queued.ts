import type { Knex } from 'knex';

/** The outbox has two destinations: BullMQ, and then Dapr pub/sub. `queued_at` is set if BullMQ has the event and
 *  pub/sub does not: it is the time of the last try to publish it to pub/sub. Each index contains only the rows of one
 *  sweep, so that a long outage of pub/sub does not slow down the other sweep. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table outbox add column if not exists queued_at timestamptz');
  await knex.schema.raw('create index if not exists outbox_to_queue on outbox (created_at) where queued_at is null');
  await knex.schema.raw('create index if not exists outbox_to_edge on outbox (queued_at) where queued_at is not null');
  await knex.schema.raw('drop index if exists outbox_created_at');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('create index if not exists outbox_created_at on outbox (created_at)');
  await knex.schema.raw('drop index if exists outbox_to_edge');
  await knex.schema.raw('drop index if exists outbox_to_queue');
  await knex.schema.raw('alter table outbox drop column if exists queued_at');
}
