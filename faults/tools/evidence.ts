// What the checks of the kill run look at: the rows, the ledger of the receiver, the calls of the model, and the clients.
import type pg from 'pg';
import { withDatabase } from '../system/database.ts';
import type { Exit } from '../system/role-process.ts';
import type { Confirmed } from './clients.ts';
import type { Entry } from './ledger.ts';
import type { Asked } from './model.ts';

export interface ToolTurnRow {
  readonly turn_id: string;
  readonly text: string;
  readonly status: string;
  readonly reply: string | null;
  readonly epoch: number;
  readonly error_code: string | null;
}

export interface StepRow {
  readonly turn_id: string;
  readonly step: number;
  readonly tool: string;
  readonly call_id: string;
  readonly arguments: string;
  readonly status: string;
  readonly result: string | null;
}

export interface ToolReviewRow {
  readonly review_id: string;
  readonly turn_id: string;
  readonly step: number;
  readonly kind: string;
  readonly status: string;
  readonly decision: string | null;
  readonly decided_value: string | null;
  readonly decided_ms: number | null;
}

export interface ToolEvidence {
  /** How many turns were to be sent. */
  readonly turns: number;
  readonly rows: {
    readonly turns: readonly ToolTurnRow[];
    readonly steps: readonly StepRow[];
    readonly reviews: readonly ToolReviewRow[];
  };
  readonly entries: readonly Entry[];
  readonly asked: readonly Asked[];
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly confirmed: readonly Confirmed[];
  readonly wrong: readonly string[];
  readonly unexpectedExits: readonly Exit[];
}

/** A call of a turn in one word. */
export const callKey = (turnId: string, step: number): string => `${turnId}:${step}`;

export const readToolRows = (url: string): Promise<ToolEvidence['rows']> =>
  withDatabase(url, async (client) => {
    const all = async <T extends pg.QueryResultRow>(sql: string) => (await client.query<T>(sql)).rows;
    return {
      turns: await all<ToolTurnRow>('select turn_id, text, status, reply, epoch, error_code from turns'),
      steps: await all<StepRow>(`select turn_id, step, tool, call_id, arguments, status, result from turn_steps
        where step is not null order by turn_id, ordinal`),
      reviews: await all<ToolReviewRow>(`select review_id, turn_id, step, kind, status, decision, decided_value,
        (extract(epoch from decided_at) * 1000)::float8 as decided_ms from reviews where kind <> 'reply'`),
    };
  });
