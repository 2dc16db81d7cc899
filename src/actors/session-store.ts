// The statements that the UserSession actor runs on the turns table, with results in the form that crosses the actor
// boundary.
import type { HistoryMessage } from '../domain/conversation.ts';
import { claimNext } from '../store/claims.ts';
import type { Database } from '../store/database.ts';
import { revokeGrant } from '../store/grants.ts';
import { lastSeq, turnsExist } from '../store/turn-rows.ts';
import { MEMORY, type SessionStore } from './user-session.ts';

/** UTF-16 units of a history that crosses the actor boundary: daprd refuses bodies above 4 MB. */
const HISTORY_LIMIT = 500_000;

const lengthOf = (history: readonly HistoryMessage[]): number =>
  history.reduce((sum, { content }) => sum + content.length, 0);

/** `holdsState`: the actor state is in this database too. */
export const sessionStore = (database: Database, { holdsState }: { readonly holdsState: boolean }): SessionStore => ({
  holdsState,
  async claimNext(userId, args, grant) {
    const claim = await claimNext(database, { ...args, userId, memoryKey: holdsState ? MEMORY : null, grant });
    if (claim.outcome !== 'claimed') return claim;
    const { turnId, epoch, follows, sessionId, seq, text, metadata, attempts } = claim.turn;
    const { tags, assistant, clientHash, clientCalls, createdAt, startedAt } = claim.turn;
    const { grantVersion, messageCount, queuedS, takenOver, takeovers, traceparent, history, memory } = claim;
    const { clientInstructions, pictures, journal, retryFrom } = claim;
    return {
      outcome: 'claimed',
      grantVersion,
      memory,
      work: {
        turnId,
        epoch,
        follows,
        userId,
        sessionId,
        seq,
        text,
        metadata,
        tags,
        attempts,
        hasClientRequest: clientHash !== null,
        ...(clientCalls.length > 0 && { clientCalls }),
        assistant,
        clientInstructions,
        pictures,
        journal,
        takenOver,
        takeovers,
        createdAt: createdAt.getTime(),
        startedAt: startedAt!.getTime(),
        retryFrom: retryFrom.getTime(),
        messageCount,
        queuedS,
        traceparent,
        history: lengthOf(history) > HISTORY_LIMIT ? null : history,
      },
    };
  },
  lastSeq: (userId) => lastSeq(database, userId),
  turnsExist: (turnIds) => turnsExist(database, turnIds),
  // Without grants there is nothing to end.
  revokeGrant: async (userId) => (holdsState ? undefined : revokeGrant(database, userId)),
});
