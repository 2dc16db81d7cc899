// How the worker role claims turns: through the user's actor, and with Dapr also with the grant that the actor gave.
import { GrantedClaims } from '../actors/granted-claims.ts';
import type { ActorRuntime } from '../actors/runtime.ts';
import { sessionStore } from '../actors/session-store.ts';
import type { ClaimArgs, ClaimReply, MethodArgs } from '../actors/user-session.ts';
import { mostExchanges, type AssistantSource } from '../domain/assistants/assistant.ts';
import { newId } from '../domain/ids.ts';
import { firstQueued } from '../store/backlog.ts';
import { releaseUnanswered, type Claim } from '../store/held-claims.ts';
import { giveBackGrants } from '../store/grants.ts';
import type { ClaimKeeper } from '../turns/claim-keeper.ts';
import type { Foundation } from './foundation.ts';

/** If the worker that holds a user does not run its turns within this time, another worker tries again. */
const ASK_AGAIN_MS = 300;

export interface Claims {
  /** Claims the user's next turn. @throws Unavailable */
  claim(userId: string): Promise<ClaimReply>;
  /** Ends what this worker has of the user, because it cannot reach actors and another worker should run the turns. Returns
   *  the user's next turn; null: none. @throws Unavailable */
  giveUp(userId: string): Promise<Claim | null>;
  /** Asks the worker that holds the user to run its turns. */
  askHolder(userId: string): void;
  /** `start`: runs the turns of a user here; false: all places are taken. */
  runWith(start: (userId: string) => boolean): void;
}

/** Claims with `ask`. If the answer to a claim was lost, the next claim of the user repeats the request, and gets the same
 *  claim. The worker claims for one user one turn at a time. `unanswered`: the ids of the requests, by user. */
function repeating(
  unanswered: Map<string, string>,
  terms: (claimId: string) => ClaimArgs,
  ask: (userId: string, args: ClaimArgs) => Promise<ClaimReply>,
): Claims['claim'] {
  return async (userId) => {
    const claimId = unanswered.get(userId) ?? newId();
    try {
      const reply = await ask(userId, terms(claimId));
      unanswered.delete(userId);
      return reply;
    } catch (error) {
      unanswered.set(userId, claimId);
      throw error;
    }
  };
}

export interface ClaimDeps {
  readonly actors: ActorRuntime;
  readonly assistants: AssistantSource;
  readonly keeper: ClaimKeeper;
}

export function claimsOf(foundation: Foundation, { actors, assistants, keeper }: ClaimDeps): Claims {
  const { config, database, waker, hints, log, lifecycle } = foundation;
  const { LEASE_S: leaseS } = config;
  const terms = (claimId: string) => {
    // A claim does not know yet which assistant answers.
    const exchanges = mostExchanges(assistants.current);
    return { leaseS, exchanges, claimId, lapsedBefore: keeper.lapsedBefore };
  };
  const unanswered = new Map<string, string>();
  // Embedded actors run in one process: all claims of all workers go through it, and it holds the memory.
  if (actors.name === 'embedded') {
    const claim = repeating(unanswered, terms, (userId, args) => actors.call(userId, 'claim', args));
    return { claim, giveUp: async () => null, askHolder: () => {}, runWith: () => {} };
  }
  let start = (_userId: string): boolean => false;
  /** Asks the actor. If this worker gives up and the claim is made later, actors can be reached again: the next claim of the
   *  user repeats the request and gets the same turn. If it does not run here, any worker may claim it. */
  const ask = async (userId: string, args: MethodArgs<'claim'>): Promise<ClaimReply> => {
    const asked = actors.call(userId, 'claim', args);
    try {
      return await actors.reachability.orUnreachable(asked);
    } catch (error) {
      const onLate = async (late: ClaimReply): Promise<void> => {
        if (late.outcome !== 'claimed' || start(userId)) return;
        await keeper.release(late.work);
        waker.wake(late.work);
      };
      void asked.then(onLate).catch(() => {});
      throw error;
    }
  };
  const granted = new GrantedClaims({
    ask,
    store: sessionStore(database, { holdsState: false }),
    giveBack: (userIds, holder) => giveBackGrants(database, userIds, holder),
    holder: newId(),
  });
  lifecycle.started('grants', () => granted.giveBackAll());
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
    claim: repeating(unanswered, terms, (userId, args) => granted.next(userId, args)),
    async giveUp(userId) {
      const claimId = unanswered.get(userId);
      const released = claimId === undefined ? null : await releaseUnanswered(database, userId, claimId);
      await granted.giveBack(userId);
      return released ?? (await firstQueued(database, userId));
    },
    askHolder(userId) {
      hints.heldUsers.announce(userId);
      setTimeout(() => start(userId), ASK_AGAIN_MS).unref();
    },
    runWith(startHere) {
      start = startHere;
    },
  };
}
