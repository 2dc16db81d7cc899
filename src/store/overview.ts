// The operators' overview, counted from the rows, so that it covers all processes, including those that have ended.
import { OWN_NAME } from '../domain/assistants/assistant.ts';
import { sumByAssistant, type AssistantTurns, type TurnsOverview } from '../domain/statistics.ts';
import { UNFINISHED } from './budgets/postponed.ts';
import type { Database, Statement } from './database.ts';

const HOURS = 48;
const FAILURES = 20;
/** Hours of the counts by assistant, and their rows: in the overview, and of one hour. */
const ASSISTANT_HOURS = 24;
const ASSISTANTS = 50;
const ASSISTANTS_OF_HOUR = 500;

const NOW: Statement = {
  name: 'overview-now',
  sql: `select count(*) filter (where status = 'queued') as queued, count(*) filter (where status = 'running') as running,
          count(*) filter (where status = 'queued' and postponed) as postponed,
          (extract(epoch from now() - min(created_at) filter (where status = 'queued' and not postponed)))::float8 as oldest_waiting_s,
          (select count(*) from reviews where status = 'pending') as awaiting_review
        from ${UNFINISHED}`,
};
/** Hours since 1970, which both databases compute in the same way. */
const BY_HOUR: Statement = {
  name: 'overview-by-hour',
  sql: `select floor(extract(epoch from finished_at) / 3600)::int8 as hour, status, count(*) as turns
        from turns where finished_at >= ? group by 1, 2`,
};
const FAILED: Statement = {
  name: 'overview-failed',
  sql: `select error_code as code, count(*) as count from turns
        where finished_at > now() - interval '24 hours' and status = 'failed' and error_code is not null
        group by error_code order by count(*) desc, error_code limit ?`,
};
/** Turns without an assistant were accepted by a version that had one only. */
const BY_ASSISTANT: Statement = {
  name: 'overview-by-assistant',
  sql: `select coalesce(assistant, ?::text) as assistant, model, count(*) as turns,
          count(*) filter (where status = 'failed') as failed,
          coalesce(sum(input_tokens), 0)::int8 as input_tokens, coalesce(sum(output_tokens), 0)::int8 as output_tokens
        from turns where finished_at >= ?::timestamptz and finished_at < ?::timestamptz
        group by 1, 2 order by count(*) desc limit ?`,
};
/** A turn that was taken over has an epoch above 1, and an index of those is kept. */
const TAKEOVERS: Statement = {
  name: 'overview-takeovers',
  sql: `select coalesce(sum(takeovers), 0)::int8 as takeovers from turns
        where epoch > 1 and (finished_at is null or finished_at > now() - interval '24 hours')`,
};
/** If a turn has a reply, its last attempt succeeded and the others failed. An attempt that a cancellation aborted is
 *  not an error. */
const MODEL: Statement = {
  name: 'overview-model',
  sql: `select coalesce(sum(attempts), 0)::int8 as requests,
          coalesce(sum(case when status = 'cancelled' then 0 when model is null then attempts else attempts - 1 end), 0)::int8 as errors,
          coalesce(sum(input_tokens), 0)::int8 as input_tokens, coalesce(sum(output_tokens), 0)::int8 as output_tokens
        from turns where finished_at > now() - interval '1 hour'`,
};
/** From the first claim to the commit, of a retried turn from the first claim after its retry. A reviewed turn becomes final at the decision, so its time says nothing about the model. */
const LATENCY: Statement = {
  name: 'overview-latency',
  sql: `select percentile_cont(0.5) within group (order by s) as p50, percentile_cont(0.95) within group (order by s) as p95
        from (select extract(epoch from finished_at - coalesce(retry_from, started_at))::float8 as s from turns
              where finished_at > now() - interval '1 hour' and status = 'completed'
                and not exists (select 1 from reviews r where r.turn_id = turns.turn_id)
              order by finished_at desc limit 10000) answered`,
};

const HOUR_MS = 3_600_000;

/** More than clock differences and a commit take together: after this time no turn can become final in a past hour. */
const CLOSED_AFTER_MS = 300_000;

/** Counts turns by hour. Past hours are counted once and cached, so a failure that is retried later stays in its hour. */
class HourlyTurns {
  readonly #past = new Map<number, Readonly<Record<string, number>>>();

