// UserSession: the actor of one user. Its methods are the table METHODS below.
//
// What it serialises: the method calls of one user run one at a time, in the order they arrive. `claim` gives a worker
// the user's next turn: the first one that is queued, or that is running with an expired lease. The worker answers the
// turn. No method calls a model, and every method is short and safe to repeat.
//
// What state it holds: two JSON objects in actor state. `memory` is the profile, the rolling summary and their version.
// `history` is the origin of the summary and the earlier ones. Only this actor writes them. A lost summary is renewed
// from the rows; a lost profile is not. Turns, replies and reviews are rows and never actor state.
//
// What it grants: with the Dapr runtime, a claim also grants the user to the worker for a short time. The worker then
// claims the next turns by itself (granted-claims.ts), until the grant ends, the memory changes, or it gives the user back.
// The row of the grant (store/grants.ts) refuses a second worker, also after the actor has moved.
//
// What it does not guarantee: that one worker at a time works on a turn. Dapr may activate an actor twice, repeat a
// call, or release its lock early, and a worker may be frozen for longer than its lease. So two workers may work on a
// turn, but only one of them commits: a claim is one conditional update that increases the turn's epoch, an index allows
// one running turn for each user, and every commit requires the epoch of its claim (store/claims.ts,
// store/commit-turn.ts).
import { z } from 'zod';
import type { ClaimTerms } from '../store/claims.ts';
import type { GrantRequest } from '../store/grants.ts';
import { MEMORY_LIMITS } from '../domain/limits.ts';
import {
  forgetMemory,
  NO_HISTORY,
  patchMemory,
  renewSummary,
  unknownUser,
  type ActorState,
  type MemoryHistory,
  type MemoryPatch,
  type MemoryRecord,
  type NewSummary,
  type UserMemory,
} from '../domain/memory.ts';
import type { HistoryMessage } from '../domain/conversation.ts';
import type { ClientCall } from '../domain/tools/client-tools.ts';
import type { Metadata } from '../domain/turn.ts';

export const ACTOR_TYPE = 'UserSession';

/** What a worker needs for one turn. Crosses the actor boundary as JSON. */
export interface Work {
  readonly turnId: string;
  readonly epoch: number;
  /** The delivered turn that this one continues; null: none. */
  readonly follows: string | null;
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
  readonly text: string;
  readonly metadata: Metadata;
  readonly tags: readonly string[];
  readonly attempts: number;
  /** The assistant that answers; null: the request named none, in a version without assistants. Missing: from such a version. */
  readonly assistant?: string | null | undefined;
  /** The client asks for more than text, which the worker reads. Missing: from an older version. */
  readonly hasClientRequest?: boolean | undefined;
  /** The calls that the turn asks its client for when those of its tools have been made. Missing: none. */
  readonly clientCalls?: readonly ClientCall[] | undefined;
  /** What the client sent as instructions for an assistant that takes them; null: none. Missing: from an older version. */
  readonly clientInstructions?: string | null | undefined;
  /** How many pictures the message has, which the worker reads; null: none. Missing: from an older version, so the worker looks. */
  readonly pictures?: number | null | undefined;
  /** How many entries the journal of the turn has, which the worker reads; null or missing: none. */
  readonly journal?: number | null | undefined;
  /** The claim of another worker lapsed, and this one took the turn over. */
  readonly takenOver: boolean;
  /** How often that happened to this turn. */
  readonly takeovers: number;
  /** Times in milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startedAt: number;
  /** When the time for retries of its model calls began. Missing: from an older version. */
  readonly retryFrom?: number | undefined;
  /** The turn's W3C traceparent; null: the turn is not traced. */
  readonly traceparent: string | null;
  /** Seconds from its acceptance to this claim. */
  readonly queuedS: number;
  /** Messages the user has sent so far. */
  readonly messageCount: number;
  /** The last messages that the turn continues, oldest first; null: too long to cross the actor boundary, so the worker reads
   *  them. */
  readonly history: readonly HistoryMessage[] | null;
  readonly memory: MemoryRecord;
}

export type ClaimReply =
  /** `grantVersion`: of the grant that the worker has got; null: none. */
  | { readonly outcome: 'claimed'; readonly work: Work; readonly grantVersion: number | null }
  /** `held`: another worker has the grant, or the worker's own one has ended. */
  | { readonly outcome: 'busy' | 'nothing' | 'held' };

type TurnToClaim = Omit<Work, 'memory'>;

export interface ClaimArgs extends ClaimTerms {
  /** Seconds until the claim lapses, unless it is renewed. */
  readonly leaseS: number;
  /** Exchanges of the history. */
  readonly exchanges: number;
}

/** The queries of the actor, and of a worker that holds a user. */
export interface SessionStore {
  /** The actor state is in the same database, so a claim returns it. */
  readonly holdsState: boolean;
  /** Claims the user's next turn with one conditional update. With `grant`, the actor grants the user to the holder
   *  (`version` null), or the holder claims with the grant it has. `memory`: the stored memory, if the store holds it. */
  claimNext(
    userId: string,
    args: ClaimArgs,
    grant: GrantRequest | undefined,
  ): Promise<
    | { outcome: 'claimed'; work: TurnToClaim; memory: unknown; grantVersion: number | null }
    | { outcome: 'busy' | 'nothing' | 'held' }
  >;
  /** The highest `seq` assigned to a turn of the user. */
  lastSeq(userId: string): Promise<number>;
  /** Whether rows of all these turns exist. An erased turn has none. */
  turnsExist(turnIds: readonly string[]): Promise<boolean>;
  /** Ends the grant of the user, because its memory changed. */
  revokeGrant(userId: string): Promise<void>;
}

