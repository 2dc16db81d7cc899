import type { Knex } from 'knex';

/** The journal of a turn that uses tools: the model's answers that ask for calls (`step` null) and the calls, in the order
 *  of `ordinal`. `turns.journal`: the number of its rows; null: none. `step_changes` counts the changes of the steps of a
 *  turn, and `changed` has the number of the last change of a step. Reviews of calls have no draft, and a turn may have
 *  several reviews, of which one is pending. The decision on a call is kept with its review. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table turns add column if not exists journal int4');
  await knex.schema.raw('alter table turns add column if not exists step_changes int4');
  // Of an assistant's message: as in its turn, so that later prompts need to read only these journals.
  await knex.schema.raw('alter table conversation_rows add column if not exists journal int4');
  await knex.schema.raw(`create table if not exists turn_steps (
    turn_id uuid not null,
    ordinal int4 not null,
    user_id text not null,
    step int4,
    content text,
    model text,
    input_tokens int4,
    output_tokens int4,
    tool text,
    model_name text,
    call_id text,
    arguments text,
    effect text,
    version text,
    status text,
    rule text,
    approved boolean not null default false,
    result text,
    truncated boolean not null default false,
    epoch int4,
    changed int4 not null default 0,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    expires_at timestamptz,
    finished_at timestamptz,
    primary key (turn_id, ordinal))`);
  // For calls whose worker ended after their turn was cancelled: no outcome is recorded after `expires_at`.
  await knex.schema.raw(
    "create index if not exists turn_steps_running on turn_steps (expires_at) where status = 'running'",
  );

  await knex.schema.raw("alter table reviews add column if not exists kind text not null default 'reply'");
  await knex.schema.raw('alter table reviews add column if not exists step int4');
  await knex.schema.raw('alter table reviews add column if not exists tool text');
  await knex.schema.raw('alter table reviews add column if not exists call_id text');
  await knex.schema.raw('alter table reviews add column if not exists arguments text');
  await knex.schema.raw('alter table reviews add column if not exists decided_value text');
  await knex.schema.raw('alter table reviews add column if not exists kept jsonb');
  await knex.schema.raw('alter table reviews add column if not exists kept_at timestamptz');
  await knex.schema.raw('alter table reviews alter column draft drop not null');
  await knex.schema.raw('alter table kept_decisions add column if not exists draft_sha256 text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table kept_decisions drop column if exists draft_sha256');
  await knex.schema.raw('alter table reviews alter column draft set not null');
  for (const column of ['kept_at', 'kept', 'decided_value', 'arguments', 'call_id', 'tool', 'step', 'kind'])
    await knex.schema.raw(`alter table reviews drop column if exists ${column}`);
  await knex.schema.dropTableIfExists('turn_steps');
  await knex.schema.raw('alter table conversation_rows drop column if exists journal');
  await knex.schema.raw('alter table turns drop column if exists step_changes');
  await knex.schema.raw('alter table turns drop column if exists journal');
}
