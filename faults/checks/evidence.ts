// What the checks of a campaign look at: the history of the clients, the ledgers of model and receiver, and the rows.
import type pg from 'pg';
import { withDatabase } from '../system/database.ts';
import type { Loss } from '../injectors/kind.ts';
import type { History } from '../load/history.ts';
import type { ModelCall } from '../system/model.ts';
import type { Receiver } from '../system/receiver.ts';
import type { Exit } from '../system/role-process.ts';
import type { StrikeRecord } from '../strikes.ts';
import type { Usage } from '../usage.ts';

export interface TurnRow {
  readonly turn_id: string;
  readonly user_id: string;
  readonly seq: number;
  readonly status: string;
  readonly epoch: number;
  readonly text: string;
  readonly reply: string | null;
  readonly error_code: string | null;
  readonly idempotency_key: string | null;
  readonly started_ms: number | null;
  readonly finished_ms: number | null;
}

export interface MessageRow {
  readonly user_id: string;
  readonly seq: number;
  readonly turn_id: string;
  readonly role: string;
  readonly content: string;
}

export interface ReviewRow {
  readonly review_id: string;
  readonly turn_id: string;
  readonly status: string;
  readonly draft: string;
  readonly decision: string | null;
  readonly reply: string | null;
  readonly created_ms: number;
}

export interface DeliveryRow {
  readonly delivery_id: string;
  readonly turn_id: string;
  readonly event: string;
  readonly status: string;
  readonly attempts: number;
}

export interface Rows {
  readonly turns: readonly TurnRow[];
  readonly messages: readonly MessageRow[];
  readonly reviews: readonly ReviewRow[];
  readonly deliveries: readonly DeliveryRow[];
}

export interface Evidence {
  readonly history: Pick<History, 'turns' | 'decisions' | 'refusals' | 'wrong'>;
  readonly rows: Rows;
  /** Model calls by the user's message. */
  readonly calls: ReadonlyMap<string, readonly ModelCall[]>;
  readonly receiver: Pick<Receiver, 'receipts' | 'contradictions'>;
  readonly losses: readonly Loss[];
  readonly strikes: readonly StrikeRecord[];
  /** What the drain left after its time; empty: nothing. */
  readonly leftOver: readonly string[];
  /** The last turn that each user's summary covers. */
  readonly summaries: ReadonlyMap<string, number>;
  /** Turns by status, as the analytics count them. */
  readonly counted: Readonly<Record<string, number>>;
  readonly deadLetters: readonly string[];
  readonly tail: Tail;
  readonly unexpectedExits: readonly Exit[];
  readonly usage: { readonly before: Usage; readonly after: Usage };
}

/** The load after everything was healed. */
export interface Tail {
  /** Times of the clean tail. */
  readonly from: number;
  readonly until: number;
  /** Seconds from the last healing to the first turn that was sent and answered after it; null: none was. */
  readonly serviceS: number | null;
  /** Seconds from the last healing to the end of the last turn sent before it; null: one never ended. */
  readonly lastTurnS: number | null;
  readonly drainS: number;
}

export interface Check {
  /** `I3 order`: the verdict names it. */
  readonly name: string;
  /** What does not hold. Empty: the invariant holds. */
  readonly run: (evidence: Evidence) => string[];
}

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

/** Reads the rows without a proxy. */
export const readRows = (url: string): Promise<Rows> =>
  withDatabase(url, async (client) => {
    const all = async <T extends pg.QueryResultRow>(sql: string) => (await client.query<T>(sql)).rows;
    return {
      turns:
        await all<TurnRow>(`select turn_id, user_id, seq::int4, status, epoch, text, reply, error_code, idempotency_key,
        ${ms('started_at')} as started_ms, ${ms('finished_at')} as finished_ms from turns order by user_id, seq`),
      messages: await all<MessageRow>(`select user_id, seq::int4, turn_id, role, content from conversation_rows
        order by user_id, seq, ordinal`),
      reviews:
        await all<ReviewRow>(`select review_id, turn_id, status, draft, decision, reply, ${ms('created_at')} as created_ms
        from reviews`),
      deliveries: await all<DeliveryRow>(`select delivery_id, turn_id, event, status, attempts from webhook_deliveries
        where turn_id is not null`),
    };
  });
