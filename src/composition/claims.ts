// How the worker role claims turns: through the user's actor, and with Dapr also with the grant that the actor gave.
import { GrantedClaims } from '../actors/granted-claims.ts';
import type { ActorRuntime } from '../actors/runtime.ts';
import { sessionStore } from '../actors/session-store.ts';
import type { ClaimReply } from '../actors/user-session.ts';
import { newId } from '../domain/ids.ts';
import { giveBackGrants } from '../store/grants.ts';
import type { Foundation } from './foundation.ts';

/** If the worker that holds a user does not run its turns within this time, another worker tries again. */
const ASK_AGAIN_MS = 300;

export interface Claims {
  /** Claims the user's next turn. @throws Unavailable */
  claim(userId: string): Promise<ClaimReply>;
  /** Asks the worker that holds the user to run its turns. */
  askHolder(userId: string): void;
  /** `start`: runs the turns of a user here; false: all places are taken. */
  runWith(start: (userId: string) => boolean): void;
}

export function claimsOf(foundation: Foundation, actors: ActorRuntime): Claims {
  const { config, database, hints, log, lifecycle } = foundation;
  const args = { leaseS: config.LEASE_S, exchanges: config.HISTORY_EXCHANGES };
  // Embedded actors run in one process: all claims of all workers go through it, and it holds the memory.
  if (actors.name === 'embedded')
    return { claim: (userId) => actors.call(userId, 'claim', args), askHolder: () => {}, runWith: () => {} };
  const granted = new GrantedClaims({
    actors,
    store: sessionStore(database, { holdsState: false }),
    giveBack: (userIds, holder) => giveBackGrants(database, userIds, holder),
    holder: newId(),
    args,
  });
  lifecycle.started('grants', () => granted.giveBackAll());
  let start = (_userId: string): boolean => false;
  hints.heldUsers.subscribe();
  hints.heldUsers.listen((userId) => {
    if (!granted.holds(userId) || start(userId)) return;
    granted
      .giveBack(userId)
      .catch((error: Error) =>
        log.debug({ detail: error.message }, 'A user could not be given back; the grant will end.'),
      );
  });
  return {
    claim: (userId) => granted.next(userId),
    askHolder(userId) {
      hints.heldUsers.announce(userId);
      setTimeout(() => start(userId), ASK_AGAIN_MS).unref();
    },
    runWith(startHere) {
      start = startHere;
    },
  };
}
