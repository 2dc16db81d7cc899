// What clients of /v1 ask for besides text. It is read only for turns that have it.
import type { ClientCall, ClientRequest, ClientResults, RequestOfTurn } from '../../domain/tools/client-tools.ts';
import type { Database, Statement } from '../database.ts';

/** What the client of a turn sent and was asked for. */
export interface ClientPart extends ClientResults {
  /** The calls that the reply of the turn asks for. */
  readonly asked: readonly ClientCall[];
}

interface Row {
  readonly turn_id: string;
  readonly client_results: string | null;
  readonly client_calls: readonly ClientCall[] | null;
}

const resultsOf = (text: string | null): ClientResults =>
  text === null ? { results: [] } : (JSON.parse(text) as ClientResults);

const PARTS: Statement = {
  name: 'client-parts-of-turns',
  sql: `select turn_id, client_results, client_calls from turns
        where turn_id = any(?::uuid[]) and (client_results is not null or client_calls is not null)`,
};

/** The results and calls of these turns, by their ids. A turn without any has none. @throws Unavailable */
export async function clientPartsOf(database: Database, turnIds: readonly string[]): Promise<Map<string, ClientPart>> {
  const rows = await database.rows<Row>(PARTS, [turnIds]);
  return new Map(rows.map((row) => [row.turn_id, { ...resultsOf(row.client_results), asked: row.client_calls ?? [] }]));
}

interface RequestRow {
  readonly client_request: string | null;
  readonly client_results: string | null;
}

const requestOf = ({ client_request: request, client_results: results }: RequestRow): ClientRequest => ({
  ...(JSON.parse(request ?? '{"tools":[]}') as Omit<ClientRequest, 'results'>),
  ...resultsOf(results),
});

const REQUEST: Statement = {
  name: 'client-request-of-turn',
  sql: 'select client_request, client_results from turns where turn_id = ?::uuid and client_hash is not null',
};

/** What the client of a turn asks for besides text; null: nothing, or the turn was erased. @throws Unavailable */
export async function clientRequestOf(database: Database, turnId: string): Promise<ClientRequest | null> {
  const [row] = await database.rows<RequestRow>(REQUEST, [turnId]);
  return row ? requestOf(row) : null;
}

const NEXT: Statement = {
  name: 'next-client-requests',
  sql: `select turn_id, seq, client_request, client_results from turns
        where user_id = ? and seq > ? and client_hash is not null order by user_id, seq limit ?`,
};

/** What a user's clients asked for in the turns after this seq, at most `limit` turns. @throws Unavailable */
export async function nextClientRequests(
  database: Database,
  userId: string,
  { afterSeq, limit }: { readonly afterSeq: number; readonly limit: number },
): Promise<RequestOfTurn[]> {
  const rows = await database.rows<RequestRow & { turn_id: string; seq: number }>(NEXT, [userId, afterSeq, limit]);
  return rows.map((row) => ({ turnId: row.turn_id, seq: row.seq, request: requestOf(row) }));
}
