// The statements that the UserSession actor runs on the turns table, with results in the form that crosses the actor
// boundary.
import { claimNext } from '../store/claims.ts';
import { lastSeq } from '../store/conversations.ts';
import type { Database } from '../store/database.ts';
import { turnsExist } from '../store/turn-rows.ts';
import type { SessionStore } from './user-session.ts';

export const sessionStore = (database: Database): SessionStore => ({
  async claimNext(userId, leaseS) {
    const claim = await claimNext(database, userId, leaseS);
    if (claim.outcome !== 'claimed') return claim;
    const { turnId, epoch, sessionId, seq, text, metadata, attempts } = claim.turn;
    const { messageCount, queuedS, traceparent } = claim;
    return {
      outcome: 'claimed',
      work: {
        turnId,
        epoch,
        userId,
        sessionId,
        seq,
        text,
        metadata,
        attempts,
        messageCount,
        queuedS,
        traceparent,
      },
    };
  },
  lastSeq: (userId) => lastSeq(database, userId),
  turnsExist: (turnIds) => turnsExist(database, turnIds),
});
