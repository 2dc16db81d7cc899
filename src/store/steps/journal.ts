// The journal of a turn. Every write locks the row of the turn, whose counter numbers the changes of its steps: each change has
// its own number. All but the last two require the epoch of the claim: if it was lost, nothing is written. A repeated statement
// changes nothing.
import type { ClientCall } from '../../domain/tools/client-tools.ts';
import type { Usage } from '../../domain/turn.ts';
import type { CallStep, Journal, ModelStep, StepContent, StepStatus } from '../../domain/tools/step.ts';
import type { CallOutcome, Effect } from '../../domain/tools/tool.ts';
import type { Database, Statement } from '../database.ts';
import type { Claim } from '../held-claims.ts';

interface Row {
  readonly turn_id: string;
  readonly ordinal: number;
  readonly step: number | null;
  readonly content: string | null;
  readonly model: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly tool: string;
  readonly model_name: string;
  readonly call_id: string;
  readonly arguments: string;
  readonly effect: Effect;
  readonly version: string | null;
  readonly status: StepStatus;
  readonly rule: string | null;
  readonly approved: boolean;
  readonly result: string | null;
  readonly truncated: boolean;
  readonly ran_ms: number;
}

const READ: Statement = {
  name: 'journals-of-turns',
  sql: `select turn_id, ordinal, step, content, model, input_tokens, output_tokens, tool, model_name, call_id, arguments, effect, version,
          status, rule, approved, result, truncated,
          coalesce(extract(epoch from finished_at - started_at) * 1000, 0)::float8 as ran_ms
        from turn_steps where turn_id = any(?::uuid[]) order by turn_id, ordinal`,
};

const callOf = (row: Row, step: number): CallStep => ({
  ordinal: row.ordinal,
  step,
  tool: row.tool,
  modelName: row.model_name,
  callId: row.call_id,
  arguments: row.arguments,
  effect: row.effect,
  version: row.version,
  status: row.status,
  rule: row.rule,
  approved: row.approved,
  result: row.result,
  truncated: row.truncated,
  expiresS: 0,
  ranMs: row.ran_ms,
});

const usageOf = ({ input_tokens: inputTokens, output_tokens: outputTokens }: Row): Usage | null =>
  inputTokens === null ? null : { inputTokens, outputTokens: outputTokens ?? 0 };

/** The journal from its rows, in their order. */
function journalOf(rows: readonly Row[]): Journal {
  const journal: (ModelStep & { readonly calls: CallStep[] })[] = [];
  for (const row of rows) {
    if (row.step !== null) journal.at(-1)!.calls.push(callOf(row, row.step));
    else
      journal.push({
        ordinal: row.ordinal,
        content: row.content ?? '',
        model: row.model ?? '',
        usage: usageOf(row),
        calls: [],
      });
  }
  return journal;
}

/** The journals of these turns, by their ids. A turn without steps has none. @throws Unavailable */
export async function readJournals(database: Database, turnIds: readonly string[]): Promise<Map<string, Journal>> {
  const rows = await database.rows<Row>(READ, [turnIds]);
  const byTurn = Map.groupBy(rows, (row) => row.turn_id);
  return new Map([...byTurn].map(([turnId, ofTurn]) => [turnId, journalOf(ofTurn)]));
}

const CONTENTS: Statement = {
  name: 'step-contents',
  sql: `select step, arguments, result, truncated from turn_steps
        where turn_id = ?::uuid and step is not null order by turn_id, ordinal`,
};

/** The arguments and results of a turn's calls. @throws Unavailable */
export const contentsOfSteps = (database: Database, turnId: string): Promise<StepContent[]> =>
  database.rows<StepContent>(CONTENTS, [turnId]);

const PROPOSE: Statement = {
  name: 'steps-propose',
  sql: `with held as (
          update turns set journal = ?::int4, attempts = ?::int4, client_calls = ?::jsonb, step_changes = coalesce(step_changes, 0) + ?::int4
          where turn_id = ?::uuid and epoch = ?::int4 and status = 'running'
          returning turn_id, user_id, step_changes, epoch)
        insert into turn_steps (turn_id, user_id, ordinal, step, content, model, input_tokens, output_tokens, tool, model_name,
          call_id, arguments, effect, version, status, result, epoch, changed, started_at, expires_at, finished_at)
        select held.turn_id, held.user_id, s.ordinal, s.step, s.content, s.model, s.input_tokens, s.output_tokens, s.tool,
          s.model_name, s.call_id, s.arguments, s.effect, s.version, s.status, s.result, held.epoch,
          case when s.step is null then 0 else held.step_changes - s.later end,
          case when s.status = 'running' then clock_timestamp() end,
          case when s.status = 'running' then clock_timestamp() + s.expires_s * interval '1 second' end, case when s.status = 'failed' then clock_timestamp() end
        from held cross join jsonb_to_recordset(?::jsonb) as s (ordinal int4, step int4, content text, model text,
          input_tokens int4, output_tokens int4, tool text, model_name text, call_id text, arguments text, effect text,
          version text, status text, result text, expires_s float8, later int4)
        on conflict (turn_id, ordinal) do update set epoch = excluded.epoch where turn_steps.epoch = excluded.epoch
        returning ordinal`,
};

/** Adds an answer of the model and its calls to the journal of a claimed turn. Calls that are `running` may be made when this
 *  returns. `clientCalls`: what the answer asks the client for, after these calls. False: the claim was lost.
 *  @throws Unavailable */