export interface SessionContext {
  readonly userId: string;
  readonly store: SessionStore;
  readonly state: ActorState;
  now(): Date;
}

/** Keys of the actor state. */
export const MEMORY = 'memory';
const HISTORY = 'history';

async function readMemory({ state, userId }: SessionContext): Promise<MemoryRecord> {
  return ((await state.get(userId, MEMORY)) as MemoryRecord | null) ?? unknownUser(userId);
}

async function readHistory({ state, userId }: SessionContext): Promise<MemoryHistory> {
  return ((await state.get(userId, HISTORY)) as MemoryHistory | null) ?? NO_HISTORY;
}

async function readAll(context: SessionContext): Promise<UserMemory> {
  const [memory, history] = await Promise.all([readMemory(context), readHistory(context)]);
  return { memory, history };
}

/** Ends the grant first: if the write fails, a worker asks again for nothing. Its call waits until this one has ended. */
async function write({ state, store, userId }: SessionContext, next: UserMemory): Promise<MemoryRecord> {
  await store.revokeGrant(userId);
  await state.set(userId, { [MEMORY]: next.memory, [HISTORY]: next.history });
  return next.memory;
}

const nothing = z.strictObject({});
/** A character may be two UTF-16 units. */
const shortText = z.string().max(2 * MEMORY_LIMITS.summaryCharacters);

interface Method<A, R> {
  readonly args: z.ZodType<A>;
  run(context: SessionContext, args: A): Promise<R>;
}
const method = <A, R>(args: z.ZodType<A>, run: (context: SessionContext, args: A) => Promise<R>): Method<A, R> => ({
  args,
  run,
});

export const METHODS = {
  /** Claims the user's next turn. Returns the turn, its history and the user's memory, and with `holder` grants the user
   *  to that worker. Memory that the claim does not return is read before it: a claim whose reply fails would block the
   *  user until it lapses. */
  claim: method<ClaimArgs & { readonly holder?: string | undefined }, ClaimReply>(
    z.strictObject({
      leaseS: z.number().positive(),
      exchanges: z.int().min(0),
      claimId: z.uuid().optional(),
      lapsedBefore: z.number().optional(),
      holder: z.uuid().optional(),
    }),
    async (context, { holder, ...args }) => {
      const { store, userId } = context;
      const before = store.holdsState ? null : await readMemory(context);
      const claim = await store.claimNext(userId, args, holder === undefined ? undefined : { holder, version: null });
      if (claim.outcome !== 'claimed') return claim;
      const { work, grantVersion } = claim;
      const memory = before ?? (claim.memory as MemoryRecord | null) ?? unknownUser(userId);
      return { outcome: 'claimed', work: { ...work, memory }, grantVersion };
    },
  ),

  memory: method(nothing, readMemory),

  history: method(nothing, readHistory),

  patch: method<MemoryPatch, MemoryRecord>(
    z.strictObject({
      name: shortText.optional(),
      preferredStyle: shortText.optional(),
      favouriteTopics: z.array(shortText).max(MEMORY_LIMITS.topics).optional(),
      summary: shortText.optional(),
    }) as z.ZodType<MemoryPatch>,
    async (context, patch) => write(context, patchMemory(await readAll(context), patch, context.now())),
  ),

  /** Stores a newer summary. Changes nothing if the stored one already covers its turns, or if one of its turns was
   *  erased. An erasure deletes the turns first and then calls `erase`. If a summary of these turns was stored
   *  before `erase` runs, `erase` removes it. */
  renewSummary: method<NewSummary, MemoryRecord>(
    z.strictObject({
      summary: shortText,
      throughSeq: z.number().int().positive(),
      turnIds: z.array(z.string()).max(200),
    }),
    async (context, summary) => {
      const [before, turnsExist] = await Promise.all([readAll(context), context.store.turnsExist(summary.turnIds)]);
      const next = turnsExist ? renewSummary(before, summary, context.now()) : null;
      return next ? write(context, next) : before.memory;
    },
  ),

  forget: method(nothing, async (context): Promise<MemoryRecord> => {
    const [before, lastSeq] = await Promise.all([readAll(context), context.store.lastSeq(context.userId)]);
    return write(context, forgetMemory(context.userId, before, lastSeq));
  }),

  /** Removes the actor state of the user. */
  erase: method(nothing, async ({ state, store, userId }): Promise<'erased'> => {
    await store.revokeGrant(userId);
    await state.remove(userId, [MEMORY, HISTORY]);
    return 'erased';
  }),

  /** Used by probes to check that actors answer. */
  ping: method(nothing, async (): Promise<'pong'> => 'pong'),
} as const;

export type MethodName = keyof typeof METHODS;

/** The methods that write nothing. */
export const READS: ReadonlySet<MethodName> = new Set(['memory', 'history', 'ping']);

export type MethodArgs<M extends MethodName> = (typeof METHODS)[M] extends Method<infer A, unknown> ? A : never;
export type MethodReply<M extends MethodName> = Awaited<ReturnType<(typeof METHODS)[M]['run']>>;

export const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name);
