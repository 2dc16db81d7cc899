import type { Knex } from 'knex';

/** The outbox serves two destinations, BullMQ and then the pub/sub at the edge: a row whose event BullMQ has and the edge
 *  has not says so, with the time when the edge was last tried. Each index holds only what its sweep looks for, so that a long outage of the edge slows down no other. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table outbox add column queued_at timestamptz');
  await knex.schema.raw('create index outbox_to_queue on outbox (created_at) where queued_at is null');
  await knex.schema.raw('create index outbox_to_edge on outbox (queued_at) where queued_at is not null');
  await knex.schema.raw('drop index outbox_created_at');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('create index outbox_created_at on outbox (created_at)');
  await knex.schema.raw('drop index outbox_to_edge');
  await knex.schema.raw('drop index outbox_to_queue');
  await knex.schema.raw('alter table outbox drop column queued_at');
}
