// The final commit of a turn: one statement that requires the claim's epoch. If it hits no row, the claim was lost.
import type { OutboxEvent } from '../domain/events.ts';
import type { ClientCall } from '../domain/tools/client-tools.ts';
import type { FinishReason, TurnError, Usage } from '../domain/turn.ts';
import { inLockOrder, IS_RUNNING, type Claim } from './held-claims.ts';
import type { Database, Statement } from './database.ts';

const DELIVERY_COLUMNS = `gen_random_uuid(), w.webhook_id, done.user_id, done.turn_id, 'turn.' || done.status`;
const WANTED = `w.enabled and 'turn.' || done.status = any(w.events)`;

/** Adds a delivery for every webhook that wants an event of the CTE `done` (turn_id, user_id, status). Without webhooks
 *  it costs two index lookups. It has two parts so that each part uses an index. */
export const NOTIFY = `notified as (
          insert into webhook_deliveries (delivery_id, webhook_id, user_id, turn_id, event)
          select ${DELIVERY_COLUMNS} from done join webhooks w on w.user_id = done.user_id where ${WANTED}
          union all select ${DELIVERY_COLUMNS} from done join webhooks w on w.user_id is null where ${WANTED})`;

/** What later prompts have to read of the turn: its journal, or with 0 also what its client sent and was asked for. Null:
 *  nothing. */
export const JOURNAL = `case when turns.client_calls is not null or turns.client_results is not null then 0
                      else turns.journal end as journal`;

/** Delivers the turns of the CTE `done`: writes conversation rows and tags of turns with a reply, marks them as not
 *  counted yet, and writes the events and the webhook deliveries. */
export const DELIVER = `delivered as (
          insert into conversation_rows (user_id, seq, ordinal, session_id, turn_id, role, content, tags, metadata, journal)
          select user_id, seq, 0, session_id, turn_id, 'user', text, tags, metadata, null::int4 from done where reply is not null
          union all select user_id, seq, 1, session_id, turn_id, 'assistant', reply, tags, metadata, journal from done where reply is not null),
        tagged as (
          insert into conversation_tags (user_id, tag, seq)
          select distinct user_id, tag, seq from done, jsonb_array_elements_text(tags) as tag where reply is not null),
        uncounted as (insert into uncounted_turns (turn_id) select turn_id from done where reply is not null),
        told as (
          insert into outbox (event_id, topic, user_id, data)
          select e.event_id, e.topic, done.user_id, e.data::jsonb
          from done join unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[]) as e (turn_id, event_id, topic, data)
            on e.turn_id = done.turn_id),
        ${NOTIFY}`;

/** An event, and the turn whose commit writes it. */
export interface CommittedEvent {
  readonly turnId: string;
  readonly event: OutboxEvent;
}

/** What the outbox keeps of an event: the texts of a delivered turn are in its row. */
function storedDataOf({ topic, data }: OutboxEvent): object {
  if (topic !== 'conversations') return data;
  const { turn_id: turnId, user_id: userId, session_id: sessionId } = data;
  return { turn_id: turnId, user_id: userId, session_id: sessionId };
}

/** The bindings of DELIVER. */
export const eventBindings = (events: readonly CommittedEvent[]): readonly string[][] => [
  events.map(({ turnId }) => turnId),
  events.map(({ event }) => event.eventId),
  events.map(({ event }) => event.topic),
  events.map(({ event }) => JSON.stringify(storedDataOf(event))),
];

const COMPLETE: Statement = {
  name: 'commit-completed',
  sql: `with answers as (
          select * from unnest(?::uuid[], ?::int4[], ?::text[], ?::text[], ?::text[], ?::int4[], ?::int4[], ?::int4[], ?::text[])
            as a (turn_id, epoch, reply, finish_reason, model, input_tokens, output_tokens, attempts, client_calls)),
        done as (
          update turns set status = 'completed', reply = answers.reply, finish_reason = answers.finish_reason,
                 model = answers.model, input_tokens = answers.input_tokens, output_tokens = answers.output_tokens, attempts = answers.attempts, client_calls = answers.client_calls::jsonb, finished_at = now(), lease_until = null
          from answers
          where turns.turn_id = answers.turn_id and turns.epoch = answers.epoch
            and ${IS_RUNNING}
          returning turns.turn_id, turns.user_id, turns.session_id, turns.seq, turns.text, turns.reply, turns.tags, turns.metadata,
                    ${JOURNAL}, turns.status, turns.finished_at),
        ${DELIVER}
        select turn_id, finished_at from done`,
};