export async function propose(
  database: Database,
  { turnId, epoch }: Claim,
  attempts: number,
  { ordinal, content, model, usage, calls }: ModelStep,
  clientCalls: readonly ClientCall[],
): Promise<boolean> {
  const answer = {
    ordinal,
    content,
    model,
    input_tokens: usage?.inputTokens ?? null,
    output_tokens: usage?.outputTokens ?? null,
  };
  const proposed = calls.map((call, index) => ({
    ordinal: call.ordinal,
    step: call.step,
    tool: call.tool,
    model_name: call.modelName,
    call_id: call.callId,
    arguments: call.arguments,
    effect: call.effect,
    version: call.version,
    status: call.status,
    result: call.result,
    expires_s: call.expiresS,
    later: calls.length - 1 - index,
  }));
  const length = ordinal + calls.length;
  const rows = await database.rows(PROPOSE, [
    length,
    attempts,
    clientCalls.length === 0 ? null : JSON.stringify(clientCalls),
    calls.length,
    turnId,
    epoch,
    JSON.stringify([answer, ...proposed]),
  ]);
  return rows.length > 0;
}

const START: Statement = {
  name: 'steps-start',
  sql: `with held as (
          update turns set step_changes = coalesce(step_changes, 0) + ?::int4
          where turn_id = ?::uuid and epoch = ?::int4 and status = 'running'
          returning turn_id, step_changes, epoch)
        update turn_steps set status = 'running', epoch = held.epoch, effect = started.effect, changed = held.step_changes - started.later,
          started_at = clock_timestamp(), expires_at = clock_timestamp() + started.expires_s * interval '1 second', finished_at = null
        from held cross join unnest(?::int4[], ?::text[], ?::float8[], ?::int4[]) as started (ordinal, effect, expires_s, later)
        where turn_steps.turn_id = held.turn_id and turn_steps.ordinal = started.ordinal
          and turn_steps.status in ('proposed', 'running')
        returning turn_steps.ordinal`,
};

/** Starts calls of a claimed turn, with the effects that their tools have now: they may be made when this returns. False: the
 *  claim was lost. @throws Unavailable */
export async function startCalls(
  database: Database,
  { turnId, epoch }: Claim,
  calls: readonly Pick<CallStep, 'ordinal' | 'effect' | 'expiresS'>[],
): Promise<boolean> {
  const ordinals = calls.map(({ ordinal }) => ordinal);
  const effects = calls.map(({ effect }) => effect);
  const expiries = calls.map(({ expiresS }) => expiresS);
  const later = calls.map((_, index) => calls.length - 1 - index);
  const bindings = [calls.length, turnId, epoch, ordinals, effects, expiries, later];
  return (await database.rows(START, bindings)).length === calls.length;
}

const END: Statement = {
  name: 'steps-end',
  sql: `with held as (
          update turns set step_changes = coalesce(step_changes, 0) + 1
          where turn_id = ?::uuid and epoch = ?::int4 and status = 'running'
          returning turn_id, step_changes)
        update turn_steps set status = ?, result = ?, changed = held.step_changes, finished_at = clock_timestamp()
        from held where turn_steps.turn_id = held.turn_id and turn_steps.ordinal = ?::int4
          and turn_steps.status in ('proposed', 'running', ?::text)
        returning turn_steps.ordinal`,
};

/** Ends a call of a claimed turn that was not made. False: the claim was lost. @throws Unavailable */
export async function endCall(
  database: Database,
  { turnId, epoch }: Claim,
  { ordinal, status, result }: { ordinal: number; status: 'failed' | 'declined'; result: string },
): Promise<boolean> {
  return (await database.rows(END, [turnId, epoch, status, result, ordinal, status])).length === 1;
}

const RECORD: Statement = {
  name: 'steps-record',
  sql: `with held as (
          update turns set step_changes = coalesce(step_changes, 0) + 1 where turn_id = ?::uuid
          returning turn_id, step_changes)
        update turn_steps set status = ?, result = ?, truncated = ?::bool, changed = held.step_changes, finished_at = clock_timestamp()
        from held where turn_steps.turn_id = held.turn_id and turn_steps.ordinal = ?::int4
          and turn_steps.status in ('running', ?::text) and turn_steps.epoch = ?::int4
        returning turn_steps.ordinal`,
};

/** Records how a call ended, also if the turn was cancelled meanwhile: the call was made. False: another claim has taken the
 *  call over. @throws Unavailable */
export async function recordOutcome(
  database: Database,
  { turnId, epoch }: Claim,
  ordinal: number,
  { status, result, truncated }: CallOutcome,
): Promise<boolean> {
  const rows = await database.rows(RECORD, [turnId, status, result, truncated, ordinal, status, epoch]);
  return rows.length === 1;
}

const LOSE: Statement = {
  name: 'steps-lose',
  sql: `with lost as materialized (
          select s.turn_id, s.ordinal from turn_steps s join turns t on t.turn_id = s.turn_id
          where s.status = 'running' and s.expires_at < now()
            and case when t.status in ('queued', 'running', 'awaiting_review') then false else true end
          order by s.expires_at limit 200),
        counted as (
          update turns set step_changes = coalesce(step_changes, 0) + 1 from lost where turns.turn_id = lost.turn_id
          returning turns.turn_id, turns.step_changes)
        update turn_steps set changed = counted.step_changes, finished_at = now(),
          status = case when turn_steps.effect = 'once' then 'unknown' else 'failed' end
        from lost join counted on counted.turn_id = lost.turn_id
        where turn_steps.turn_id = lost.turn_id and turn_steps.ordinal = lost.ordinal and turn_steps.status = 'running'
        returning turn_steps.turn_id`,
};

/** Ends calls of final turns whose worker has not recorded an outcome in time: nobody will. @throws Unavailable */
export async function endLostCalls(database: Database): Promise<void> {
  await database.rows(LOSE, []);
}