  async read(database: Database, now: Date): Promise<TurnsOverview['byHour']> {
    const hours = Array.from({ length: HOURS }, (_, n) => Math.floor(now.getTime() / HOUR_MS) - HOURS + 1 + n);
    for (const hour of this.#past.keys()) if (hour < hours[0]!) this.#past.delete(hour);
    const from = hours.find((hour) => !this.#past.has(hour)) ?? hours.at(-1)!;
    const since = new Date(from * HOUR_MS);
    const rows = await database.rows<{ hour: number; status: string; turns: number }>(BY_HOUR, [since]);
    const found = Map.groupBy(rows, ({ hour }) => hour);
    const closedBefore = now.getTime() - CLOSED_AFTER_MS;
    return hours.map((hour) => {
      const counted = found.get(hour) ?? [];
      const byStatus = this.#past.get(hour) ?? Object.fromEntries(counted.map(({ status, turns }) => [status, turns]));
      if ((hour + 1) * HOUR_MS <= closedBefore) this.#past.set(hour, byStatus);
      return { hour: new Date(hour * HOUR_MS), byStatus };
    });
  }
}

interface AssistantRow {
  readonly assistant: string;
  readonly model: string | null;
  readonly turns: number;
  readonly failed: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
}

/** Counts the turns of the last 24 hours by assistant and model. This reads the rows of the turns, so each past hour is
 *  counted in a statement of its own and cached. Later only the turns of about an hour are read: those of the current
 *  hour, and of the first one that still belong to the 24 hours. */
class AssistantTurnsOfDay {
  readonly #past = new Map<number, readonly AssistantTurns[]>();

  async read(database: Database, now: Date): Promise<AssistantTurns[]> {
    const end = now.getTime();
    const start = end - ASSISTANT_HOURS * HOUR_MS;
    const first = Math.floor(start / HOUR_MS);
    for (const hour of this.#past.keys()) if (hour <= first) this.#past.delete(hour);
    const all: AssistantTurns[] = [];
    for (let hour = first; hour * HOUR_MS <= end; hour += 1) {
      const counted = this.#past.get(hour) ?? (await this.#count(database, Math.max(start, hour * HOUR_MS), hour + 1));
      if (hour > first && (hour + 1) * HOUR_MS <= end - CLOSED_AFTER_MS) this.#past.set(hour, counted);
      all.push(...counted);
    }
    return sumByAssistant(all, ASSISTANTS);
  }

  async #count(database: Database, fromMs: number, untilHour: number): Promise<AssistantTurns[]> {
    const bindings = [OWN_NAME, new Date(fromMs), new Date(untilHour * HOUR_MS), ASSISTANTS_OF_HOUR];
    const rows = await database.rows<AssistantRow>(BY_ASSISTANT, bindings);
    return rows.map(({ input_tokens: inputTokens, output_tokens: outputTokens, ...counts }) => ({
      ...counts,
      inputTokens,
      outputTokens,
    }));
  }
}

interface CurrentRow {
  readonly queued: number;
  readonly postponed: number;
  readonly running: number;
  readonly awaiting_review: number;
  readonly oldest_waiting_s: number | null;
}

/** Counts the turns for the overview. A process needs only one instance, which caches the past hours. */
export class TurnsCounter {
  readonly #database: Database;
  readonly #hours = new HourlyTurns();
  readonly #assistants = new AssistantTurnsOfDay();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Counts everything. @throws Unavailable */
  async read(now: Date): Promise<TurnsOverview> {
    const database = this.#database;
    const one = async <T>(statement: Statement): Promise<T> => (await database.rows<T>(statement, []))[0]!;
    const [current, hours, failures, assistants, { takeovers }, model, latency] = await Promise.all([
      one<CurrentRow>(NOW),
      this.#hours.read(database, now),
      database.rows<{ code: string; count: number }>(FAILED, [FAILURES]),
      this.#assistants.read(database, now),
      one<{ takeovers: number }>(TAKEOVERS),
      one<{ requests: number; errors: number; input_tokens: number; output_tokens: number }>(MODEL),
      one<{ p50: number | null; p95: number | null }>(LATENCY),
    ]);
    const { queued, postponed, running, awaiting_review: awaitingReview, oldest_waiting_s: oldestWaitingS } = current;
    return {
      turns: { queued, postponed, running, awaitingReview },
      oldestWaitingS,
      byHour: hours,
      failures,
      assistants,
      takeovers,
      model: {
        requests: model.requests,
        errors: model.errors,
        latencyP50S: latency.p50,
        latencyP95S: latency.p95,
        inputTokens: model.input_tokens,
        outputTokens: model.output_tokens,
      },
    };
  }
}