/** Counts the turn too, because no event reports a turn without a reply. */
const FAIL: Statement = {
  name: 'commit-failed',
  sql: `with done as (
          update turns set status = 'failed', error_code = ?, error_detail = ?, attempts = ?, finished_at = now(), lease_until = null
          where turn_id = ? and epoch = ? and status = 'running'
          returning turn_id, user_id, status, finished_at),
        counted as (
          insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
          select user_id, (finished_at at time zone 'UTC')::date, 'failed', 1, 0, 0, 0, finished_at, finished_at from done
          on conflict (user_id, day, status) do update
          set turns = analytics_days.turns + 1, last_at = greatest(analytics_days.last_at, excluded.last_at)),
        ${NOTIFY}
        select turn_id from done`,
};

/** A reply, how it ended, and the model and the usage that the endpoint reported; usage null: none. */
export interface ModelReply {
  readonly reply: string;
  readonly model: string;
  readonly usage: Usage | null;
  readonly finishReason: FinishReason;
  /** What the model asks the client for; the reply may then be empty. Missing: nothing. */
  readonly toolCalls?: readonly ClientCall[];
}

/** The calls as they are stored. */
export const storedCalls = ({ toolCalls = [] }: ModelReply): string | null =>
  toolCalls.length === 0 ? null : JSON.stringify(toolCalls);

interface AnswerToCommit extends Claim {
  readonly attempts: number;
  readonly answer: ModelReply;
  readonly events: readonly OutboxEvent[];
}

/** One answer for each turn: the one with the highest epoch, because a claim ends the earlier ones of its turn. */
function newestOf(all: readonly AnswerToCommit[]): Map<string, AnswerToCommit> {
  const newest = new Map<string, AnswerToCommit>();
  for (const each of all) {
    const other = newest.get(each.turnId);
    if (!other || other.epoch < each.epoch) newest.set(each.turnId, each);
  }
  return newest;
}

/** Two claims of a turn may be in one call: its worker was late, and the turn was claimed again in the same process. */
async function commitAll(database: Database, all: readonly AnswerToCommit[]): Promise<(Date | null)[]> {
  const newest = newestOf(all);
  const ordered = inLockOrder([...newest.values()]);
  const events = ordered.flatMap(({ turnId, events: ofTurn }) => ofTurn.map((event) => ({ turnId, event })));
  const rows = await database.rows<{ turn_id: string; finished_at: Date }>(COMPLETE, [
    ordered.map(({ turnId }) => turnId),
    ordered.map(({ epoch }) => epoch),
    ordered.map(({ answer }) => answer.reply),
    ordered.map(({ answer }) => answer.finishReason),
    ordered.map(({ answer }) => answer.model),
    ordered.map(({ answer }) => answer.usage?.inputTokens ?? null),
    ordered.map(({ answer }) => answer.usage?.outputTokens ?? null),
    ordered.map(({ attempts }) => attempts),
    ordered.map(({ answer }) => storedCalls(answer)),
    ...eventBindings(events),
  ]);
  const done = new Map(rows.map((row) => [row.turn_id, row.finished_at]));
  return all.map(({ turnId, epoch }) => (newest.get(turnId)!.epoch === epoch && done.get(turnId)) || null);
}

/** Delivers the reply with its conversation rows and events. Returns the time; null: the claim was lost and nothing was
 *  written. @throws Unavailable */
export const commitAnswer = (
  database: Database,
  { turnId, epoch }: Claim,
  attempts: number,
  answer: ModelReply,
  events: readonly OutboxEvent[],
): Promise<Date | null> => database.batched('commit-answer', { turnId, epoch, attempts, answer, events }, commitAll);

/** Ends the turn without a reply. False: the claim was lost and nothing was written. @throws Unavailable */
export async function commitFailure(
  database: Database,
  claim: Claim,
  attempts: number,
  error: TurnError,
): Promise<boolean> {
  const rows = await database.rows(FAIL, [error.code, error.detail, attempts, claim.turnId, claim.epoch]);
  return rows.length === 1;
}
