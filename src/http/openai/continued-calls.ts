// Finds the calls to which the results of a request belong: those of the turn that it continues, or else those that the client
// shows.
import type { ClientResults } from '../../domain/tools/client-tools.ts';
import { callsOf, type Turn } from '../../domain/turn.ts';
import { invalidRequest } from '../problem.ts';
import type { Services } from '../services.ts';
import type { Place } from './chat-turn.ts';
import type { ChatMessage } from './messages.ts';

/** The newest turns of a session in which calls are looked for, if the request says only which session it is. */
const NEWEST_TURNS = 20;

const asksForAll = (turn: Turn, ids: readonly string[]): boolean => {
  const asked = new Set(callsOf(turn).map(({ id }) => id));
  return ids.every((id) => asked.has(id));
};

/** The turn that asked for these calls; undefined: the one that the request continues did not. @throws Unavailable */
async function askingTurn(
  turns: Services['turns'],
  userId: string,
  ids: readonly string[],
  { session, continues }: Place,
): Promise<Turn | undefined> {
  const follows = continues?.follows ?? null;
  if (follows !== null) {
    const turn = await turns.find(follows);
    return turn && asksForAll(turn, ids) ? turn : undefined;
  }
  if (session === null) return undefined;
  const newest = await turns.list(userId, { sessionId: session, status: 'completed', limit: NEWEST_TURNS });
  return newest.find((turn) => asksForAll(turn, ids));
}

/** The results of the request, and where it continues. @throws Problem invalid_request, Unavailable */
export async function resultsFor(
  turns: Services['turns'],
  userId: string,
  message: Pick<ChatMessage, 'results' | 'calls'>,
  place: Place,
): Promise<Place & { readonly results: ClientResults }> {
  const results = message.results.map(({ callId, content }) => ({ callId, content }));
  if (results.length === 0) return { ...place, results: { results } };
  const ids = results.map(({ callId }) => callId);
  const turn = await askingTurn(turns, userId, ids, place);
  if (turn) {
    const missing = callsOf(turn).filter(({ id }) => !ids.includes(id));
    if (missing.length > 0) {
      const detail = `must be among the results of all calls; missing: ${missing.map(({ id }) => id).join(', ')}`;
      throw invalidRequest([{ pointer: message.results[0]!.pointer, detail }]);
    }
    const continues = { follows: turn.turnId, shown: place.continues?.shown ?? null };
    return { session: turn.sessionId, continues, results: { results } };
  }
  if (message.calls.length > 0) return { ...place, results: { results, calls: message.calls } };
  const detail = 'must be the id of a call that the response before asks for';
  throw invalidRequest(message.results.map(({ pointer }) => ({ pointer, detail })));
}
